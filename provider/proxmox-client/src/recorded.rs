//! Some thousand exchanges with the real Proxmox VE 9.2, read by this client.
//!
//! The recordings are not part of this repository: `TALOS_STACK_PVE_RECORDINGS` names the file. Without it the test is counted as skipped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};

use serde_json::Value;

use crate::answer::Answer;
use crate::error::Code;
use crate::error::classify::of_task;

const VARIABLE: &str = "TALOS_STACK_PVE_RECORDINGS";

/// Tells, and has counted, that a test lacks what `variable` names.
pub(crate) fn skip(variable: &str) {
    println!("skipped: {variable} is not set");
    let list = std::env::var_os("TALOS_STACK_SKIPS");
    if let Some(mut list) =
        list.and_then(|path| File::options().create(true).append(true).open(path).ok())
    {
        writeln!(list, "{variable} is not set").unwrap();
    }
}

fn recordings() -> Option<Vec<Value>> {
    let packed = std::fs::File::open(std::env::var_os(VARIABLE)?).unwrap();
    let mut lines = String::new();
    let mut reader = flate2::read::GzDecoder::new(packed);
    reader.read_to_string(&mut lines).unwrap();
    Some(
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

#[test]
fn every_answer_is_read_and_nearly_every_failure_has_a_code_of_its_own() {
    let Some(recordings) = recordings() else {
        skip(VARIABLE);
        return;
    };
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for recording in &recordings {
        let id = &recording["id"];
        let (status, reason) = (
            recording["status"].as_u64().unwrap() as u16,
            recording["reason"].as_str().unwrap(),
        );
        let answer = |body: String| Answer {
            status,
            reason: reason.to_owned(),
            body,
        };
        match answer(recording["body"].to_string()).data("x") {
            Ok(_) => assert!(status < 300, "{id}"),
            Err(error) => {
                assert!(status >= 400, "{id}: {error}");
                *codes.entry(error.code.as_str()).or_default() += 1;
                if recording["body"].get("errors").is_none() {
                    // Versions before 8.4 say the same in the reason phrase alone.
                    let old = answer(r#"{"data":null}"#.to_owned()).data("x").unwrap_err();
                    assert_eq!(old.code, error.code, "{id}");
                }
            }
        }
        let exit = recording["task"]["status"]["exitstatus"]
            .as_str()
            .unwrap_or("OK");
        if exit != "OK" && !exit.starts_with("WARNINGS") {
            let log = recording["task"]["log"].as_array().into_iter().flatten();
            let log: Vec<String> = log.filter_map(Value::as_str).map(str::to_owned).collect();
            *codes.entry(of_task(exit, &log).as_str()).or_default() += 1;
        }
    }
    println!(
        "{} exchanges, failures by code: {codes:?}",
        recordings.len()
    );
    let all: usize = codes.values().sum();
    let vague =
        [Code::Failed, Code::TaskFailed].map(|code| codes.get(code.as_str()).copied().unwrap_or(0));
    assert!(
        all > 200 && vague.iter().sum::<usize>() * 4 < all,
        "{codes:?}"
    );
}
