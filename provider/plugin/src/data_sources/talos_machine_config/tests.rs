use framework::prelude::*;

use super::TalosMachineConfig;
use super::model::{Install, Layer, MachineConfig};
use super::render::{inspect, render};
use crate::shared::config_text::pack;
use crate::shared::entropy::{OsRandom, now};
use crate::shared::machine_secrets::MachineSecrets;
use crate::shared::placeholder::PLACEHOLDER_MARK;
use crate::shared::testing::{core, told};
use talos_config::secrets::Bundle;

fn bundle() -> Bundle {
    // Contract 1.6: no RSA key, which would take seconds.
    Bundle::generate(6, now(), &mut OsRandom::new().unwrap()).unwrap()
}

fn model(secrets: Field<MachineSecrets>) -> MachineConfig {
    MachineConfig {
        cluster_name: "c1".into(),
        cluster_endpoint: "https://10.0.0.10:6443".into(),
        machine_type: "controlplane".into(),
        talos_version: "v1.12.6".into(),
        kubernetes_version: "v1.35.6".into(),
        machine_secrets: secrets,
        install: Field::Null,
        cert_sans: Field::Null,
        dns_domain: Field::Null,
        allow_scheduling_on_control_planes: Field::Null,
        registry_mirrors: Field::Null,
        layers: Field::Null,
        config_patches: Field::Null,
        machine_configuration: Field::Null,
        redacted: Field::Null,
        config_hash: Field::Null,
        documents: Field::Null,
        warnings: Field::Null,
    }
}

fn real() -> MachineConfig {
    model(Field::Known(MachineSecrets::of(&bundle())))
}

fn empty() -> MachineSecrets {
    MachineSecrets {
        cluster: Field::Null,
        secrets: Field::Null,
        trustdinfo: Field::Null,
        certs: Field::Null,
    }
}

fn rendered(mut model: MachineConfig) -> MachineConfig {
    match render(&model) {
        Ok(rendered) => rendered.describe(&mut model),
        Err(error) => panic!("{:?}", error.diagnostics()),
    }
    model
}

fn text(model: &MachineConfig) -> &str {
    model.machine_configuration.get().unwrap().expose()
}

fn refusal(model: &MachineConfig) -> Diagnostic {
    render(model)
        .err()
        .unwrap()
        .diagnostics()
        .iter()
        .next()
        .unwrap()
        .clone()
}

fn layer(name: &str, patches: &[&str]) -> Layer {
    Layer {
        name: name.into(),
        patches: Field::Known(patches.iter().map(|&patch| patch.into()).collect()),
    }
}

#[test]
fn defaults_are_those_of_talos() {
    let model = rendered(real());
    let text = text(&model);
    for line in [
        "        disk: /dev/sda\n",
        "image: ghcr.io/siderolabs/installer:v1.12.6\n",
        "kubelet:v1.35.6\n",
        "kind: HostnameConfig\n",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(model.warnings.get().unwrap().is_empty());
}

#[test]
fn a_line_has_no_installer_of_its_own() {
    let mut given = real();
    given.talos_version = "1.12".into();
    assert!(!text(&rendered(given)).contains("siderolabs/installer"));
}

#[test]
fn both_roles_pass_with_placeholder_secrets_and_are_marked() {
    for role in ["controlplane", "worker"] {
        let mut given = model(Field::Known(empty()));
        given.machine_type = role.into();
        let model = rendered(given);
        assert!(
            text(&model).starts_with(&format!("{PLACEHOLDER_MARK}\n")),
            "{role}"
        );
        assert!(model.redacted.get().unwrap().contains_key("v1alpha1"));
    }
}

#[test]
fn every_placeholder_input_renders_and_marks() {
    let changes: [fn(&mut MachineConfig); 5] = [
        |model| model.cluster_endpoint = "mock-endpoint".into(),
        |model| model.cluster_endpoint = "https://cluster.invalid:6443".into(),
        |model| model.talos_version = "mock".into(),
        |model| model.kubernetes_version = "mock-version".into(),
        |model| model.cluster_name = "mock-cluster".into(),
    ];
    for change in changes {
        let mut given = real();
        change(&mut given);
        assert!(text(&rendered(given)).starts_with(PLACEHOLDER_MARK));
    }
    assert!(!text(&rendered(real())).starts_with(PLACEHOLDER_MARK));
}

#[test]
fn placeholder_patches_are_left_out_and_mark() {
    let mut given = real();
    given.config_patches = Field::Known(vec!["mock-patch".into()]);
    assert!(text(&rendered(given.clone())).starts_with(PLACEHOLDER_MARK));
    given.config_patches = Field::Known(vec!["".into()]);
    assert!(!text(&rendered(given)).starts_with(PLACEHOLDER_MARK));
}

#[test]
fn validation_tells_what_is_known_to_be_wrong() {
    let mut given = real();
    given.cluster_endpoint = "10.0.0.10:6443".into();
    given.machine_secrets = Field::Unknown;
    given.config_patches = Field::Known(vec![Field::Unknown, "mashine: {}".into()]);
    let mut found = Diagnostics::new();
    inspect(&given, &mut found);
    let paths: Vec<_> = found
        .iter()
        .filter_map(|found| found.path.clone())
        .map(|path| path.to_string())
        .collect();
    assert_eq!(paths, ["cluster_endpoint", "config_patches[1]"]);
}

#[test]
fn versions_that_name_nothing_are_refused() {
    for text in ["", "1.12.x", "latest", "v1", "v1.7.6"] {
        let mut given = real();
        given.talos_version = text.into();
        // Of a line that is too old the line is told.
        version_is_refused(&given, "talos_version", text.trim_end_matches(".6"));
    }
    for text in ["", "1.35", "1.35.x", "latest"] {
        let mut given = real();
        given.kubernetes_version = text.into();
        version_is_refused(&given, "kubernetes_version", text);
    }
}

/// At validation and at reading, by the attribute, with what was given and what to write.
fn version_is_refused(given: &MachineConfig, attribute: &str, shown: &str) {
    let problem = refusal(given);
    let summary = format!("TS-INPUT-INVALID: {attribute} ");
    assert!(problem.summary.starts_with(&summary), "{problem:?}");
    for part in [shown, "write"] {
        assert!(problem.detail.contains(part), "{problem:?}");
    }
    assert_eq!(problem.path.clone().unwrap().to_string(), attribute);
    let mut found = Diagnostics::new();
    inspect(given, &mut found);
    assert!(found.iter().any(|told| *told == problem), "{found:?}");
}

#[test]
fn oldest_lines_have_their_own_shape() {
    for version in ["v1.8.4", "1.10"] {
        let mut given = real();
        given.talos_version = version.into();
        let model = rendered(given);
        assert!(text(&model).contains("stableHostname: true"), "{version}");
    }
}

#[test]
fn layers_come_in_order_and_config_patches_last() {
    let mut given = real();
    given.layers = Field::Known(vec![
        layer(
            "all",
            &["machine: {sysctls: {a.a: \"1\", b.b: \"1\", c.c: \"1\"}}"],
        ),
        layer(
            "role",
            &[
                "# nothing yet\n",
                "machine: {sysctls: {b.b: \"2\", c.c: \"2\"}}",
            ],
        ),
    ]);
    given.config_patches = Field::Known(vec![pack("machine: {sysctls: {c.c: \"3\"}}").into()]);
    let model = rendered(given);
    let wanted = "    sysctls:\n        a.a: \"1\"\n        b.b: \"2\"\n        c.c: \"3\"\n";
    assert!(text(&model).contains(wanted), "{}", text(&model));
}

#[test]
fn a_bad_patch_is_named_by_layer_index_path_and_line() {
    let mut given = real();
    given.layers = Field::Known(vec![
        layer("all", &["machine: {}"]),
        layer(
            "role",
            &[
                "machine: {}",
                "machine:\n    kubelet:\n        extraArg: {}\n",
            ],
        ),
    ]);
    let problem = refusal(&given);
    assert_eq!(problem.path.unwrap().to_string(), "layers[1].patches[1]");
    assert!(
        problem.summary.contains("layer \"role\", patch 1"),
        "{}",
        problem.summary
    );
    for part in ["machine.kubelet", "line 3", "extraArgs"] {
        assert!(problem.detail.contains(part), "{}", problem.detail);
    }
}

#[test]
fn all_bad_patches_are_reported_at_once() {
    let mut given = real();
    given.config_patches = Field::Known(vec![
        "machine: [".into(),
        "machine: {}".into(),
        "mashine: {}".into(),
    ]);
    let error = render(&given).err().unwrap();
    let paths: Vec<_> = error
        .diagnostics()
        .iter()
        .filter_map(|found| found.path.clone())
        .map(|path| path.to_string())
        .collect();
    assert_eq!(paths, ["config_patches[0]", "config_patches[2]"]);
}

#[test]
fn a_patch_that_makes_the_configuration_invalid_is_refused() {
    let mut given = real();
    given.config_patches = Field::Known(vec![
        "cluster: {network: {dnsDomain: \"not a domain!\"}}".into(),
    ]);
    let problem = refusal(&given);
    assert!(
        problem.summary.starts_with("TS-CONFIG-INVALID"),
        "{}",
        problem.summary
    );
    assert!(
        problem.detail.contains("cluster.network.dnsDomain"),
        "{}",
        problem.detail
    );
}

#[test]
fn kernel_arguments_beside_the_uki_are_refused() {
    let mut given = real();
    given.install = Field::Known(Install {
        disk: "/dev/vda".into(),
        image: Field::Null,
        extra_kernel_args: Field::Known(vec!["console=ttyS0".into()]),
        wipe: Field::Null,
    });
    let problem = refusal(&given);
    assert!(
        problem.summary.starts_with("TS-CONFIG-KERNEL-ARGS"),
        "{}",
        problem.summary
    );
    assert_eq!(
        problem.path.unwrap().to_string(),
        "install.extra_kernel_args"
    );
    given.config_patches = Field::Known(vec![
        "machine: {install: {grubUseUKICmdline: false}}".into(),
    ]);
    assert!(text(&rendered(given.clone())).contains("console=ttyS0"));
    given.config_patches = Field::Null;
    given.talos_version = "v1.11.5".into();
    assert!(text(&rendered(given)).contains("console=ttyS0"));
}

#[test]
fn no_secret_is_in_what_a_plan_prints() {
    let bundle = bundle();
    let mut given = model(Field::Known(MachineSecrets::of(&bundle)));
    given.config_patches = Field::Known(vec![
        "machine: {files: [{path: /var/a, op: create, content: planted-content}]}".into(),
    ]);
    let model = rendered(given);
    let shown: String = model
        .redacted
        .get()
        .unwrap()
        .values()
        .map(|text| text.text().to_owned())
        .collect();
    let certs = &bundle.certs;
    let secrets = [
        bundle.cluster.secret.expose(),
        bundle.secrets.bootstrap_token.expose(),
        bundle.trustdinfo.token.expose(),
        certs.os.key.expose(),
        certs.k8s.key.expose(),
        certs.etcd.key.expose(),
        certs.k8s_aggregator.key.expose(),
        certs.k8s_serviceaccount.key.expose(),
    ];
    for secret in secrets {
        assert!(text(&model).contains(secret));
        assert!(!shown.contains(secret));
    }
    assert!(shown.contains("**REDACTED**"));
}

#[test]
fn digests_change_with_the_document_and_the_cluster() {
    let secrets = Field::Known(MachineSecrets::of(&bundle()));
    let first = rendered(model(secrets.clone()));
    let same = rendered(model(secrets.clone()));
    let mut changed = model(secrets);
    changed.config_patches = Field::Known(vec!["machine: {sysctls: {a.a: \"1\"}}".into()]);
    let changed = rendered(changed);
    let other = rendered(real());
    let digest =
        |model: &MachineConfig, id: &str| model.documents.get().unwrap()[id].text().to_owned();
    assert_eq!(first.config_hash, same.config_hash);
    assert_ne!(first.config_hash, changed.config_hash);
    assert_ne!(digest(&first, "v1alpha1"), digest(&changed, "v1alpha1"));
    assert_eq!(
        digest(&first, "HostnameConfig"),
        digest(&changed, "HostnameConfig")
    );
    assert_ne!(
        digest(&first, "HostnameConfig"),
        digest(&other, "HostnameConfig")
    );
}

#[tokio::test]
async fn placeholders_warn_and_real_secrets_do_not() {
    let marked = core("")
        .read::<TalosMachineConfig>(&model(Field::Known(empty())))
        .await
        .unwrap();
    assert!(
        told(&marked.warnings).contains("TS-PLACEHOLDER"),
        "{}",
        told(&marked.warnings)
    );
    let real = core("").read::<TalosMachineConfig>(&real()).await.unwrap();
    assert_eq!(told(&real.warnings), "");
}
