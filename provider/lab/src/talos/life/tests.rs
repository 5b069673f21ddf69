//! Lives of machines, with time that passes when the tests say so.

use std::net::IpAddr;

use serde_json::json;

use super::*;
use crate::cluster::NodeView;
use crate::talos::config::{Config, testing::config};
use crate::talos::machine::{Door, Metal, Stage};

/// Machines with addresses 10.5.0.1 and on, that are on.
fn rack(count: u8) -> (Rack, Vec<Key>) {
    let mut rack = Rack::new("v1.12.6", 1, 0);
    let keys: Vec<Key> = (1..=count)
        .map(|number| Key::Metal(format!("m{number}")))
        .collect();
    for (number, key) in (1..).zip(&keys) {
        let value = json!({ "name": format!("m{number}"), "addresses": [format!("10.5.0.{number}")], "disks": [{ "device": "/dev/sda", "size_gib": 40 }] });
        let hardware = Metal::read(&value).unwrap().hardware(number);
        rack.put(key, hardware, Disks::new());
        rack.power_on(key);
    }
    (rack, keys)
}

fn pass(rack: &mut Rack, seconds: i64) {
    let now = rack.now + seconds * 1000;
    rack.advance(now);
    rack.settle();
}

fn stage(rack: &Rack, key: &Key) -> Stage {
    rack.run(key).unwrap().stage
}

/// A control plane's configuration with a host name and a shared address.
fn plane(name: &str) -> Config {
    let text = config("controlplane", "").text.replace(
        "    network: {}\n",
        &format!("    network:\n        hostname: {name}\n        interfaces: [{{ interface: eth0, vip: {{ ip: 10.5.0.100 }} }}]\n"),
    );
    Config::parse(&format!("{text}    discovery:\n        enabled: true\n")).unwrap()
}

/// Machines that are installed and wait for their bootstrap.
fn installed(count: u8) -> (Rack, Vec<Key>) {
    let (mut rack, keys) = rack(count);
    pass(&mut rack, 10);
    for (number, key) in (1..).zip(&keys) {
        assert_eq!(stage(&rack, key), Stage::Maintenance);
        rack.configure(key, plane(&format!("cp{number}")));
    }
    pass(&mut rack, 60);
    (rack, keys)
}

/// Three voters with a Kubernetes that is well.
fn cluster() -> (Rack, Vec<Key>) {
    let (mut rack, keys) = installed(3);
    rack.bootstrap(&keys[0]);
    pass(&mut rack, 60);
    for key in &keys {
        let uuid = rack.machine(key).unwrap().hardware.uuid.clone();
        let well = NodeView {
            api_server: true,
            controller_manager: true,
            scheduler: true,
            registered: true,
            ready: true,
        };
        rack.nodes.insert(uuid, well);
    }
    rack.settle();
    (rack, keys)
}

fn members(rack: &Rack, key: &Key) -> Vec<(String, bool)> {
    let view = rack.etcd_agreed(key).unwrap();
    let members = view.data.members.into_iter();
    members
        .map(|member| (member.name, member.learner))
        .collect()
}

#[test]
fn a_machine_is_installed_and_comes_back_with_its_configuration() {
    let (mut rack, keys) = rack(1);
    let key = &keys[0];
    assert_eq!(rack.run(key).unwrap().door, Door::Closed);
    pass(&mut rack, 10);
    assert_eq!(rack.run(key).unwrap().door, Door::Maintenance);
    let before = rack.run(key).unwrap().boot_id.clone();
    rack.configure(key, plane("cp1"));
    pass(&mut rack, 5);
    assert_eq!(
        (stage(&rack, key), rack.run(key).unwrap().door),
        (Stage::Installing, Door::Closed)
    );
    assert!(rack.machine(key).unwrap().system_disk().is_none());
    pass(&mut rack, 12);
    assert_eq!(stage(&rack, key), Stage::Rebooting);
    pass(&mut rack, 30);
    // A control plane waits for its bootstrap.
    assert_eq!(stage(&rack, key), Stage::Booting);
    assert_ne!(rack.run(key).unwrap().boot_id, before);
    assert_eq!(rack.machine(key).unwrap().persisted(), Some(plane("cp1")));
    assert_eq!(rack.run(key).unwrap().network.hostname, "cp1");
}

#[test]
fn a_power_loss_while_it_is_installed_leaves_nothing() {
    let (mut rack, keys) = rack(1);
    pass(&mut rack, 10);
    rack.configure(&keys[0], plane("cp1"));
    pass(&mut rack, 5);
    rack.power_off(&keys[0]);
    pass(&mut rack, 60);
    assert!(
        rack.run(&keys[0]).is_none()
            && rack
                .effects
                .iter()
                .all(|effect| !matches!(effect, Effect::Write { .. }))
    );
    rack.power_on(&keys[0]);
    pass(&mut rack, 10);
    assert_eq!(stage(&rack, &keys[0]), Stage::Maintenance);
}

#[test]
fn a_disk_that_is_not_there_leads_back_to_maintenance_mode() {
    let (mut rack, keys) = rack(1);
    pass(&mut rack, 10);
    let text = plane("cp1").text.replace("/dev/sda", "/dev/nvme0n1");
    rack.configure(&keys[0], Config::parse(&text).unwrap());
    pass(&mut rack, 60);
    assert_eq!(stage(&rack, &keys[0]), Stage::Maintenance);
}

#[test]
fn three_control_planes_become_three_voters() {
    let (rack, keys) = cluster();
    let mut names = members(&rack, &keys[0]);
    names.sort();
    let wanted: Vec<(String, bool)> = ["cp1", "cp2", "cp3"]
        .map(|name| (name.to_owned(), false))
        .into();
    assert_eq!(names, wanted);
    for key in &keys {
        assert_eq!(stage(&rack, key), Stage::Running);
        assert!(unmet(&rack, rack.machine(key).unwrap()).is_empty());
    }
}

#[test]
fn one_bootstrap_makes_one_cluster_and_nobody_joins_none() {
    let (mut rack, keys) = installed(2);
    pass(&mut rack, 120);
    assert_eq!(rack.etcd_agreed(&keys[0]), Err(EtcdError::Down));
    rack.bootstrap(&keys[1]);
    pass(&mut rack, 2);
    assert!(rack.machine(&keys[1]).unwrap().etcd_data().is_some());
    pass(&mut rack, 60);
    assert_eq!(members(&rack, &keys[0]).len(), 2);
}

#[test]
fn without_a_quorum_nothing_is_agreed_until_it_is_back() {
    let (mut rack, keys) = cluster();
    rack.power_off(&keys[1]);
    rack.settle();
    assert!(rack.etcd_agreed(&keys[0]).is_ok());
    rack.power_off(&keys[2]);
    rack.settle();
    assert_eq!(rack.etcd_agreed(&keys[0]), Err(EtcdError::NoQuorum));
    let etcd = &rack.run(&keys[0]).unwrap().services["etcd"];
    assert_eq!((etcd.running(), etcd.healthy), (true, Some(false)));
    rack.power_on(&keys[2]);
    pass(&mut rack, 30);
    assert_eq!(members(&rack, &keys[0]).len(), 3);
}

#[test]
fn the_shared_address_moves_to_who_is_left() {
    let (mut rack, keys) = cluster();
    let vip: IpAddr = "10.5.0.100".parse().unwrap();
    let holder = rack.at_address(vip).unwrap().clone();
    rack.power_off(&holder);
    rack.settle();
    assert_eq!(rack.at_address(vip), None);
    pass(&mut rack, 10);
    let next = rack.at_address(vip).unwrap();
    assert!(*next != holder && keys.contains(next));
}

#[test]
fn a_reset_leaves_etcd_and_wipes_the_disk() {
    let (mut rack, keys) = cluster();
    let wipe = Wipe {
        labels: Vec::new(),
        system: true,
        user_disks: Vec::new(),
        graceful: true,
        reboot: true,
    };
    assert!(rack.reset(&keys[2], "actor", wipe.clone()));
    assert!(!rack.reset(&keys[2], "actor", wipe.clone()));
    pass(&mut rack, 30);
    assert_eq!(members(&rack, &keys[0]).len(), 2);
    assert_eq!(stage(&rack, &keys[2]), Stage::Maintenance);
    // The last member cannot leave: the reset fails, and nothing is lost.
    rack.power_off(&keys[1]);
    let _ = rack.reset(&keys[0], "actor", wipe);
    pass(&mut rack, 400);
    assert!(rack.machine(&keys[0]).unwrap().etcd_data().is_some());
    assert_eq!(
        rack.machine(&keys[0]).unwrap().persisted(),
        Some(plane("cp1"))
    );
}

#[test]
fn wiping_state_alone_forgets_the_configuration_and_keeps_the_release() {
    let (mut rack, keys) = installed(1);
    let wipe = Wipe {
        labels: vec!["STATE".into(), "EPHEMERAL".into()],
        system: false,
        user_disks: Vec::new(),
        graceful: false,
        reboot: true,
    };
    rack.reset(&keys[0], "", wipe);
    pass(&mut rack, 30);
    assert_eq!(stage(&rack, &keys[0]), Stage::Maintenance);
    let machine = rack.machine(&keys[0]).unwrap();
    assert_eq!(machine.system_disk().unwrap().1.version, "v1.12.6");
    // What is installed is not installed again.
    rack.configure(&keys[0], plane("cp1"));
    pass(&mut rack, 3);
    assert_eq!(stage(&rack, &keys[0]), Stage::Booting);
}

#[test]
fn a_removed_member_does_not_come_back_by_itself() {
    let (mut rack, keys) = cluster();
    let id = rack.etcd_local(&keys[2]).unwrap().data.member;
    rack.remove_member(&keys[0], id).unwrap();
    pass(&mut rack, 60);
    assert_eq!(members(&rack, &keys[0]).len(), 2);
    assert_eq!(rack.etcd_local(&keys[2]), Err(EtcdError::Down));
    assert_eq!(
        rack.remove_member(&keys[0], id),
        Err(EtcdError::Refused(crate::talos::etcd::Refused::NotFound))
    );
}

#[test]
fn a_try_comes_back_unless_it_is_confirmed() {
    let (mut rack, keys) = installed(1);
    let key = &keys[0];
    let old = plane("cp1");
    let new = Config::parse(
        &old.text
            .replace("    token: t\n", "    token: t\n    sysctls: { a: b }\n"),
    )
    .unwrap();
    let apply = |mode| Apply {
        config: new.clone(),
        mode,
        dry_run: false,
    };
    let done = rack.apply(key, &apply(ApplyMode::Try(60_000))).unwrap();
    assert!(
        done.details
            .ends_with("will be automatically reverted back in 1m0s"),
        "{}",
        done.details
    );
    assert_eq!(rack.machine(key).unwrap().active(), Some(&new));
    assert_eq!(rack.machine(key).unwrap().persisted(), Some(old.clone()));
    pass(&mut rack, 61);
    assert_eq!(rack.machine(key).unwrap().active(), Some(&old));
    rack.apply(key, &apply(ApplyMode::Try(60_000))).unwrap();
    rack.apply(key, &apply(ApplyMode::NoReboot)).unwrap();
    pass(&mut rack, 61);
    assert_eq!(rack.machine(key).unwrap().active(), Some(&new));
    assert_eq!(rack.machine(key).unwrap().persisted(), Some(new));
}

#[test]
fn modes_do_what_they_say() {
    let (mut rack, keys) = installed(1);
    let key = &keys[0];
    let old = plane("cp1");
    let boot = rack.run(key).unwrap().boot_id.clone();
    let env = Config::parse(
        &old.text
            .replace("    token: t\n", "    token: t\n    env: { A: b }\n"),
    )
    .unwrap();
    let apply = |mode, dry_run| Apply {
        config: env.clone(),
        mode,
        dry_run,
    };
    let refused = rack
        .apply(key, &apply(ApplyMode::NoReboot, false))
        .unwrap_err();
    assert!(
        refused.starts_with("this config change can't be applied in immediate mode\ndiff:\n"),
        "{refused}"
    );
    let dry = rack.apply(key, &apply(ApplyMode::Auto, true)).unwrap();
    assert_eq!(dry.mode, ApplyMode::Reboot);
    assert!(dry.details.starts_with("Dry run summary:\nApplied configuration with a reboot (skipped in dry-run).\nConfig diff:\n\n--- a\n+++ b\n"), "{}", dry.details);
    assert_eq!(rack.machine(key).unwrap().persisted(), Some(old.clone()));
    rack.apply(key, &apply(ApplyMode::Staged, false)).unwrap();
    assert_eq!(rack.machine(key).unwrap().active(), Some(&old));
    assert_eq!(rack.machine(key).unwrap().persisted(), Some(env.clone()));
    let done = rack.apply(key, &apply(ApplyMode::Auto, false)).unwrap();
    assert!(
        done.details
            .starts_with("Applied configuration with a reboot: this config change")
    );
    pass(&mut rack, 30);
    assert_ne!(rack.run(key).unwrap().boot_id, boot);
    assert_eq!(rack.machine(key).unwrap().active(), Some(&env));
}

#[test]
fn a_worker_waits_for_a_control_plane_that_signs_its_certificate() {
    let (mut rack, keys) = rack(2);
    pass(&mut rack, 10);
    let worker = config("worker", "").text.replace("        key: a2V5\n", "");
    rack.configure(&keys[0], Config::parse(&worker).unwrap());
    pass(&mut rack, 60);
    assert_eq!(rack.run(&keys[0]).unwrap().door, Door::Closed);
    rack.configure(&keys[1], plane("cp1"));
    pass(&mut rack, 60);
    assert_eq!(rack.run(&keys[0]).unwrap().door, Door::Api);
    assert_eq!(stage(&rack, &keys[0]), Stage::Running);
    let unmet: Vec<&str> = unmet(&rack, rack.machine(&keys[0]).unwrap())
        .iter()
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(unmet, ["nodeReady"]);
}
