use super::{CATALOGUE, Code, Error, Sent, without_values};

#[test]
fn each_code_has_one_text_and_words_that_no_wrapper_retries_on() {
    let faults = client_core::faults(
        CATALOGUE,
        &["TS-CLIENT-", "TS-NODE-", "TS-CONFIG-", "TS-ETCD-"],
    );
    assert!(faults.is_empty(), "{faults:?}");
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
