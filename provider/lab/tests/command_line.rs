//! `talos-lab` as a process, in a network namespace. Where the kernel gives none the tests say
//! that they were skipped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn lab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_talos-lab"));
    command.args(arguments);
    command
}

fn run(script: &str, options: &[&str]) -> Output {
    let mut arguments = vec!["run"];
    arguments.extend(options);
    arguments.extend(["--", "bash", "-c", script]);
    lab(&arguments).output().unwrap()
}

/// Whether the kernel gives the lab a network; says so where it does not.
fn allowed() -> bool {
    let output = run("true", &[]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let refused = text.contains("a network of its own");
    if refused {
        lab::skip::tell(&text);
    }
    !refused
}

/// Dials a host by the shell alone, so that nothing has to be installed.
const DIAL: &str = "dial() { (exec 3<>/dev/tcp/$1/$2) 2>/dev/null; }";

#[test]
fn a_command_runs_in_a_world_and_its_status_counts() {
    if !allowed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let script = format!(
        "{DIAL}; dial 192.0.2.11 8006 && dial 192.0.2.13 8006 || exit 1; dial 192.0.2.99 80 && exit 2; \
         test -s $PROXMOX_VE_CA_PEM || exit 3; test $PROXMOX_VE_ENDPOINT = https://192.0.2.11:8006 || exit 4; \
         case $PROXMOX_VE_API_TOKEN in root@pam!lab=*) exit 7;; *) exit 5;; esac"
    );
    let output = run(&script, &["--journal", journal.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(journal.is_file());
    let killed = run("kill -KILL $$", &[]);
    assert_eq!(killed.status.code(), Some(137));
}

#[test]
fn a_seed_gives_the_same_world() {
    if !allowed() {
        return;
    }
    let token = |seed: &str| run("printf %s $PROXMOX_VE_API_TOKEN", &["--seed", seed]).stdout;
    assert_eq!(token("5"), token("5"));
    assert_ne!(token("5"), token("6"));
}

#[test]
fn mistakes_are_named() {
    let output = lab(&["run", "--scenario", "/nonexistent", "--", "true"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent"));
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().to_str().unwrap();
    for arguments in [
        ["exec", "--dir", nowhere, "--", "true"],
        ["power", "--dir", nowhere, "cp01", "on"],
    ] {
        let output = lab(&arguments).output().unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("no lab is being served"));
    }
}

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn wait_for(path: &Path) {
    let until = Instant::now() + Duration::from_secs(20);
    while !path.exists() {
        assert!(Instant::now() < until, "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn status(folder: &str) -> serde_json::Value {
    let output = lab(&["status", "--dir", folder, "--json"])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_served_world_is_joined_switched_and_kept() {
    if !allowed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    std::fs::write(
        &scenario,
        "world: { vms: { 101: { node: pve01, options: { name: cp01 } } } }",
    )
    .unwrap();
    let arguments = [
        "serve",
        "--dir",
        dir,
        "--scenario",
        scenario.to_str().unwrap(),
    ];
    let serve = || Serving(lab(&arguments).stderr(Stdio::null()).spawn().unwrap());
    let serving = serve();
    wait_for(&folder.path().join("served.json"));
    let script = format!("{DIAL}; dial 192.0.2.12 8006");
    let joined = lab(&["exec", "--dir", dir, "--", "bash", "-c", &script])
        .status()
        .unwrap();
    assert!(joined.success());
    assert_eq!(status(dir)["vms"][0]["status"], "stopped");
    assert_eq!(status(dir)["played"], true);
    let second = lab(&arguments).output().unwrap();
    assert!(String::from_utf8_lossy(&second.stderr).contains("another lab plays the world"));
    for (switch, wanted) in [("on", "running"), ("off", "stopped"), ("on", "running")] {
        assert!(
            lab(&["power", "--dir", dir, "cp01", switch])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(status(dir)["vms"][0]["status"], wanted, "after {switch}");
    }
    let unknown = lab(&["power", "--dir", dir, "cp09", "on"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("cp09"));
    drop(serving);
    // What ran goes on running in the next world there; until then nothing does.
    assert_eq!(status(dir)["vms"][0]["status"], "running");
    assert_eq!(status(dir)["played"], false);
    let left = lab(&["status", "--dir", dir]).output().unwrap();
    assert!(String::from_utf8_lossy(&left.stdout).starts_with("No lab plays this world now."));
    assert!(!folder.path().join("served.json").exists());
    let again = serve();
    wait_for(&folder.path().join("served.json"));
    assert_eq!(status(dir)["vms"][0]["status"], "running");
    drop(again);
}

#[test]
fn programs_that_are_missing_are_named_at_once() {
    if !allowed() {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let mut command = lab(&["run", "--", env!("CARGO_BIN_EXE_talos-lab"), "--version"]);
    for name in ["TALOS_STACK_CACHE", "PATH"] {
        command.env(name, nothing.path());
    }
    for name in ["TALOS_LAB_TOOLS", "KUBEBUILDER_ASSETS"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let wanted = "not found: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, flux-operator, source-controller, \
                  kustomize-controller; without them Kubernetes does not start. Run `cargo xtask tools`";
    assert!(told.contains(wanted), "{told}");
}

#[test]
fn services_are_found_by_address_and_by_name() {
    if !allowed() {
        return;
    }
    let script = format!(
        "{DIAL}; dial 192.0.2.20 443 && dial 192.0.2.21 443 && dial 192.0.2.21 5000 || exit 1; \
         test $TALOS_IMAGE_FACTORY_URL = https://192.0.2.20 || exit 2; \
         test -s $TALOS_IMAGE_FACTORY_CA_PEM || exit 3; \
         case $(getent hosts ghcr.io) in 192.0.2.21*) exit 7;; *) exit 4;; esac"
    );
    let output = run(&script, &[]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let nameless = text.contains("names of the lab's services cannot be set");
    let wanted = if nameless { 4 } else { 7 };
    assert_eq!(output.status.code(), Some(wanted), "{output:?}");
}
