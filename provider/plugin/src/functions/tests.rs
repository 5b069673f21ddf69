use framework::cty::{Type, Value, implied_type};
use framework::prelude::*;
use serde_json::json;

use super::installer_image::InstallerImage;
use super::machine_config_diff::MachineConfigDiff;
use super::machine_config_merge::MachineConfigMerge;
use super::machine_config_redact::MachineConfigRedact;
use super::machine_config_validate::MachineConfigValidate;
use super::schematic_id::SchematicId;
use super::secrets_yaml::SecretsYaml;
use super::talosconfig::Talosconfig;
use crate::shared::config_text::pack;
use crate::shared::placeholder::PLACEHOLDER_MARK;

const CONFIG: &str = "version: v1alpha1\nmachine:\n    type: worker\n    token: abcdef.0123456789abcdef\n    \
    certSANs: []\n    sysctls:\n        net.core.somaxconn: \"65535\"\ncluster:\n    controlPlane:\n        endpoint: https://10.0.0.10:6443\n";
const VERSION: &str = "v1.12.6";

fn call<F: Function>(arguments: &[Value]) -> Result<F::Return, FunctionError> {
    let arguments = F::Args::decode(arguments)
        .map_err(|(position, lift)| FunctionError::argument(position, format!("{lift:?}")))?;
    F::call(arguments)
}

fn text(value: &str) -> Value {
    Value::string(value)
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| text(item)).collect())
}

fn any(json: serde_json::Value) -> Value {
    let (ty, value): (Type, Value) = implied_type(&json);
    Value::Typed(Box::new((ty, value)))
}

fn failure<T>(result: Result<T, FunctionError>) -> FunctionError {
    result.err().unwrap()
}

#[test]
fn merge_applies_patches_in_order() {
    let patches = list(&[
        "machine: {sysctls: {a.b: \"1\"}}",
        "machine: {sysctls: {a.b: \"2\"}}",
    ]);
    let merged = call::<MachineConfigMerge>(&[text(CONFIG), patches, text(VERSION)]).unwrap();
    assert!(
        merged.contains("        a.b: \"2\"\n        net.core.somaxconn: \"65535\"\n"),
        "{merged}"
    );
}

#[test]
fn merge_reads_packed_texts_and_keeps_the_mark() {
    let marked = format!("{PLACEHOLDER_MARK}\n{CONFIG}");
    let patches = list(&[&pack("machine: {nodeLabels: {zone: a}}")]);
    let merged =
        call::<MachineConfigMerge>(&[text(&pack(&marked)), patches, text("1.12")]).unwrap();
    assert!(merged.starts_with(PLACEHOLDER_MARK), "{merged}");
    assert!(merged.contains("zone: a"), "{merged}");
}

#[test]
fn a_bad_patch_is_named() {
    let patches = list(&["machine: {type: worker}", "machine: {sysctl: {}}"]);
    let error = failure(call::<MachineConfigMerge>(&[
        text(CONFIG),
        patches,
        text(VERSION),
    ]));
    assert_eq!(error.argument, Some(1));
    for part in ["patch 1", "sysctl", "sysctls", "line 1"] {
        assert!(error.text.contains(part), "{}", error.text);
    }
}

#[test]
fn a_version_that_is_none_is_named() {
    for version in ["latest", "1.12.x", "", "v1.7.0"] {
        let arguments = [text(CONFIG), list(&[]), text(version)];
        let error = failure(call::<MachineConfigMerge>(&arguments));
        assert_eq!(error.argument, Some(2));
        for part in [version.trim_end_matches(".0"), "write"] {
            assert!(error.text.contains(part), "{}", error.text);
        }
    }
    for version in ["", "v1.12", "1.12.x"] {
        let arguments = [text("abc"), text(version), text("metal")];
        let error = failure(call::<InstallerImage>(&arguments));
        assert_eq!(error.argument, Some(1));
        for part in [version, "v1.12.6"] {
            assert!(error.text.contains(part), "{}", error.text);
        }
    }
    let mock = [text("abc"), text("mock"), text("metal")];
    assert!(call::<InstallerImage>(&mock).is_ok());
}

#[test]
fn diff_names_paths_and_hides_secrets() {
    let new = CONFIG
        .replace("65535", "4096")
        .replace("0123456789abcdef", "fedcba9876543210");
    let found = call::<MachineConfigDiff>(&[text(CONFIG), text(&new)]).unwrap();
    let sysctl = found
        .iter()
        .find(|entry| entry.path.text().contains("somaxconn"))
        .unwrap();
    assert_eq!(
        (sysctl.document.text(), sysctl.old.text(), sysctl.new.text()),
        ("v1alpha1", "65535", "4096")
    );
    let token = found
        .iter()
        .find(|entry| entry.path.text() == "machine.token")
        .unwrap();
    assert!(
        !token.old.text().contains("0123456789abcdef")
            && !token.new.text().contains("fedcba9876543210")
    );
    assert_eq!(found.len(), 2);
    assert!(
        call::<MachineConfigDiff>(&[text(CONFIG), text(CONFIG)])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn validate_tells_and_does_not_fail() {
    let verdict = |config: &str, mode: &str| {
        call::<MachineConfigValidate>(&[text(config), text(mode), text(VERSION)])
    };
    let broken = verdict("machine: {typo: 1}", "metal").unwrap();
    assert_eq!(broken.valid, Field::Known(false));
    assert_eq!(broken.errors.get().map(Vec::len), Some(1));
    let metal = verdict(CONFIG, "metal").unwrap();
    assert_eq!(metal.valid, Field::Known(false));
    let errors = metal.errors.all_known().unwrap();
    assert!(
        errors.iter().any(|error| error.contains("install")),
        "{errors:?}"
    );
    assert_eq!(failure(verdict(CONFIG, "vm")).argument, Some(1));
    let warns = |version: &str| {
        let verdict =
            call::<MachineConfigValidate>(&[text(CONFIG), text("metal"), text(version)]).unwrap();
        let warnings = verdict.warnings.all_known().unwrap();
        warnings.iter().any(|warning| warning.contains("newer"))
    };
    assert!(warns("v1.15") && !warns(VERSION));
}

#[test]
fn redact_takes_the_secrets_and_nothing_else() {
    let redacted = call::<MachineConfigRedact>(&[text(CONFIG)]).unwrap();
    assert_eq!(
        redacted,
        CONFIG.replace("abcdef.0123456789abcdef", "'**REDACTED**'")
    );
}

#[test]
fn talosconfig_of_placeholders_is_a_text() {
    let identity = any(
        json!({ "ca_certificate": "mock-ca", "client_certificate": "mock-cert", "client_key": "mock-key" }),
    );
    let written =
        call::<Talosconfig>(&[identity, text("c1"), list(&["10.0.0.1"]), list(&[])]).unwrap();
    let wanted = "context: c1\ncontexts:\n    c1:\n        endpoints:\n            - 10.0.0.1\n        ca: mock-ca\n        crt: mock-cert\n        key: mock-key\n";
    assert_eq!(written, wanted);
    assert!(call::<Talosconfig>(&[any(json!({})), text("c1"), list(&[]), list(&[])]).is_ok());
}

#[test]
fn talosconfig_refuses_other_types() {
    let error = failure(call::<Talosconfig>(&[
        any(json!({ "ca_certificate": [] })),
        text("c1"),
        list(&[]),
        list(&[]),
    ]));
    assert_eq!(error.argument, Some(0));
    assert!(error.text.contains("ca_certificate"), "{}", error.text);
}

#[test]
fn schematic_and_installer() {
    let id = call::<SchematicId>(&[text("customization: {}")]).unwrap();
    assert_eq!(
        id,
        "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
    );
    let image = call::<InstallerImage>(&[text(&id), text("1.12.6"), text("nocloud")]).unwrap();
    assert_eq!(
        image,
        format!("factory.talos.dev/nocloud-installer/{id}:v1.12.6")
    );
    assert_eq!(
        failure(call::<SchematicId>(&[text("customisation: {}")])).argument,
        Some(0)
    );
}

#[test]
fn secrets_yaml_marks_placeholders() {
    let written = call::<SecretsYaml>(&[any(json!({}))]).unwrap();
    assert!(written.starts_with(PLACEHOLDER_MARK));
    assert!(written.contains("bootstraptoken: "));
}

#[test]
fn placeholders_fail_no_plan() {
    let none = Value::List(Vec::new());
    let merged = call::<MachineConfigMerge>(&[text("mock-config"), none.clone(), text("mock")]);
    assert_eq!(merged.unwrap(), "mock-config");
    let patched = call::<MachineConfigMerge>(&[text(CONFIG), list(&["mock"]), text(VERSION)]);
    assert!(patched.unwrap().starts_with(PLACEHOLDER_MARK));
    let differences = call::<MachineConfigDiff>(&[text("mock"), text(CONFIG)]).unwrap();
    assert!(differences.is_empty());
    let redacted = call::<MachineConfigRedact>(&[text("mock")]);
    assert_eq!(redacted.unwrap(), "mock");
    let verdict = call::<MachineConfigValidate>(&[text("mock"), text("metal"), text(VERSION)]);
    assert_eq!(verdict.unwrap().valid, Field::Known(true));
    assert_eq!(call::<SchematicId>(&[text("mock")]).unwrap(), "mock");
}
