//! Property strings that a real PVE 9.2 parsed and printed, parsed and printed again.
//!
//! The vectors are no part of this repository. `TALOS_STACK_PVE_PROPERTY_STRINGS` names the file
//! (JSON lines, gzip); without it the test says that it was skipped.

use std::io::Read;

use serde_json::Value;

use super::property_string::{self, Keys};
use super::{Drive, Nic, normal_tags};
use crate::proxmox::schema::{check_value, schema, split_index};

/// Keys of a drive that PVE was recorded to rewrite or add beside the string's own.
const PLACE: [&str; 2] = ["index", "interface"];

#[test]
fn strings_are_taken_as_recorded() {
    let Ok(path) = std::env::var("TALOS_STACK_PVE_PROPERTY_STRINGS") else {
        println!("skipped: 1 (TALOS_STACK_PVE_PROPERTY_STRINGS names no vectors)");
        return;
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let vectors: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut wrong = Vec::new();
    for vector in &vectors {
        let (key, value) = (text_of(&vector["key"]), text_of(&vector["value"]));
        wrong.extend(
            problems(vector, &key, &value).map(|problem| format!("{key} {value:?}: {problem}")),
        );
    }
    println!(
        "{} of {} vectors equal",
        vectors.len() - wrong.len(),
        vectors.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn problems(vector: &Value, key: &str, value: &str) -> Option<String> {
    let property = schema().option(key)?;
    let own = check_value(property, key, value);
    let theirs = vector["schema_errors"][key].as_str().map(str::to_owned);
    if own.clone().err() != theirs {
        return Some(format!("checked as {own:?}, not {theirs:?}"));
    }
    own.ok()?;
    let drive = &vector["parse_drive"];
    if drive.is_object() {
        return drive_problem(vector, key, value);
    }
    if let Some(canonical) = vector["canonical"].as_str() {
        let tags = normal_tags(value);
        return (tags != canonical).then(|| format!("tags {tags:?}, not {canonical:?}"));
    }
    let parsed = vector["parsed"].as_object()?;
    let format = property.format.clone()?;
    let keys = property_string::parse(&format, value).ok()?;
    if keys != strings(parsed) {
        return Some(format!("parsed as {keys:?}, not {parsed:?}"));
    }
    let printed = property_string::print(&format, &keys);
    let theirs = vector["printed"].as_str()?;
    if printed != theirs {
        return Some(format!("printed as {printed:?}, not {theirs:?}"));
    }
    let card = vector["print_net"].as_str()?;
    let mut nic = Nic::parse(value)?;
    let mac = text_of(&vector["parse_net"]["macaddr"]);
    nic.keys.insert("macaddr".into(), mac);
    (nic.print() != card).then(|| format!("card {:?}, not {card:?}", nic.print()))
}

fn strings(map: &serde_json::Map<String, Value>) -> Keys {
    map.iter()
        .map(|(key, value)| (key.clone(), text_of(value)))
        .collect()
}

fn drive_problem(vector: &Value, key: &str, value: &str) -> Option<String> {
    let Some(drive) = Drive::parse(key, value) else {
        return Some("no drive".to_owned());
    };
    let mut theirs = strings(vector["parse_drive"].as_object()?);
    theirs.retain(|name, _| {
        !PLACE.contains(&name.as_str()) && name != "size" && !name.starts_with("mbps")
    });
    let mut own = drive.keys.clone();
    own.insert("file".into(), drive.file.clone());
    own.retain(|name, _| name != "size" && !name.starts_with("bps") && !name.starts_with("mbps"));
    if own != theirs {
        return Some(format!("drive {own:?}, not {theirs:?}"));
    }
    let printed = vector["print_drive"].as_str()?;
    let placed = split_index(key).is_some();
    (placed && drive.print() != printed)
        .then(|| format!("printed {:?}, not {printed:?}", drive.print()))
}
