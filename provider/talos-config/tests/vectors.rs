//! What the official machinery answered to each question is what we answer. The vectors are
//! written by `acceptance-tests/oracle`; see its README for how to make them again.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use oracle::Answer;
use talos_config::tables::Line;

fn answers(op: &str, line: Line) -> Vec<Answer> {
    let all: Vec<Answer> = oracle::vectors(line)
        .into_iter()
        .filter(|answer| answer.op == op)
        .collect();
    assert!(!all.is_empty(), "no vectors for {op} of {line}");
    all
}

/// Compares every vector of an operation in all lines and shows the first differences.
fn check(op: &str) {
    for line in oracle::lines() {
        check_line(op, line);
    }
}

fn check_line(op: &str, line: Line) {
    let answers = answers(op, line);
    let differences: Vec<String> = answers
        .iter()
        .filter_map(|answer| oracle::difference(answer, line))
        .collect();
    let shown = differences
        .iter()
        .take(12)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        differences.is_empty(),
        "Talos {line}: {} of {} differ:\n{shown}",
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
fn secrets_of_a_control_plane_equal_official_machinery() {
    check("adopt");
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

#[test]
fn every_line_has_vectors_of_each_kind_of_document() {
    for line in oracle::lines() {
        let answers = oracle::vectors(line);
        assert!(answers.len() >= 400, "{line}: {}", answers.len());
        let accepted: Vec<Answer> = answers
            .into_iter()
            .filter(|answer| answer.op == "load" && answer.error.is_empty())
            .collect();
        for kind in line.kinds().skip(1) {
            let mark = format!("kind: {kind}\n");
            let known = accepted.iter().any(|answer| answer.output.contains(&mark));
            assert!(known, "Talos {line}: no vector has a {kind}");
        }
    }
}
