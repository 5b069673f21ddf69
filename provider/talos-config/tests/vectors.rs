//! What the official machinery answered to each question is what we answer. The vectors are
//! written by `acceptance-tests/oracle`; see its README for how to make them again.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use oracle::Answer;

fn answers(op: &str) -> Vec<Answer> {
    let all: Vec<Answer> = oracle::vectors()
        .into_iter()
        .filter(|answer| answer.op == op)
        .collect();
    assert!(!all.is_empty(), "no vectors for {op}");
    all
}

/// Compares every vector of an operation and shows the first differences.
fn check(op: &str) {
    let answers = answers(op);
    let differences: Vec<String> = answers.iter().filter_map(oracle::difference).collect();
    let shown = differences
        .iter()
        .take(12)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n{shown}",
        differences.len(),
        answers.len()
    );
}

#[test]
fn generation_equals_official_machinery() {
    check("generate");
}

#[test]
fn bundles_equal_official_machinery() {
    check("bundle");
}

#[test]
fn loading_equals_official_machinery() {
    check("load");
}

#[test]
fn patching_equals_official_machinery() {
    check("patch");
}

#[test]
fn validation_equals_official_machinery() {
    check("validate");
}
