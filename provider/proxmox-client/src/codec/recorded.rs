//! What the real parser and the real printers of Proxmox VE made of some hundred property strings.
//!
//! The recordings are not part of this repository: `TALOS_STACK_PVE_PROPERTY_STRINGS` names the file. Without it the test counts nothing and says so.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

use super::*;
use crate::answer::text;

const VARIABLE: &str = "TALOS_STACK_PVE_PROPERTY_STRINGS";

/// Strings that only the host can judge, because it alone knows its CPU types and their flags, and one that its parser reads wrongly.
fn is_for_the_host(key: &str, value: &str) -> bool {
    const CPUS: [&str; 5] = ["x86-64-v5", "bogus", "custom-x", "HOST", "host,flags=+foo"];
    (key == "cpu" && CPUS.contains(&value)) || value.contains("bps=1048576")
}

#[test]
fn the_codec_agrees_with_the_real_one() {
    let Some(path) = std::env::var_os(VARIABLE) else {
        crate::recorded::skip(VARIABLE);
        return;
    };
    let packed = std::fs::File::open(path).unwrap();
    let mut lines = String::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut lines)
        .unwrap();
    let (mut judged, mut wrong) = (0, Vec::new());
    for line in lines.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        match verdict(&vector) {
            None => continue,
            Some(Ok(())) => {}
            Some(Err(why)) => wrong.push(why),
        }
        judged += 1;
    }
    println!("judged {judged} property strings");
    assert!(judged > 180, "only {judged} were judged");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `None` for keys that we never send.
fn verdict(vector: &Value) -> Option<Result<(), String>> {
    let (key, value) = (vector["key"].as_str()?, vector["value"].as_str()?);
    if is_for_the_host(key, value) {
        return None;
    }
    if key == "tags" {
        let canonical = Tags::parse(value).print();
        let fine = vector["schema_ok"] != true || vector["canonical"] == canonical.as_str();
        return Some(if fine {
            Ok(())
        } else {
            Err(format!("tags {value}: {canonical}"))
        });
    }
    let format = format_of(key)?;
    // What is only sent is missing from the format in which it is kept.
    let sent_only = value.contains("import-from");
    let valid = vector["schema_ok"] == true;
    Some(match (format.parse(value), valid) {
        (Ok(_), true) if sent_only => Ok(()),
        (Ok(ours), true) => same(key, value, vector, format, &ours),
        (Err(_), false) => Ok(()),
        (Ok(ours), false) => Err(format!(
            "{key} {value:?} is refused, and read here as {ours:?}"
        )),
        (Err(error), true) => Err(format!("{key} {value:?} is accepted, and here: {error}")),
    })
}

fn same(
    key: &str,
    value: &str,
    vector: &Value,
    format: &Format,
    ours: &Properties,
) -> Result<(), String> {
    let members = ["parsed", "parse_drive", "parse_startup"];
    let theirs = members
        .iter()
        .filter_map(|name| vector.get(name)?.as_object())
        .next();
    if let Some(theirs) = theirs {
        let theirs: BTreeMap<&str, String> = theirs
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "index" | "interface"))
            .filter_map(|(name, value)| Some((name.as_str(), spelled(name, value)?)))
            .collect();
        let ours: BTreeMap<&str, String> = ours
            .iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        if theirs != ours {
            return Err(format!("{key} {value:?}: {theirs:?} there, {ours:?} here"));
        }
    }
    let printed = format.print(ours);
    let members = ["print_drive", "print_smbios1", "printed"];
    match members.iter().find_map(|name| vector.get(name)?.as_str()) {
        Some(theirs) if theirs != printed => {
            Err(format!("{key} {value:?}: {theirs} there, {printed} here"))
        }
        _ => Ok(()),
    }
}

/// Sizes are numbers of bytes there and texts here.
fn spelled(name: &str, value: &Value) -> Option<String> {
    let text = text(value)?;
    match name {
        "size" => Some(Size(text.parse().ok()?).to_string()),
        _ => Some(text),
    }
}
