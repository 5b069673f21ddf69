//! The plugin dies at the worst moments, state is lost, machines lose power: a second apply converges every time, and
//! there is one etcd cluster.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

#[path = "kills/bench.rs"]
mod bench;
#[path = "kills/killed.rs"]
mod killed;
#[path = "kills/modules.rs"]
mod modules;

use std::fs;

use acceptance_tests::progress::{Progress as _, Stderr};
use acceptance_tests::skip;
use bench::Bench;
use serde_json::json;

#[test]
fn a_second_apply_converges_whatever_died_in_the_first() {
    if skip::unless_machines_run("a_second_apply_converges_whatever_died_in_the_first") {
        return;
    }
    let bench = Bench::new();
    first_configuration(&bench);
    changed_configuration(&bench);
    patches(&bench);
    let first = bootstrap_accepted(&bench);
    waiting(&bench);
    let asked = if first.is_some() { 1 } else { 2 };
    third_member_loses_power(&bench);
    one_cluster(&bench, first.as_deref());
    lost_state(&bench);
    one_wiped(&bench);
    assert_eq!(bench.bootstraps(), asked, "bootstrapped again");
}

/// Killed as soon as one machine in maintenance mode has its configuration.
fn first_configuration(bench: &Bench) {
    let root = bench.machines();
    killed::when(&root, &[], || bench.configured() > 0);
    bench.converges(&root, "after the first configuration");
    assert_eq!(bench.configured(), 3);
}

/// Killed as soon as one configured machine has the new value of a setting that was applied before.
fn changed_configuration(bench: &Bench) {
    let root = bench.machines();
    let sysctl = |value: &str| json!({ "config_patches": [format!("machine: {{ sysctls: {{ {value} }} }}")] });
    bench.change(&root, &sysctl("net.core.somaxconn: \"4096\""));
    bench.converges(&root, "with a setting");
    let changed = "net.core.somaxconn: \"8192\"";
    bench.change(&root, &sysctl(changed));
    killed::when(&root, &[], || bench.holding(changed) > 0);
    bench.converges(&root, "after a changed setting");
    assert_eq!(bench.holding(changed), 3);
}

/// The same for patches; what was owned before the kill is given back afterwards.
fn patches(bench: &Bench) {
    let root = bench.patches();
    let set = |sysctl: &str| {
        let patches: Vec<_> = (!sysctl.is_empty())
            .then(|| format!("machine: {{ sysctls: {{ {sysctl} }} }}"))
            .into_iter()
            .collect();
        bench.change(&root, &json!({ "patches": patches }));
    };
    let first = "net.core.netdev_max_backlog: \"2048\"";
    set(first);
    killed::when(&root, &[], || bench.holding(first) > 0);
    bench.converges(&root, "after a first patch");
    assert_eq!(bench.holding(first), 3);

    set("net.core.optmem_max: \"81920\"");
    bench.converges(&root, "with a patch");
    let changed = "net.core.optmem_max: \"90112\"";
    set(changed);
    killed::when(&root, &[], || bench.holding(changed) > 0);
    bench.converges(&root, "after a changed patch");
    assert_eq!(bench.holding(changed), 3);
    set("");
    bench.converges(&root, "without patches");
    assert_eq!(bench.holding("net.core.optmem_max"), 0);
}

/// Killed when the machine has accepted the bootstrap: core knows nothing of it. Gives the member that it made, or none where
/// Talos had stopped etcd and, its caller gone, did not start it again.
fn bootstrap_accepted(bench: &Bench) -> Option<String> {
    let root = bench.cluster();
    killed::when(&root, &[], || bench.bootstraps() > 0);
    assert!(
        root.object("talos_bootstrap.cluster").unwrap().is_null(),
        "state knows of the bootstrap"
    );
    let member = bench.first_member();
    Stderr.line(&format!("the bootstrap made {member:?}"));
    member
}

/// Killed while it waits for members: it has adopted what is there.
fn waiting(bench: &Bench) {
    let root = bench.cluster();
    let log = root.folder().join("waiting.log");
    killed::when(&root, &killed::logging(&log), || {
        killed::says(&log, "of 3 etcd members vote")
    });
}

/// A machine loses power while the third member joins; the apply goes on, or the next one does.
fn third_member_loses_power(bench: &Bench) {
    let root = bench.cluster();
    let log = root.folder().join("power.log");
    let joining = || (bench.members() >= 2).then(|| bench.youngest());
    let run = killed::during(&root, &killed::logging(&log), joining, |machine| {
        Stderr.line(&format!("{machine} loses power"));
        let machine = bench.rack().machine(&machine).unwrap();
        machine.kill().unwrap();
        machine.start().unwrap();
    });
    Stderr.line(&format!(
        "the apply that saw it: ok {}\n{}",
        run.ok,
        run.told()
    ));
    bench.converges(&root, "after a power loss");
}

/// All three list the same three voters, and the first of them is the one that was bootstrapped first.
fn one_cluster(bench: &Bench, first: Option<&str>) {
    let lists: Vec<_> = bench::ADDRESSES
        .iter()
        .map(|address| bench.member_ids(address))
        .collect();
    assert_eq!(lists[0].len(), 3, "{lists:?}");
    assert!(lists.iter().all(|list| *list == lists[0]), "{lists:?}");
    assert!(
        first.is_none_or(|first| lists[0].contains(first)),
        "{first:?} is not in {lists:?}"
    );
    let state = bench.cluster().object("talos_bootstrap.cluster").unwrap();
    assert_eq!(
        (&state["status"], &state["cluster_ready"]),
        (&json!("adopted"), &json!(true))
    );
    let members = state["etcd_members"].as_object().unwrap();
    let told: std::collections::BTreeSet<_> = members
        .values()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, lists[0]);
}

/// Without its state file the same cluster is found again.
fn lost_state(bench: &Bench) {
    let root = bench.cluster();
    let before = root.object("talos_bootstrap.cluster").unwrap();
    fs::remove_file(root.state_file()).unwrap();
    bench.converges(&root, "after the state was lost");
    assert_eq!(root.object("talos_bootstrap.cluster").unwrap(), before);
}

/// One machine lost its disk, the others were off, and the state is lost: it waits for what they hold, starts no second etcd
/// on the machine that looks new, and the wiped one joins again.
fn one_wiped(bench: &Bench) {
    let wiped = "cp2";
    let machine = |name: &str| bench.rack().machine(name).unwrap();
    let before = bench.member_ids(bench::ADDRESSES[0]);
    for name in bench::MACHINES {
        machine(name).kill().unwrap();
    }
    machine(wiped).wipe().unwrap();
    machine(wiped).start().unwrap();
    machine(wiped).wait_for_api(bench::MEMBER).unwrap();
    bench.configures(wiped);

    let root = bench.cluster();
    bench.change(&root, &json!({ "node": wiped }));
    fs::remove_file(root.state_file()).unwrap();
    let log = root.folder().join("wiped.log");
    let waits = || killed::says(&log, "cp1: ").then_some(());
    let run = killed::during(&root, &killed::logging(&log), waits, |()| {
        machine("cp1").start().unwrap();
        machine("cp3").start().unwrap();
    });
    Stderr.line(&format!(
        "the apply that saw it: ok {}\n{}",
        run.ok,
        run.told()
    ));
    bench.converges(&root, "after one was wiped");
    let after = bench.member_ids(bench::ADDRESSES[1]);
    assert_eq!(after.len(), 3, "{after:?}");
    assert_eq!(
        after.intersection(&before).count(),
        2,
        "{before:?} {after:?}"
    );
}
