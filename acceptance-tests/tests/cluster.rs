//! From machines in maintenance mode to a cluster, by `terragrunt run --all apply`, with both pairs of terragrunt and core.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use std::sync::Mutex;
use std::time::{Duration, Instant};

use acceptance_tests::progress::{Progress as _, Stderr};
use acceptance_tests::skip;
use acceptance_tests::stages::{Runner, Stage};
use acceptance_tests::talosctl::until;
use acceptance_tests::worlds::{MACHINES, World, said, voters};

/// How long the kubelets may take to report their nodes.
const NODES: Duration = Duration::from_secs(180);

/// Two clusters at a time that pull their images are slower than one after the other.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn current_terragrunt_with_opentofu_makes_a_cluster() {
    if skip::unless_machines_run("current_terragrunt_with_opentofu_makes_a_cluster") {
        return;
    }
    let _turn = TURN.lock();
    let world = makes_a_cluster(Runner::current(&mut Stderr).unwrap());
    // Other tests start from it.
    world.save().unwrap();
}

#[test]
fn former_terragrunt_with_terraform_makes_a_cluster() {
    if skip::unless_machines_run("former_terragrunt_with_terraform_makes_a_cluster") {
        return;
    }
    let _turn = TURN.lock();
    makes_a_cluster(Runner::former(&mut Stderr).unwrap());
}

fn makes_a_cluster(runner: Runner) -> World {
    let started = Instant::now();
    let step = |what: &str| {
        Stderr.line(&format!(
            "{:5.1} s  {what}",
            started.elapsed().as_secs_f32()
        ));
    };
    let world = World::machines(runner).unwrap();
    step("three machines in maintenance mode");
    world.expect_all(&["apply"]).unwrap();
    step("all stages applied");

    let talosctl = world.talosctl().unwrap();
    let members = talosctl.at("10.5.0.12", &["etcd", "members"]).unwrap();
    assert_eq!(voters(&members), 3, "{members}");
    let ready = world.output(Stage::Bootstrap, "cluster_ready").unwrap();
    assert_eq!(ready, true);
    let cluster = world.output(Stage::Secrets, "cluster_id").unwrap();
    let seen = world.output(Stage::Bootstrap, "cluster_id").unwrap();
    assert_eq!(cluster, seen);

    let listed = |text: &str| {
        MACHINES
            .iter()
            .all(|name| text.contains(&format!("node/{name}")))
    };
    until(
        NODES,
        || talosctl.kubectl(&["get", "nodes", "-o", "name"]),
        listed,
    )
    .unwrap();
    let pods = || talosctl.kubectl(&["-n", "kube-system", "get", "pods", "-o", "name"]);
    until(NODES, pods, |text| {
        text.contains("pod/kube-apiserver-realcp01")
    })
    .unwrap();
    step("Kubernetes answers to our kubeconfig");

    nothing_left_to_do(&world);
    step("plans are empty");
    world
}

/// `plan -detailed-exitcode` says 0 in every stage.
fn nothing_left_to_do(world: &World) {
    for stage in world.tree.stages() {
        let output = world.run(stage, &["plan", "-detailed-exitcode"]).unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{stage:?}\n{}",
            said(&output)
        );
        assert!(
            said(&output).contains("No changes."),
            "{stage:?}\n{}",
            said(&output)
        );
    }
}
