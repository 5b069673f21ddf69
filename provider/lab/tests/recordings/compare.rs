//! What counts as equal: generated values aside.

use std::collections::BTreeSet;

use lab::proxmox::Answer;
use serde_json::Value;

use crate::record::Record;

/// Status, reason phrase, keys and texts of errors, and how the worker ended.
pub fn outcome(record: &Record, answer: &Answer, exit: Option<&str>) -> Vec<String> {
    let mut found = Vec::new();
    if record.status != answer.status {
        found.push(format!(
            "status {} {}, not {} {}",
            answer.status, answer.reason, record.status, record.reason
        ));
        return found;
    }
    differ(
        &mut found,
        "reason",
        &plain(&record.reason),
        &plain(&answer.reason),
    );
    let none = Value::Null;
    let own = answer.body.as_ref().unwrap_or(&none);
    differ(
        &mut found,
        "errors",
        &record.body["errors"].to_string(),
        &own["errors"].to_string(),
    );
    let theirs = record
        .task
        .as_ref()
        .and_then(|task| task.status["exitstatus"].as_str());
    let theirs = theirs.map(plain);
    let exit = exit.map(plain);
    if theirs != exit {
        found.push(format!("task {exit:?}, not {theirs:?}"));
    }
    found
}

fn differ(found: &mut Vec<String>, what: &str, theirs: &str, own: &str) {
    if theirs != own {
        found.push(format!("{what} {own:?}, not {theirs:?}"));
    }
}

/// Options whose values are made up.
const GENERATED: [&str; 5] = ["digest", "meta", "vmgenid", "smbios1", "cipassword"];

/// Configurations and pending rows, option by option.
pub fn body(record: &Record, answer: &Answer) -> Vec<String> {
    if record.status != 200 || answer.status != 200 || record.method != "GET" {
        return Vec::new();
    }
    let none = Value::Null;
    let own = answer.body.as_ref().map_or(&none, |body| &body["data"]);
    let theirs = &record.body["data"];
    let mut found = Vec::new();
    if record.path.ends_with("/config") {
        options(&mut found, theirs, own);
    } else if record.path.ends_with("/pending") {
        options(&mut found, &by_key(theirs), &by_key(own));
    } else if record.path.ends_with("/status/current") {
        let (theirs, own) = (names(theirs), names(own));
        if theirs != own {
            let more: Vec<_> = own.difference(&theirs).collect();
            let less: Vec<_> = theirs.difference(&own).collect();
            found.push(format!("keys too many {more:?}, missing {less:?}"));
        }
    }
    found
}

fn names(value: &Value) -> BTreeSet<&String> {
    value
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys())
        .collect()
}

fn by_key(rows: &Value) -> Value {
    let rows = rows.as_array().into_iter().flatten();
    let pairs = rows.map(|row| {
        let mut rest = row.clone();
        rest.as_object_mut().unwrap().remove("key");
        (row["key"].as_str().unwrap().to_owned(), rest)
    });
    Value::Object(pairs.collect())
}

fn options(found: &mut Vec<String>, theirs: &Value, own: &Value) {
    let all: BTreeSet<&String> = names(theirs).into_iter().chain(names(own)).collect();
    for name in all {
        let show = |value: &Value| match GENERATED.contains(&name.as_str()) {
            true => (!value.is_null()).to_string(),
            false => plain(&value.to_string()),
        };
        let (theirs, own) = (show(&theirs[name]), show(&own[name]));
        if theirs != own {
            found.push(format!("body {name} {own}, not {theirs}"));
        }
    }
}

/// A text without what is made up: addresses, names of temporary files.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("BC:24:11:").or_else(|| rest.find("pveupload-")) {
        let (head, tail) = rest.split_at(at);
        plain.push_str(head);
        plain.push('#');
        let made_up = tail.find([',', '\'', '"', ' ']).unwrap_or(tail.len());
        rest = &tail[made_up..];
    }
    plain.push_str(rest);
    plain
}
