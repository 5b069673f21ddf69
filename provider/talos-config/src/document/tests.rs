use super::*;
use crate::merge::Patch;
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
        "document v1alpha1: machine.network.interfaces[0]: unknown key 'interfce'; did you mean interface? (line 5)"
    );
}

#[test]
fn another_form_is_told_and_its_value_is_not() {
    for (text, wanted) in [
        ("machine: hidden", "expected a mapping, found a text"),
        ("machine: [hidden]", "expected a mapping, found a list"),
        ("machine: 4711", "expected a mapping, found a number"),
        (
            "machine: &a 47.11",
            "expected a mapping, found a decimal number",
        ),
        (
            "machine: {sysctls: yes}",
            "expected a mapping, found a text",
        ),
        (
            "machine: {certSANs: true}",
            "expected a list, found true or false",
        ),
        (
            "machine: {certSANs: {hidden: 1}}",
            "expected a list, found a mapping",
        ),
        (
            "machine: {token: [hidden]}",
            "expected a single value, found a list",
        ),
        (
            "machine: {install: {wipe: hidden}}",
            "expected true or false, found a text",
        ),
        (
            "machine: {network: {interfaces: [{mtu: hidden}]}}",
            "expected an integer, found a text",
        ),
        ("- hidden", "a document must be a mapping, found a list"),
        ("hidden", "a document must be a mapping, found a text"),
    ] {
        let told = load(text).err().unwrap().to_string();
        assert!(told.contains(wanted), "{text}: {told}");
        assert!(!told.contains("hidden") && !told.contains("47"), "{told}");
    }
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

/// Every way by which a text may refer to itself again and again ends soon.
#[test]
fn growing_merge_keys_are_refused_wherever_they_are() {
    let mut anchors = String::from("a0: &a0 {x: \"1\"}");
    for level in 1..60 {
        let before = format!("*a{}", level - 1);
        anchors += &format!(", a{level}: &a{level} {{<<: [{before}, {before}]}}");
    }
    for text in [
        format!("machine: {{kubelet: {{extraConfig: {{{anchors}}}}}}}"),
        format!("machine: {{kubelet: {{extraConfig: {{{anchors}, <<: [*a59, *a59]}}}}}}"),
        format!("machine: {{kubelet: {{extraConfig: {{<<: {{{anchors}}}}}}}}}"),
    ] {
        let message = load(&text).err().unwrap().message;
        assert_eq!(message, "aliases expand to too much");
        let message = Patch::load(&text, Line::V1_14).err().unwrap().message;
        assert_eq!(message, "aliases expand to too much");
    }
    let operation = format!("- {{op: add, path: /machine/x, value: {{{anchors}}}}}");
    let message = Patch::load(&operation, Line::V1_12).err().unwrap().message;
    assert_eq!(message, "aliases expand to too much");
}

#[test]
fn merge_keys_in_mappings_of_a_type_are_followed() {
    let text = "machine:\n  sysctls: &s {a: \"1\", b: \"2\"}\n  env: {<<: *s, a: \"3\"}\n";
    let config = load(text).unwrap();
    assert!(
        config
            .emit()
            .contains("    env:\n        a: \"3\"\n        b: \"2\"\n")
    );
}

#[test]
fn dates_in_free_form_are_refused_where_they_are() {
    let text = "machine:\n  kubelet:\n    extraConfig:\n      a:\n        - b: 2024-01-01\n";
    let error = load(text).err().unwrap();
    let found = (error.path.as_str(), error.line);
    assert_eq!(found, ("machine.kubelet.extraConfig.a[0].b", 5));
}

#[test]
fn nothing_is_dropped_with_a_null_key() {
    for value in ["{a: 1}", "[a]", "{}"] {
        let error = load(&format!("machine:\n  sysctls: {{a: b, ~: {value}}}"));
        let error = error.err().unwrap().to_string();
        assert!(error.contains("a key cannot be null here"), "{error}");
        assert!(error.contains("machine.sysctls"), "{error}");
    }
    assert!(load("machine: {sysctls: {a: b, ~: c}}").is_ok());
}

#[test]
fn aliases_do_not_repeat_long_texts_without_end() {
    let long = "x".repeat(1 << 20);
    let with = |times: usize, key: &str| {
        let items = match key {
            "pods" => "{a: *a}, ",
            _ => "*a, ",
        };
        format!(
            "machine: {{token: &a {long}, {key}: [{}]}}",
            items.repeat(times)
        )
    };
    for key in ["certSANs", "pods"] {
        let error = load(&with(100_000, key)).err().unwrap();
        assert_eq!(error.message, "aliases expand to too much");
        assert!(error.to_string().contains(key));
    }
    assert!(load(&with(3, "certSANs")).is_ok());
}
