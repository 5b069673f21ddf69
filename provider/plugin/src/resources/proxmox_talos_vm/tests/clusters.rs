//! A machine that is not there, in its own cluster and in another one.

use framework::testing::Object;

use super::*;
use crate::resources::proxmox_talos_vm::TalosVmResource;
use crate::resources::proxmox_talos_vm::plan::Private;
use crate::shared::fake_pve::{FakePve, FakeVm, Fault};
use crate::shared::testing::told;

/// A cluster, and what a machine that was made in it left in state.
async fn made(cluster: Option<&'static str>) -> (FakePve, TalosVm, Private) {
    let pve = FakePve::start().await;
    pve.world().cluster = cluster;
    if cluster.is_none() {
        pve.world().hosts = vec!["pve1"];
    }
    let mut vm = pve.core().object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let (state, private) = (vm.state().unwrap(), vm.private().unwrap());
    (pve, state, private)
}

fn known(pve: &FakePve, state: &TalosVm, private: &Private) -> Object<TalosVmResource> {
    let mut vm = pve.core().object::<TalosVmResource>();
    vm.assume(state, private).unwrap();
    vm
}

async fn other(cluster: Option<&'static str>, hosts: &[&'static str]) -> FakePve {
    let pve = FakePve::start().await;
    pve.world().cluster = cluster;
    pve.world().hosts = hosts.to_vec();
    pve
}

#[tokio::test]
async fn in_another_cluster_nothing_is_known_of_a_machine() {
    let (_home, state, private) = made(Some("home")).await;
    let elsewhere = [
        // With a host of the same name, and without.
        (Some("away"), vec!["pve1", "pve2"]),
        (Some("away"), vec!["a", "b"]),
        (None, vec!["a"]),
    ];
    for ((name, hosts), taken) in elsewhere.into_iter().zip([true, false, false]) {
        let pve = other(name, &hosts).await;
        if taken {
            let somebodys = FakeVm {
                node: "pve2".to_owned(),
                ..FakeVm::default()
            };
            pve.world().vms.insert(101, somebodys);
        }
        let mut vm = known(&pve, &state, &private);
        let kept = told(&vm.refresh().await.unwrap());
        assert!(
            kept.contains("TS-REFRESH-KEPT: cp01") && kept.contains("TS-PVE-OTHER-CLUSTER"),
            "{kept}"
        );
        assert!(
            kept.contains("it was in the cluster home (pve1, pve2)") && kept.contains("state rm"),
            "{kept}"
        );
        assert!(vm.state().is_some());
        let changed = changed(|config| config.description = "notes".into());
        for config in [Some(&changed), None] {
            let plan = vm.plan_only(config).unwrap();
            let error = told(&vm.apply_plan(config, &plan).await.unwrap_err());
            assert!(error.contains("TS-PVE-OTHER-CLUSTER: cp01"), "{error}");
            assert!(vm.state().is_some());
        }
        assert!(pve.host.writes().is_empty(), "{:?}", pve.host.writes());
    }
}

#[tokio::test]
async fn what_became_of_the_cluster_does_not_hide_that_a_machine_is_gone() {
    let cases = [
        // The host of the machine was removed.
        (Some("home"), (Some("home"), vec!["pve2", "pve3"])),
        // A host that stood alone joined a cluster, and one left it.
        (None, (Some("new"), vec!["new1", "pve1"])),
        (Some("home"), (None, vec!["pve1"])),
    ];
    for (then, (name, hosts)) in cases {
        let (pve, state, private) = made(then).await;
        pve.world().cluster = name;
        pve.world().hosts = hosts;
        if pve.world().hosts.contains(&"pve1") {
            let mut vm = known(&pve, &state, &private);
            vm.refresh().await.unwrap();
            let seen = vm.private().unwrap().sight.cluster;
            assert_eq!(seen.name.as_deref(), name, "what changed is noted");
        }
        pve.world().vms.clear();
        let mut vm = known(&pve, &state, &private);
        vm.refresh().await.unwrap();
        assert!(vm.state().is_none(), "{name:?}");
    }
}

#[tokio::test]
async fn state_without_a_cluster_goes_by_the_host() {
    let (_home, state, mut private) = made(Some("home")).await;
    private.sight.cluster = Default::default();
    let pve = other(Some("away"), &["a", "b"]).await;
    let mut vm = known(&pve, &state, &private);
    let kept = told(&vm.refresh().await.unwrap());
    assert!(
        kept.contains("TS-PVE-HOST-UNKNOWN") && kept.contains("has no host pve1"),
        "{kept}"
    );
    assert!(
        kept.contains("gone for good") && kept.contains("state rm"),
        "{kept}"
    );
    assert!(vm.state().is_some());
    // A host of this name that does not have it.
    let pve = other(Some("away"), &["pve1"]).await;
    let mut vm = known(&pve, &state, &private);
    vm.refresh().await.unwrap();
    assert!(vm.state().is_none());
}

#[tokio::test]
async fn the_cluster_is_asked_for_once_and_by_its_hosts_without_the_privilege() {
    const STATUS: &str = "GET /cluster/status";
    let (pve, state, private) = made(Some("home")).await;
    let asked = |pve: &FakePve| {
        let journal = pve.host.journal();
        journal
            .iter()
            .filter(|asked| asked.line() == STATUS)
            .count()
    };
    let before = asked(&pve);
    let core = pve.core();
    for _ in 0..2 {
        let mut vm = core.object::<TalosVmResource>();
        vm.assume(&state, &private).unwrap();
        vm.refresh().await.unwrap();
    }
    assert_eq!(asked(&pve), before + 1);

    let pve = other(Some("away"), &["a", "b"]).await;
    pve.fault(
        STATUS,
        Fault::Refused(403, "Permission check failed (/, Sys.Audit)"),
    );
    let mut vm = known(&pve, &state, &private);
    let kept = told(&vm.refresh().await.unwrap());
    assert!(kept.contains("TS-PVE-OTHER-CLUSTER"), "{kept}");
    assert!(vm.state().is_some());
}
