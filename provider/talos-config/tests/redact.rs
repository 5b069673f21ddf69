//! What people are shown holds no secret, and does not depend on what the secrets are.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeSet;

use support::Repeatable;
use talos_config::contract::Contract;
use talos_config::diff::diff;
use talos_config::document::Config;
use talos_config::generate::{Input, Role, generate};
use talos_config::pki::Timestamp;
use talos_config::redact::REDACTED;
use talos_config::secrets::Bundle;
use talos_config::tables::Line;

fn bundle(seed: u64) -> Bundle {
    // Contract 1.6 has all the secrets without the seconds that an RSA key takes.
    Bundle::generate(6, Timestamp(1_790_000_000), &mut Repeatable(seed * 1000)).unwrap()
}

fn config(bundle: &Bundle, role: Role) -> Config {
    let contract = Contract::parse("v1.12").unwrap();
    generate(&Input::new(
        "c",
        "https://c:6443",
        role,
        contract,
        "1.35.2",
        bundle,
    ))
    .unwrap()
}

fn secrets(bundle: &Bundle) -> Vec<String> {
    let certs = &bundle.certs;
    let mut out: Vec<String> = [&certs.etcd, &certs.k8s, &certs.k8s_aggregator, &certs.os]
        .map(|pair| pair.key.expose().to_owned())
        .to_vec();
    out.push(certs.k8s_serviceaccount.key.expose().to_owned());
    out.push(bundle.cluster.secret.expose().to_owned());
    out.push(bundle.trustdinfo.token.expose().to_owned());
    out.push(bundle.secrets.bootstrap_token.expose().to_owned());
    out.extend(
        bundle
            .secrets
            .secretbox_encryption_secret
            .iter()
            .map(|s| s.expose().to_owned()),
    );
    out
}

/// Documents in which every place that Talos 1.12 has for a secret holds one that starts with
/// `SEED`.
fn everywhere(base: &str, seed: &str) -> String {
    let inside = r#"
    env:
        GRPC_PROXY: SEED-env-value
    pods:
        - kind: Pod
          spec:
            automountServiceAccountToken: false
            volumes:
                - name: v
                  secret:
                    secretName: kept-name
            apiToken: SEED-free-form
    files:
        - content: |
            user = root
            password = "SEED-file-content"
          permissions: 0o600
          path: /var/x
          op: create
    systemDiskEncryption:
        ephemeral:
            provider: luks2
            keys:
                - static:
                    passphrase: SEED-passphrase
                  slot: 0
"#;
    let documents = r#"---
apiVersion: v1alpha1
kind: RegistryAuthConfig
name: ghcr.io
username: user
password: SEED-registry-password
auth: SEED-registry-auth
identityToken: SEED-registry-token
---
apiVersion: v1alpha1
kind: RegistryTLSConfig
name: ghcr.io
clientIdentity:
    cert: public
    key: SEED-registry-key
---
apiVersion: v1alpha1
kind: WireguardConfig
name: wg0
privateKey: QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=
peers:
    - publicKey: Q0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0M=
      presharedKey: SEED-preshared
---
apiVersion: v1alpha1
kind: ExtensionServiceConfig
name: bird2
configFiles:
    - content: |-
        protocol bgp a {
          password "SEED-extension-file";
        }
      mountPath: /etc/bird.conf
environment:
    - TOKEN=SEED-environment
---
apiVersion: v1alpha1
kind: UserVolumeConfig
name: data
provisioning:
    diskSelector:
        match: system_disk
encryption:
    provider: luks2
    keys:
        - slot: 0
          static:
            passphrase: SEED-volume
---
apiVersion: v1alpha1
kind: SideroLinkConfig
apiUrl: https://user:SEED-siderolink@host/
uniqueToken: SEED-unique-token
---
apiVersion: v1alpha1
kind: HCloudVIPConfig
name: fd00::1
link: eth0
apiToken: SEED-hcloud
"#;
    let base = base.replace(
        "cluster:\n",
        "cluster:\n    extraManifestHeaders:\n        Authorization: SEED-header\n",
    );
    let base = base.replace(
        "    install:\n",
        "    install:\n        extraKernelArgs:\n            - siderolink.api=grpc://h?jointoken=SEED-join\n",
    );
    let base = base.replace(
        "    apiServer:\n",
        "    apiServer:\n        extraArgs:\n            oidc-client-secret: SEED-argument\n            v: kept-argument\n",
    );
    let with_inside = base.replace("    certSANs: []\n", &format!("    certSANs: []{inside}"));
    assert_ne!(with_inside, base);
    format!("{with_inside}{documents}").replace("SEED", seed)
}

#[test]
fn redacted_text_does_not_depend_on_the_secrets() {
    for role in [Role::ControlPlane, Role::Worker] {
        let (one, other) = (config(&bundle(1), role), config(&bundle(2), role));
        assert!(one.emit() != other.emit());
        assert_eq!(one.redact(), other.redact());
        let text = one.redact();
        for secret in secrets(&bundle(1)) {
            assert!(
                !text.contains(&secret),
                "a secret of the bundle is shown:\n{text}"
            );
        }
        assert!(text.contains(REDACTED) && text.contains("image: ghcr.io/siderolabs/kubelet"));
    }
}

#[test]
fn redacted_text_does_not_depend_on_the_secrets_in_any_contract() {
    for minor in 8..=14 {
        for role in [Role::ControlPlane, Role::Worker] {
            let text = |seed| {
                let bundle = bundle(seed);
                let contract = Contract::new(1, minor);
                let input = Input::new(
                    "a",
                    "https://10.0.0.1:6443",
                    role,
                    contract,
                    "1.37.0",
                    &bundle,
                );
                let config = generate(&input).map_err(|e| e.to_string()).unwrap();
                config.redact()
            };
            assert_eq!(text(1), text(2), "1.{minor} {role}");
            for secret in secrets(&bundle(1)) {
                assert!(
                    !text(1).contains(&secret),
                    "1.{minor} {role}: a secret is shown"
                );
            }
        }
    }
}

#[test]
fn every_place_for_a_secret_is_covered() {
    let base = config(&bundle(1), Role::ControlPlane).emit();
    let load =
        |seed| Config::load(&everywhere(&base, seed), Line::V1_12).map_err(|e| e.to_string());
    let (one, other) = (load("hunter2").unwrap(), load("swordfish").unwrap());
    let text = one.redact();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(
        !text.contains("QUFBQUFB"),
        "the wireguard key is shown:\n{text}"
    );
    assert_eq!(text, other.redact());
    // What is no secret stays: that is what people read it for.
    for kept in [
        "user = root",
        "protocol bgp a {",
        "username: user",
        "mountPath: /etc/bird.conf",
        "TOKEN=",
        "secretName: kept-name",
        "automountServiceAccountToken: false",
        "v: kept-argument",
        "siderolink.api=grpc://h?jointoken=",
    ] {
        assert!(text.contains(kept), "{kept} is gone:\n{text}");
    }
    let changes = diff(&one, &other);
    assert!(changes.differences().len() > 10);
    let shown = format!("{:?} {:?}", changes.differences(), changes.summary());
    assert!(
        !shown.contains("hunter2") && !shown.contains("swordfish"),
        "{shown}"
    );
}

#[test]
fn known_secret_in_other_text_is_replaced() {
    let bundle = bundle(1);
    let token = bundle.trustdinfo.token.expose();
    let base = config(&bundle, Role::ControlPlane).emit();
    // By structure, though what stands for a secret would be no YAML there.
    let manifest = format!(
        "    inlineManifests:\n        - name: join\n          contents: run {token} now\n        - name: pod\n          contents: 'kind: {{secretRef: {token}, password: {{a: b}}, c: d}}'\n"
    );
    let (main, rest) = base.split_once("---\n").unwrap();
    let text = format!("{main}{manifest}---\n{rest}");
    let config = Config::load(&text, Line::V1_12)
        .map_err(|e| e.to_string())
        .unwrap();
    assert!(
        config.redact().contains("contents: run **REDACTED** now\n"),
        "{}",
        config.redact()
    );
    let pod = "kind: {secretRef: **REDACTED**, password: **REDACTED**, c: d}";
    assert!(config.redact().contains(pod), "{}", config.redact());
}

#[test]
fn documents_are_redacted_one_by_one() {
    let config = config(&bundle(1), Role::Worker);
    let documents = config.redact_documents();
    let names: BTreeSet<_> = documents.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["HostnameConfig", "v1alpha1"]));
    assert_eq!(
        documents["HostnameConfig"],
        config.document("HostnameConfig").unwrap().emit()
    );
}
