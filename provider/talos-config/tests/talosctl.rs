//! Official talosctl agrees about bundles and talosconfigs. Skipped where there is none.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;

use support::Repeatable;
use talos_config::pki::{self, Lifetime, Timestamp};
use talos_config::secrets::Bundle;
use talos_config::talosconfig::{self, TalosConfig};

/// Standard output of talosctl in `folder`.
fn talosctl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(support::tool("talosctl").unwrap())
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "talosctl {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn official_bundle_is_read_and_written_byte_for_byte() {
    if support::is_missing(
        "talosctl",
        "official_bundle_is_read_and_written_byte_for_byte",
    ) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for version in ["v1.12", "v1.2"] {
        let arguments = [
            "gen",
            "secrets",
            "--force",
            "-o",
            "official.yaml",
            "--talos-version",
            version,
        ];
        talosctl(folder.path(), &arguments);
        let text = std::fs::read_to_string(folder.path().join("official.yaml")).unwrap();
        let bundle = Bundle::from_yaml(&text).unwrap();
        assert_eq!(bundle.problems(), Vec::<String>::new());
        assert!(bundle.to_yaml().expose() == text);
    }
}

#[test]
fn our_bundle_gives_the_same_config_as_through_talosctl() {
    if support::is_missing(
        "talosctl",
        "our_bundle_gives_the_same_config_as_through_talosctl",
    ) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp(1_790_000_000);
    let bundle = Bundle::generate(6, now, &mut Repeatable(1)).unwrap();
    std::fs::write(folder.path().join("ours.yaml"), bundle.to_yaml().expose()).unwrap();
    let arguments = [
        "gen",
        "config",
        "--with-secrets",
        "ours.yaml",
        "--talos-version",
        "v1.12",
        "--output-types",
        "controlplane",
        "-o",
        "config.yaml",
        "c",
        "https://c:6443",
    ];
    talosctl(folder.path(), &arguments);
    let text = std::fs::read_to_string(folder.path().join("config.yaml")).unwrap();
    let certs = &bundle.certs;
    for part in [
        &bundle.cluster.id,
        &certs.os.cert,
        &certs.k8s.cert,
        &certs.etcd.cert,
        &certs.k8s_aggregator.cert,
    ] {
        assert!(text.contains(part.as_str()));
    }
    for part in [
        &certs.os.key,
        &certs.k8s_serviceaccount.key,
        &bundle.trustdinfo.token,
    ] {
        assert!(
            text.contains(part.expose()),
            "a secret of the bundle is missing"
        );
    }
    let arguments = [
        "gen",
        "secrets",
        "--from-controlplane-config",
        "config.yaml",
        "-o",
        "back.yaml",
    ];
    talosctl(folder.path(), &arguments);
    let back = std::fs::read_to_string(folder.path().join("back.yaml")).unwrap();
    assert!(back == bundle.to_yaml().expose());
}

#[test]
fn talosconfig_is_understood() {
    if support::is_missing("talosctl", "talosconfig_is_understood") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp(1_790_000_000);
    let bundle = Bundle::generate(6, now, &mut Repeatable(1)).unwrap();
    let roles = ["os:admin".to_owned()];
    let lifetime = Lifetime { now, seconds: 3600 };
    let credentials =
        pki::talos_client(&bundle.certs.os, &roles, lifetime, &mut Repeatable(2)).unwrap();
    let text = talosconfig::render(&TalosConfig {
        context: "cluster-101",
        endpoints: &["10.101.0.11".into(), "fd00:101::11".into()],
        nodes: &["10.101.0.11".into()],
        credentials: &credentials,
    });
    std::fs::write(folder.path().join("talosconfig"), text.expose()).unwrap();
    let arguments = ["--talosconfig", "talosconfig", "config", "info"];
    let info = talosctl(folder.path(), &arguments);
    for line in ["cluster-101", "fd00:101::11", "os:admin", "2026-09-21"] {
        assert!(info.contains(line), "{info}");
    }
    // A change through talosctl and back: it writes the file in its own way, which is ours.
    talosctl(
        folder.path(),
        &["--talosconfig", "talosconfig", "config", "node", "10.0.0.9"],
    );
    talosctl(
        folder.path(),
        &[
            "--talosconfig",
            "talosconfig",
            "config",
            "node",
            "10.101.0.11",
        ],
    );
    let rewritten = std::fs::read_to_string(folder.path().join("talosconfig")).unwrap();
    assert!(rewritten == text.expose(), "{}", rewritten.len());
}
