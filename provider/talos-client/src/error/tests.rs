use std::collections::BTreeSet;

use super::{CATALOGUE, Code, Error, Sent, plain, without_values};

#[test]
fn catalogue_has_one_complete_entry_per_code() {
    let mut seen = BTreeSet::new();
    for (index, entry) in CATALOGUE.iter().enumerate() {
        assert_eq!(entry.code as usize, index, "{} is out of order", entry.text);
        assert!(seen.insert(entry.text), "{} is there twice", entry.text);
        assert!(entry.text.starts_with("TS-"), "{}", entry.text);
        assert!(
            entry
                .text
                .chars()
                .all(|c| c.is_ascii_uppercase() || c == '-'),
            "{}",
            entry.text
        );
        for text in [entry.meaning, entry.cause, entry.cure] {
            assert!(!text.is_empty(), "{}", entry.text);
            assert_eq!(
                plain(text),
                text,
                "{} uses a text that wrappers retry on",
                entry.text
            );
        }
    }
}

#[test]
fn foreign_texts_lose_what_wrappers_retry_on() {
    let text = plain("rpc error: dial tcp 10.0.0.1:50000: i/o timeout; context deadline exceeded");
    assert_eq!(
        text,
        "rpc error: dialling 10.0.0.1:50000: no answer in time; time ran out"
    );
}

#[test]
fn display_names_everything() {
    let error = Error::new(
        Code::NodeUnreachable,
        "reading the version of 10.0.0.1:50000",
        "connection refused",
    )
    .sent(Sent::Maybe);
    let text = error.to_string();
    for part in [
        "TS-NODE-UNREACHABLE",
        "10.0.0.1:50000",
        "connection refused",
        "Cause: ",
        "Cure: ",
        "may have been carried out",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[test]
fn refused_configurations_are_not_quoted() {
    let unknown = "failed to parse config: error decoding document /v1alpha1/ (line 1): unknown keys found during decoding:\n\
                   machine:\n    tokn: planted-secret\n    list:\n        - planted-secret\n";
    let said = without_values(unknown);
    assert!(
        said.contains("tokn") && said.contains("machine:") && said.contains("line 1"),
        "{said}"
    );
    for text in [
        unknown,
        "this config change can't be applied in immediate mode\ndiff: -token: planted-secret",
        "yaml: unmarshal errors: cannot unmarshal !!str `planted-secret` into int",
    ] {
        assert!(!without_values(text).contains("planted-secret"), "{text}");
    }
}
