use super::*;
use crate::tables::Line;

fn load(text: &str) -> Result<Config, LoadError> {
    Config::load(text, Line::V1_12)
}

#[test]
fn unknown_keys_name_document_path_and_line() {
    let error =
        load("machine:\n  type: worker\n  network:\n    interfaces:\n      - interfce: eth0\n")
            .err()
            .unwrap();
    assert_eq!(
        error.to_string(),
        "document v1alpha1: machine.network.interfaces[0]: unknown key 'interfce' (line 5); did you mean interface?"
    );
}

#[test]
fn unknown_kinds_are_suggested() {
    let error = load("apiVersion: v1alpha1\nkind: HostNameConfig\n")
        .err()
        .unwrap();
    assert_eq!(error.suggestion.as_deref(), Some("HostnameConfig"));
}

#[test]
fn what_is_empty_is_left_out_and_what_is_always_written_is_filled_in() {
    let config = load("machine:\n  install: {}\n  registries: {}\n  sysctls: {}\n").unwrap();
    let text = "version: \"\"\nmachine:\n    type: \"\"\n    token: \"\"\n    certSANs: []\n    install:\n        wipe: null\ncluster: null\n";
    assert_eq!(config.emit(), text);
}

#[test]
fn paths_lead_in_and_out() {
    let mut config = load("machine:\n  sysctls:\n    net.a: \"1\"\n").unwrap();
    let path = Step::parse_path("machine.sysctls[\"net.a\"]").unwrap();
    assert_eq!(config.get(MAIN, &path).and_then(|v| v.as_str()), Some("1"));
    let other = Step::parse_path("machine.files[0].path").unwrap();
    config.set(MAIN, &other, "/x".into()).unwrap();
    config.unset(MAIN, &path).unwrap();
    config.normalize().unwrap();
    assert!(config.emit().contains(
        "files:\n        - content: \"\"\n          permissions: 0o0\n          path: /x\n"
    ));
    assert!(!config.emit().contains("sysctls"));
}

#[test]
fn link_documents_of_one_name_clash() {
    let two = "apiVersion: v1alpha1\nkind: LinkConfig\nname: a\n---\napiVersion: v1alpha1\nkind: BondConfig\nname: a\n";
    let error = load(two).err().unwrap();
    assert_eq!(
        error.to_string(),
        "document BondConfig/a: name: document LinkConfig/a has the same name (line 5)"
    );
}
