//! Official talosctl agrees about bundles and talosconfigs. Skipped where there is none.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;

use support::Repeatable;
use talos_config::pki::{self, Lifetime, Timestamp};
use talos_config::secrets::{Bundle, KubernetesPki};
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

/// Output of openssl, without what it tells beside it.
fn openssl(arguments: &str) -> String {
    let output = Command::new("openssl").args(arguments.split(' ')).output();
    let output = output.unwrap();
    assert!(output.status.success(), "openssl {arguments}");
    String::from_utf8(output.stdout).unwrap()
}

/// A folder as kubeadm leaves it in `/etc/kubernetes/pki`.
fn kubernetes_pki() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("etcd")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    for name in ["ca", "etcd/ca", "front-proxy-ca"] {
        let key = folder.path().join(format!("{name}.key"));
        write(&format!("{name}.key"), &openssl("genrsa -traditional 2048"));
        let path = key.to_str().unwrap();
        let certificate = openssl(&format!(
            "req -x509 -subj /CN=kubernetes -days 3650 -key {path}"
        ));
        write(&format!("{name}.crt"), &certificate);
    }
    write("sa.key", &openssl("genrsa -traditional 2048"));
    folder
}

/// The bundle that we make of the folder.
fn adopted(folder: &Path) -> Result<Bundle, String> {
    let names = [
        "ca.crt",
        "ca.key",
        "etcd/ca.crt",
        "etcd/ca.key",
        "front-proxy-ca.crt",
        "front-proxy-ca.key",
        "sa.key",
    ];
    let texts = names.map(|name| std::fs::read_to_string(folder.join(name)).unwrap());
    let [ca, ca_key, etcd, etcd_key, front, front_key, account] = texts.each_ref();
    let pki = KubernetesPki {
        ca: (ca, ca_key),
        etcd: (etcd, etcd_key),
        front_proxy: (front, front_key),
        service_account: account,
    };
    let now = Timestamp(1_790_000_000);
    let bundle = Bundle::from_kubernetes_pki(pki, Some("a.b"), 12, now, &mut Repeatable(9));
    bundle.map_err(|error| error.to_string())
}

/// That of official talosctl, or nothing if it refuses the folder.
fn officially_adopted(folder: &Path) -> Option<Bundle> {
    let output = Command::new(support::tool("talosctl").unwrap())
        .args(["gen", "secrets", "--force", "-o", "out.yaml"])
        .args(["--talos-version", "v1.12", "-t", "a.b"])
        .args(["--from-kubernetes-pki", "."])
        .current_dir(folder)
        .env("HOME", folder)
        .output();
    let text = std::fs::read_to_string(folder.join("out.yaml"));
    let success = output.unwrap().status.success();
    success.then(|| Bundle::from_yaml(&text.unwrap()).unwrap())
}

#[test]
fn kubernetes_authorities_are_adopted_as_through_talosctl() {
    const TEST: &str = "kubernetes_authorities_are_adopted_as_through_talosctl";
    if support::is_missing("talosctl", TEST) || support::is_missing("openssl", TEST) {
        return;
    }
    type Change = fn(&str) -> String;
    let changes: [(&str, Change, bool); 7] = [
        ("ca.crt", str::to_owned, true),
        ("ca.crt", |text| format!("subject=CN = a\n{text}"), true),
        (
            "front-proxy-ca.crt",
            |text| text.replace('\n', "\r\n"),
            true,
        ),
        ("ca.crt", |text| format!("{text}{text}"), true),
        ("sa.key", |_| openssl("genpkey -algorithm RSA"), true),
        (
            "sa.key",
            |_| openssl("ecparam -genkey -noout -name prime256v1"),
            true,
        ),
        (
            "sa.key",
            |_| openssl("ecparam -genkey -name prime256v1"),
            false,
        ),
    ];
    let folder = kubernetes_pki();
    for (name, change, is_good) in changes {
        let path = folder.path().join(name);
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, change(&before)).unwrap();
        let (ours, theirs) = (adopted(folder.path()), officially_adopted(folder.path()));
        assert_eq!(
            ours.as_ref().err().is_none(),
            is_good,
            "{name}: {:?}",
            ours.err()
        );
        assert_eq!(theirs.is_some(), is_good, "{name}");
        if let (Ok(ours), Some(theirs)) = (ours, theirs) {
            let (ours, theirs) = (&ours.certs, &theirs.certs);
            assert!(ours.k8s == theirs.k8s && ours.etcd == theirs.etcd, "{name}");
            assert!(ours.k8s_aggregator == theirs.k8s_aggregator, "{name}");
            assert!(
                ours.k8s_serviceaccount == theirs.k8s_serviceaccount,
                "{name}"
            );
        }
        std::fs::write(&path, before).unwrap();
    }
}
