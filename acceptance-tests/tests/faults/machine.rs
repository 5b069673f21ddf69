//! Machines that are not what the configuration takes them for, and what they refuse.

use std::fs;

use acceptance_tests::talosctl::Talosctl;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bench::{Bench, Fault, SYSCTL, Subject, succeeds};

const PATCHED: [&str; 1] = [SYSCTL];

/// Another cluster's machine, no Talos at all, and a machine without a configuration.
pub fn strangers(bench: &Bench, applied: &Subject<'_>) {
    let other = bench.apply("other", "10.5.0.12", "other");
    succeeds(&other.root.apply().unwrap(), "the other cluster");
    wrong_authority(bench, applied);
    applied.refuses(&Fault {
        name: "an HTTP server",
        inputs: json!({ "config_patches": PATCHED, "endpoints": ["10.5.0.1:5000"] }),
        code: "TS-NODE-NOT-TALOS",
        says: &["10.5.0.1:5000", "Cause:", "Cure:"],
    });
    // trustd: its certificate is the cluster's, the service behind it another.
    applied.refuses(&Fault {
        name: "another service of the machine",
        inputs: json!({ "config_patches": PATCHED, "endpoints": ["10.5.0.11:50001"] }),
        code: "TS-NODE-NOT-TALOS",
        says: &["10.5.0.11:50001", "Cause:", "Cure:"],
    });
    bench.patch("unconfigured", "10.5.0.13").refuses(&Fault {
        name: "maintenance mode where a configured machine is expected",
        inputs: json!({}),
        code: "TS-NODE-MAINTENANCE",
        says: &["cp1", "maintenance mode", "apply stage"],
    });
    assert_eq!(bench.on_disk("cp3"), None);
}

/// Both sides are named by what people can look up: the fingerprint in `talos_secrets` and the key of the CA.
fn wrong_authority(bench: &Bench, applied: &Subject<'_>) {
    let fingerprint = |cluster: &str| bench.made["fingerprints"][cluster].as_str().unwrap();
    let others_machine = applied.refuses(&Fault {
        name: "machine of another cluster",
        inputs: json!({ "config_patches": PATCHED, "endpoints": ["10.5.0.12"] }),
        code: "TS-NODE-WRONG-CA",
        says: &[
            "cp1",
            "10.5.0.12",
            fingerprint("ours"),
            "got one with fingerprint",
            "Cause:",
            "Cure:",
        ],
    });
    let others_secrets = applied.refuses(&Fault {
        name: "secrets of another cluster",
        inputs: json!({ "config_patches": PATCHED, "client_configuration": bench.made["client_configurations"]["other"] }),
        code: "TS-NODE-WRONG-CA",
        says: &["cp1", "10.5.0.11", fingerprint("other"), "got one with fingerprint", "Cause:", "Cure:"],
    });
    let [ours, others] = authorities(&others_machine);
    assert_ne!(ours, others);
    assert_eq!([others, ours], authorities(&others_secrets));
}

/// Keys of the CA that was expected and of the one that was met.
fn authorities(text: &str) -> [String; 2] {
    let mut keys = text.split("CA key ").skip(1).map(|rest| {
        let key: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        assert_eq!(key.len(), 40, "{text}");
        key
    });
    [keys.next().unwrap(), keys.next().unwrap()]
}

/// Client certificates that are too old or too small.
pub fn identities(bench: &Bench, applied: &Subject<'_>) {
    applied.refuses(&Fault {
        name: "expired client certificate",
        inputs: json!({ "config_patches": PATCHED, "client_configuration": expired(bench) }),
        code: "TS-NODE-CERT-EXPIRED",
        says: &["cp1", "Cause:", "Cure:"],
    });
    let reader = bench.subject(
        "reader",
        READER,
        json!({
            "machine_secrets": bench.made["machine_secrets"]["ours"],
            "patches": [SYSCTL],
        }),
    );
    reader.refuses(&Fault {
        name: "reader role",
        inputs: json!({}),
        code: "TS-NODE-ROLE",
        says: &["cp1", "os:reader", "os:admin", "Cure:"],
    });
}

const READER: &str = r#"
variable "machine_secrets" { sensitive = true }
variable "patches" {}

provider "talos" {
  alias = "mint"
}

ephemeral "talos_client_config" "reader" {
  provider        = talos.mint
  machine_secrets = var.machine_secrets
  roles           = ["os:reader"]
}

provider "talos" {
  talos = { client_configuration = ephemeral.talos_client_config.reader.client_configuration }
}

resource "talos_machine_patch" "node" {
  node      = "cp1"
  endpoints = ["10.5.0.11"]
  patches   = var.patches
}
"#;

/// A client configuration of our cluster that official talosctl signed for no time at all.
fn expired(bench: &Bench) -> Value {
    let folder = bench.rack().files().unwrap().join("expired");
    fs::create_dir_all(&folder).unwrap();
    let os = &bench.made["machine_secrets"]["ours"]["certs"]["os"];
    let decode = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    for (file, member) in [("ca.crt", "cert"), ("ca.key", "key")] {
        fs::write(folder.join(file), decode(&os[member])).unwrap();
    }
    let talosctl = Talosctl::new(bench.rack(), &folder).unwrap();
    let path = |file: &str| folder.join(file).to_string_lossy().into_owned();
    let (ca, key, csr, name) = (
        path("ca"),
        path("client.key"),
        path("client.csr"),
        path("client"),
    );
    talosctl
        .run(["gen", "key", "--force", "--name", &name])
        .unwrap();
    talosctl
        .run([
            "gen",
            "csr",
            "--force",
            "--ip",
            "127.0.0.1",
            "--roles",
            "os:admin",
            "--key",
            &key,
        ])
        .unwrap();
    talosctl
        .run([
            "gen", "crt", "--force", "--hours", "0", "--ca", &ca, "--csr", &csr, "--name", &name,
        ])
        .unwrap();
    let encode = |file: &str| STANDARD.encode(fs::read(folder.join(file)).unwrap());
    json!({
        "ca_certificate": os["cert"],
        "client_certificate": encode("client.crt"),
        "client_key": encode("client.key"),
    })
}

/// Only Talos itself knows that it does not run this version of Kubernetes.
pub fn refusals(bench: &Bench, applied: &Subject<'_>) {
    let image = "machine: { kubelet: { image: \"ghcr.io/siderolabs/kubelet:v1.99.0\" } }";
    let before = bench.on_disk("cp1");
    bench.patch("refused", "10.5.0.11").refuses(&Fault {
        name: "a patch that Talos refuses",
        inputs: json!({ "patches": [image] }),
        code: "TS-CONFIG-REFUSED",
        says: &["cp1", "too new", "Cause:", "Cure:"],
    });
    applied.refuses(&Fault {
        name: "a configuration that Talos refuses",
        inputs: json!({ "config_patches": [image] }),
        code: "TS-CONFIG-REFUSED",
        says: &["cp1", "too new", "Cause:", "Cure:"],
    });
    assert_eq!(bench.on_disk("cp1"), before);
}

/// What a live member may not survive is refused until it is allowed by name.
pub fn live_identity(bench: &Bench, applied: &Subject<'_>) {
    let before = bench.on_disk("cp1");
    let other = bench.made["cluster_ids"]["other"].as_str().unwrap();
    let cases = [
        (
            "hostname",
            "apiVersion: v1alpha1\nkind: HostnameConfig\nauto: \"off\"\nhostname: renamed\n"
                .to_owned(),
            "renamed",
        ),
        (
            "node_ip",
            "machine: { kubelet: { nodeIP: { validSubnets: [10.6.0.0/24] } } }".to_owned(),
            "10.6.0.0/24",
        ),
        (
            "cluster_id",
            format!("cluster: {{ id: \"{other}\" }}"),
            "cluster.id",
        ),
    ];
    for (danger, patch, value) in cases {
        let says = [danger, value, "may not survive", "allow_change"];
        applied.refuses(&Fault {
            name: &format!("{danger} of a live machine, by apply"),
            inputs: json!({ "config_patches": [patch] }),
            code: "TS-CHANGE-REFUSED",
            says: &says,
        });
        bench
            .patch(&format!("live-{danger}"), "10.5.0.11")
            .refuses(&Fault {
                name: &format!("{danger} of a live machine, by patch"),
                inputs: json!({ "patches": [patch] }),
                code: "TS-CHANGE-REFUSED",
                says: &says,
            });
    }
    other_clusters_configuration(bench);
    assert_eq!(bench.on_disk("cp1"), before);
}

/// A first apply of our configuration to a machine that serves another cluster.
fn other_clusters_configuration(bench: &Bench) {
    let before = bench.on_disk("cp2");
    let subject = bench.apply("taken-over", "10.5.0.12", "other");
    subject.refuses(&Fault {
        name: "our configuration for another cluster's machine",
        inputs: json!({ "machine_configuration": bench.made["configs"]["ours"] }),
        code: "TS-CHANGE-REFUSED",
        says: &[
            "cp1",
            "cluster_id",
            "machine.ca.crt",
            "cluster.id",
            "may not survive",
            "allow_change",
        ],
    });
    assert_eq!(bench.on_disk("cp2"), before);
}
