//! `run --all plan` with no machines, no state and no network: every stage plans on the mocks of the one before.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

#[path = "offline/guide.rs"]
mod guide;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use acceptance_tests::progress::{Progress as _, Stderr};
use acceptance_tests::stages::{self, Runner, Tree};
use acceptance_tests::worlds::said;

/// What a stage may take of its own.
const STAGE: Duration = Duration::from_secs(5);

/// Times are measured.
static TURN: Mutex<()> = Mutex::new(());

/// Of each cluster, resources that are planned on the mocks of stages before.
const CLUSTERS: [(&str, &[&str]); 2] = [
    (
        "real-101",
        &[
            "talos_secrets.cluster",
            "talos_machine_apply.node[\"realcp01\"]",
            "talos_machine_patch.node[\"realcp03\"]",
            "talos_bootstrap.cluster",
        ],
    ),
    (
        "cluster-101",
        &[
            "proxmox_talos_image.iso",
            "proxmox_talos_vm.node[\"solwk03\"]",
            "talos_machine_apply.node[\"solwk01\"]",
            "talos_machine_patch.node[\"solcp02\"]",
            "talos_bootstrap.cluster",
            "flux_operator.this",
            "flux_instance.this",
        ],
    ),
];

#[test]
fn current_terragrunt_with_opentofu_plans_offline() {
    plans_offline(&Runner::current(&mut Stderr).unwrap());
}

#[test]
fn former_terragrunt_with_terraform_plans_offline() {
    plans_offline(&Runner::former(&mut Stderr).unwrap());
}

fn plans_offline(runner: &Runner) {
    let _turn = TURN.lock();
    assert_eq!(routes(), "", "the network of this test leads somewhere");
    for (cluster, resources) in CLUSTERS {
        let work = tempfile::Builder::new()
            .prefix("offline-")
            .tempdir()
            .unwrap();
        let tree = Tree::copy(cluster, &stages::plugin().unwrap(), work.path()).unwrap();
        all_stages(runner, &tree, resources);
        each_stage(runner, &tree);
    }
}

/// Stages that hold resources plan to create them: the mocks reach the resources and are told apart.
fn all_stages(runner: &Runner, tree: &Tree, resources: &[&str]) {
    let all = tree.run_all(runner, &["plan"], &alone).unwrap();
    let text = said(&all);
    assert!(all.status.success(), "{text}");
    for planned in resources {
        let line = format!("{planned} will be created");
        assert!(text.contains(&line), "{planned}\n{text}");
    }
    assert!(text.contains("TS-PLACEHOLDER"), "{text}");
    assert!(!text.contains("Error"), "{text}");
    // Stages that share one trip over each other now and then.
    assert!(!text.contains("shared cache directory"), "{text}");
}

/// None is slow.
fn each_stage(runner: &Runner, tree: &Tree) {
    for stage in tree.stages() {
        let started = Instant::now();
        let output = tree.run(runner, stage, &["plan"], &alone).unwrap();
        let took = started.elapsed();
        Stderr.line(&format!(
            "{}: {} planned in {:.1} s",
            runner.name,
            stage.name(),
            took.as_secs_f32()
        ));
        assert!(output.status.success(), "{}", said(&output));
        assert!(took < STAGE, "{stage:?} took {took:?}");
    }
}

/// A command in a network of its own, in which not even loopback is up.
fn alone(program: &Path) -> Command {
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--net", "--"]).arg(program);
    command
}

/// What such a command could reach.
fn routes() -> String {
    let output = alone(Path::new("ip"))
        .args(["route", "show", "table", "all"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    said(&output).trim().to_owned()
}
