//! Bad input: accepted or refused as the official machinery does, and every refusal says in which
//! document, at which path and in which line.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs)]

#[path = "bad_input/authorities.rs"]
mod authorities;
#[path = "bad_input/bundles.rs"]
mod bundles;
#[path = "bad_input/cases.rs"]
mod cases;
#[path = "oracle/mod.rs"]
mod oracle;
mod support;

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use cases::{Case, Official, Place};
use oracle::{Answer, machinery};
use talos_config::document::{self, Config, LoadError};
use talos_config::merge::{Layer, Patch, PatchError};
use talos_config::tables::Line;

/// Longer than anything here should take, by far.
const HANG: Duration = Duration::from_secs(20);
/// As long as an error may be, whatever it is about.
const LONGEST: usize = 400;

/// What patches are tried on: one document, so that JSON patches are possible.
const BASE: &str = "version: v1alpha1
machine:
    type: worker
    certSANs: [a]
    sysctls: {a: \"1\"}
    kubelet: {extraConfig: {a: {b: 1}, list: [1]}}
    network: {interfaces: [{interface: eth0}, {interface: eth1}]}
cluster: {controlPlane: {endpoint: \"https://a:6443\"}}
";

fn load(bytes: &[u8], line: Line) -> Result<Config, LoadError> {
    Config::load(document::text(bytes)?, line)
}

fn patched(case: &Case, line: Line) -> Result<(), PatchError> {
    let mut config = Config::load(case.base.unwrap_or(BASE), line).unwrap();
    let patches = Patch::load_all(&patches(case), line)?;
    config.apply_patches(&patches)
}

/// The bad one is the second.
fn patches(case: &Case) -> [String; 2] {
    let text = String::from_utf8(case.text.clone()).unwrap();
    ["machine: {}\n".to_owned(), text]
}

/// What went wrong, if something did.
fn refusal(case: &Case, line: Line) -> Option<LoadError> {
    let begun = Instant::now();
    let error = if case.is_patch {
        let error = patched(case, line).err();
        error.map(|error| {
            assert_eq!(error.patch, 1, "{}: {error}", case.name);
            assert!(
                error.to_string().starts_with("patch 2: document "),
                "{error}"
            );
            error.error
        })
    } else {
        load(&case.text, line).err()
    };
    let took = begun.elapsed();
    assert!(took < HANG, "{} took {took:?}", case.name);
    error
}

#[test]
fn every_refusal_has_its_place() {
    let cases = cases::all();
    let refused = cases.iter().filter(|case| case.ours.is_some()).count();
    assert!(refused > 60, "{refused}");
    let mut wrong = Vec::new();
    for case in &cases {
        let found = refusal(case, Line::V1_12);
        let text = found.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(text.len() < LONGEST, "{}: {text}", case.name);
        let found = found.map(|error| Place {
            document: error.document,
            path: error.path,
            line: error.line,
            suggestion: error.suggestion.unwrap_or_default(),
        });
        if found != case.ours {
            wrong.push(format!(
                "{}: expected {:?}\n    got {found:?}\n    {text}",
                case.name, case.ours
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// On no line is there a refusal without document and line, nor one that takes long.
#[test]
fn on_every_line_refusals_have_a_document_and_a_line() {
    for line in Line::ALL {
        for case in cases::all() {
            let Some(error) = refusal(&case, line) else {
                continue;
            };
            let place = !error.document.is_empty() && error.line > 0;
            assert!(place, "{line}: {}: {error}", case.name);
        }
    }
}

#[test]
fn the_official_machinery_decides_the_same() {
    let cases = cases::all();
    let mut wrong = Vec::new();
    for line in oracle::lines() {
        let Some(program) = machinery::find("bad input", line) else {
            continue;
        };
        let questions: Vec<Answer> = cases.iter().map(question).collect();
        let answers = machinery::ask(&program, &questions);
        assert_eq!(answers.len(), cases.len());
        for (case, answer) in cases.iter().zip(answers) {
            // An empty document is what Talos writes where it should refuse.
            let corrupted = answer.output.split("---\n").any(|text| text == "{}\n");
            let theirs = answer.error.is_empty() && !corrupted;
            let ours = refusal(case, line);
            let as_expected = match case.official {
                Official::Same => theirs == ours.is_none(),
                // A deviation that docs/talos-differences.md names.
                Official::AcceptsFrom(minor) if line.minor() < minor => !theirs && ours.is_some(),
                Official::Accepts | Official::AcceptsFrom(_) => theirs && ours.is_some(),
                Official::RefusesFrom(minor) if line.minor() < minor => theirs && ours.is_none(),
                Official::Refuses | Official::RefusesFrom(_) => !theirs && ours.is_none(),
            };
            if !as_expected {
                wrong.push(format!(
                    "Talos {line}: {}: we say {ours:?}, official {:.200} {:.100}",
                    case.name, answer.error, answer.output
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn question(case: &Case) -> Answer {
    let question = Answer {
        name: case.name.to_owned(),
        op: "load".into(),
        ..Answer::default()
    };
    if case.is_patch {
        return Answer {
            op: "patch".into(),
            config: case.base.unwrap_or(BASE).to_owned(),
            patches: patches(case).into(),
            ..question
        };
    }
    Answer {
        data: STANDARD.encode(&case.text),
        ..question
    }
}

#[test]
fn a_layer_is_named_with_its_patch() {
    let texts = ["machine: {}\n", "machine:\n    sysctl: {}\n"];
    let error = Layer::load("node", &texts, Line::V1_13).err().unwrap();
    assert_eq!(
        error.to_string(),
        "layer 'node', patch 2: document v1alpha1: machine: unknown key 'sysctl'; did you mean sysctls? (line 2)"
    );
}

#[test]
fn bad_texts_that_are_long_are_told_in_short() {
    let name = "n".repeat(100_000);
    for text in [
        format!("machine: {{{name}: 1}}\n"),
        format!("apiVersion: v1alpha1\nkind: {name}\n"),
        format!("apiVersion: v1alpha1\nkind: LinkConfig\nname: {name}\nmtu: x\n"),
        format!("machine: {{sysctls: {{{name}: [1]}}}}\n"),
        format!("machine: *{name}\n"),
    ] {
        let error = Config::load(&text, Line::V1_12).err().unwrap().to_string();
        assert!(error.len() < LONGEST, "{} bytes", error.len());
    }
}
