//! The rack itself: real machines come up, survive, and leave nothing behind. Judged by official talosctl and kubectl.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use acceptance_tests::machines::{Rack, RackSpec};
use acceptance_tests::progress::Stderr;
use acceptance_tests::skip;
use acceptance_tests::talosctl::{Talosctl, until};
use acceptance_tests::worlds::single::{self, ADDRESS};
use acceptance_tests::worlds::voters;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);
const CLUSTER: Duration = Duration::from_secs(240);

fn rack(spec: RackSpec) -> Rack {
    Rack::start(spec, &mut Stderr).unwrap()
}

fn said(started: Instant, what: &str) {
    use acceptance_tests::progress::Progress as _;
    Stderr.line(&format!(
        "{:5.1} s  {what}",
        started.elapsed().as_secs_f32()
    ));
}

/// Stages as `get machinestatus` shows them.
const STATUS: [&str; 3] = ["get", "machinestatus", "--insecure"];

#[test]
fn a_fresh_machine_is_in_maintenance_mode_and_obeys_its_switches() {
    if skip::unless_machines_run("a_fresh_machine_is_in_maintenance_mode") {
        return;
    }
    let rack = rack(RackSpec::new(1));
    let machine = rack.machine("cp1").unwrap();
    let talosctl = Talosctl::new(&rack, &rack.files().unwrap()).unwrap();
    talosctl
        .wait(&machine.address(), &STATUS, SOON, |text| {
            text.contains("maintenance   true")
        })
        .unwrap();

    machine.pause().unwrap();
    let silent = rack
        .command("timeout")
        .arg("2")
        .arg(talosctl_binary())
        .args(["-n", "10.5.0.11", "-e", "10.5.0.11"])
        .args(STATUS)
        .output();
    assert!(
        !silent.unwrap().status.success(),
        "a paused machine answered"
    );
    machine.resume().unwrap();
    talosctl
        .wait(&machine.address(), &STATUS, SOON, |text| {
            text.contains("maintenance")
        })
        .unwrap();

    machine.unplug().unwrap();
    assert!(
        machine.wait_for_api(Duration::from_secs(1)).is_err(),
        "an unplugged machine answered"
    );
    machine.plug().unwrap();
    machine.wait_for_api(SOON).unwrap();

    machine.kill().unwrap();
    assert!(!machine.is_running());
    assert!(
        machine.wait_for_api(Duration::from_secs(1)).is_err(),
        "a dead machine answered"
    );
    machine.start().unwrap();
    machine.wait_for_api(SOON).unwrap();
    assert!(
        rack.machine("cp2")
            .unwrap_err()
            .to_string()
            .contains("no machine `cp2`; it has cp1")
    );
}

fn talosctl_binary() -> std::path::PathBuf {
    acceptance_tests::tools::find(acceptance_tests::tools::Tool::Talosctl)
        .unwrap()
        .path
}

#[test]
fn racks_do_not_see_each_other() {
    if skip::unless_machines_run("racks_do_not_see_each_other") {
        return;
    }
    let first = rack(RackSpec::new(2));
    let second = rack(RackSpec::new(1));
    let reach = |rack: &Rack, address: &str| {
        let address = format!("{address}:50000").parse().unwrap();
        rack.inside(|| {
            std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        })
        .unwrap()
    };
    assert!(reach(&first, "10.5.0.12"));
    assert!(
        !reach(&second, "10.5.0.12"),
        "a machine of another rack answered"
    );
    drop(first);
    assert!(
        reach(&second, "10.5.0.11"),
        "the end of one rack ended another"
    );
}

#[test]
fn nothing_outlives_the_owner_of_a_rack() {
    if skip::unless_machines_run("nothing_outlives_the_owner_of_a_rack") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut owner = serve(dir.path());
    assert!(
        Rack::attach(dir.path())
            .unwrap()
            .machine("cp1")
            .unwrap()
            .is_running()
    );
    assert!(
        Rack::start(RackSpec::new(1).dir(dir.path()), &mut Stderr)
            .unwrap_err()
            .to_string()
            .contains("running in"),
        "two racks shared a folder"
    );

    let machine = processes_of(dir.path());
    assert!(machine > 0);
    owner.kill().unwrap();
    owner.wait().unwrap();
    until(
        SOON,
        || Ok(processes_of(dir.path()).to_string()),
        |count| count == "0",
    )
    .unwrap();
    let running = || Ok(Rack::attach(dir.path()).is_ok().to_string());
    until(SOON, running, |running| running == "false").unwrap();
}

#[test]
fn a_machine_that_was_paused_when_its_owner_was_killed_ends_with_the_next_rack() {
    if skip::unless_machines_run("a_machine_that_was_paused_when_its_owner_was_killed") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut owner = serve(dir.path());
    let rack = Rack::attach(dir.path()).unwrap();
    rack.machine("cp1").unwrap().pause().unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    let next = Rack::start_network(RackSpec::new(1), &mut Stderr).unwrap();
    let count = || Ok(processes_of(dir.path()).to_string());
    until(SOON, count, |count| count == "0").unwrap();
    drop(next);
}

/// Starts a rack of one machine whose owner is another process.
fn serve(dir: &std::path::Path) -> std::process::Child {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_talos-rack"))
        .args(["serve", "--machines", "1", "--dir"])
        .arg(dir)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    lines
        .find(|line| line.contains("run commands in this network"))
        .unwrap();
    owner
}

/// Processes whose root or disks are in `dir`.
fn processes_of(dir: &std::path::Path) -> usize {
    let dir = dir.canonicalize().unwrap();
    let mounts =
        |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("mountinfo")).ok();
    let all = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(mounts);
    all.filter(|text| text.contains(&*dir.to_string_lossy()))
        .count()
}

#[test]
fn a_machine_becomes_a_cluster_and_comes_back_from_its_disk() {
    if skip::unless_machines_run("a_machine_becomes_a_cluster_and_comes_back_from_its_disk") {
        return;
    }
    let started = Instant::now();
    let built = single::build().unwrap();
    said(started, "the node is Ready");
    let talosctl = Talosctl::new(&built, &built.files().unwrap()).unwrap();
    let members = talosctl.at(ADDRESS, &["etcd", "members"]).unwrap();
    assert_eq!(voters(&members), 1, "{members}");
    let kubeconfig = built.files().unwrap().join("kubeconfig");
    let kubeconfig = ["kubeconfig", &kubeconfig.to_string_lossy(), "--force"];
    talosctl.at(ADDRESS, &kubeconfig).unwrap();
    wait_for_the_node(&talosctl);
    let again = talosctl.at(ADDRESS, &["bootstrap"]).unwrap_err();
    assert!(
        again
            .to_string()
            .contains("etcd data directory is not empty"),
        "{again}"
    );

    let label = [
        "patch",
        "machineconfig",
        "--mode",
        "reboot",
        "--patch",
        r#"{"machine":{"nodeLabels":{"seen":"twice"}}}"#,
    ];
    talosctl.at(ADDRESS, &label).unwrap();
    let labelled = ["get", "nodelabelspecs", "seen"];
    talosctl
        .wait(ADDRESS, &labelled, CLUSTER, |text| text.contains("seen"))
        .unwrap();
    said(started, "it rebooted for its new configuration");

    built.machine("cp1").unwrap().kill().unwrap();
    built.machine("cp1").unwrap().start().unwrap();
    talosctl
        .wait(ADDRESS, &["version"], SOON, |text| text.contains("RBAC"))
        .unwrap();
    said(
        started,
        "it was killed and came back with its configuration",
    );
    single::save(&built).unwrap();
    drop(built);
    said(started, "saved");

    let again = single::start().unwrap();
    said(started, "started from the saved world");
    let talosctl = Talosctl::new(&again, &again.files().unwrap()).unwrap();
    wait_for_the_node(&talosctl);
    said(started, "the node is Ready");
}

/// Waits until the API server says that the node is Ready.
fn wait_for_the_node(talosctl: &Talosctl<'_>) {
    let ready = |text: &str| text.contains(" Ready ");
    until(CLUSTER, || talosctl.kubectl(&["get", "nodes"]), ready).unwrap();
}
