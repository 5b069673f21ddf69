//! The real talosctl against simulated machines.

use std::path::PathBuf;
use std::process::Command;

use lab::tools::Places;

use crate::play::Bench;

/// Where talosctl is: beside the tools that the repository builds, or on PATH.
fn talosctl() -> Option<PathBuf> {
    let built = std::fs::read_dir(Places::from_environment().built()?)
        .ok()
        .into_iter()
        .flatten()
        .flatten();
    let built = built.map(|entry| entry.path()).find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("talosctl-1.12")
    });
    built.or_else(|| {
        let paths = std::env::var_os("PATH")?;
        let mut paths = std::env::split_paths(&paths).map(|folder| folder.join("talosctl"));
        paths.find(|path| path.is_file())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn talosctl_agrees() {
    let Some(talosctl) = talosctl() else {
        lab::skip::tell("talosctl_agrees: there is no talosctl 1.12 (cargo xtask tools)");
        return;
    };
    let bench = Bench::new(9, 3, "");
    bench.bootstrapped().await;
    let folder = tempfile::tempdir().unwrap();
    let talosconfig = folder.path().join("talosconfig");
    std::fs::write(
        &talosconfig,
        bench.authority.talosconfig(bench.addresses[0]),
    )
    .unwrap();
    let config = folder.path().join("config.yaml");
    std::fs::write(
        &config,
        bench
            .config(0, "controlplane")
            .replace("token: abc", "token: abc\n  sysctls: { a: b }"),
    )
    .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&talosctl);
        command
            .arg("--talosconfig")
            .arg(&talosconfig)
            .args(arguments);
        command.env("HOME", folder.path());
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        let both = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&both).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    };
    let version = run(&["version"]);
    assert!(
        version.contains("Tag:         v1.12.6") && version.contains("RBAC"),
        "{version}"
    );
    let members = run(&["get", "members"]);
    for name in ["node1", "node2", "node3"] {
        assert!(members.contains(name), "{members}");
    }
    assert!(
        members.contains("controlplane") && members.contains("Talos (v1.12.6)"),
        "{members}"
    );
    let shown = run(&["get", "machineconfig", "v1alpha1", "-o", "yaml"]);
    assert!(shown.contains("hostname: node1"), "{shown}");
    let services = run(&["services"]);
    assert!(
        services.contains("etcd") && services.contains("Health check successful"),
        "{services}"
    );
    let etcd = run(&["etcd", "members"]);
    assert_eq!(etcd.matches("false").count(), 3, "{etcd}");
    let status = run(&["etcd", "status"]);
    assert!(status.contains("3.6"), "{status}");
    let path = config.to_string_lossy();
    let dry = run(&["apply-config", "--file", &path, "--dry-run"]);
    assert!(
        dry.contains("Dry run summary:") && dry.contains("+  sysctls:"),
        "{dry}"
    );
    let addresses = run(&["get", "addresses"]);
    assert!(addresses.contains("127.60.9.1/24"), "{addresses}");
    let refused = |arguments: &[&str]| {
        let mut command = Command::new(&talosctl);
        command
            .arg("--talosconfig")
            .arg(&talosconfig)
            .args(arguments);
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let again = refused(&["bootstrap"]);
    assert!(
        again.contains("AlreadyExists desc = etcd data directory is not empty"),
        "{again}"
    );
    let kubeconfig = folder.path().join("kubeconfig");
    // It has no CA of Kubernetes in its configuration: the call says so.
    let mut command = Command::new(&talosctl);
    let output = command
        .arg("--talosconfig")
        .arg(&talosconfig)
        .arg("kubeconfig")
        .arg(&kubeconfig)
        .output();
    let text = String::from_utf8_lossy(&output.unwrap().stderr).into_owned();
    assert!(text.contains("the cluster's CA is missing"), "{text}");
}
