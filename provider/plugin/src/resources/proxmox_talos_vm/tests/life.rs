use framework::testing::Change;

use super::*;
use crate::resources::proxmox_talos_vm::TalosVmResource;
use crate::shared::fake_pve::FakePve;
use crate::shared::testing::told;

#[tokio::test]
async fn a_machine_is_made_seen_and_taken_away() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    let plan = vm.plan(Some(&config())).await.unwrap();
    let planned = plan.model.as_ref().unwrap();
    assert_eq!(planned.install_disk.as_str(), Some("/dev/sda"));
    assert_eq!(
        planned.talos_endpoints.all_known().unwrap(),
        ["127.0.0.1", "::1"]
    );
    assert!(
        planned.mac_addresses.get().unwrap()["net0"]
            .text()
            .starts_with("BC:24:11:")
    );
    vm.apply_plan(Some(&config()), &plan).await.unwrap();

    let state = vm.state().unwrap();
    assert_eq!(
        (state.id.as_str(), state.status.as_str()),
        (Some("101"), Some("running"))
    );
    {
        let world = pve.world();
        let values = &world.vms[&101].values;
        for (key, value) in [
            (
                "scsi0",
                "vms:vm-101-disk-1,aio=io_uring,cache=none,discard=on,iothread=1,size=40G,ssd=1",
            ),
            (
                "efidisk0",
                "vms:vm-101-disk-0,efitype=4m,pre-enrolled-keys=0,size=1G",
            ),
            ("ide0", "files:iso/talos.iso,media=cdrom"),
            ("cpu", "host"),
            ("memory", "8192"),
            ("balloon", "0"),
            ("boot", "order=scsi0;ide0"),
            ("ostype", "l26"),
            ("onboot", "1"),
        ] {
            assert_eq!(values.get(key).map(String::as_str), Some(value), "{key}");
        }
        let mac = state.mac_addresses.get().unwrap()["net0"].text();
        assert_eq!(
            values["net0"],
            format!("virtio={mac},bridge=vnet101,mtu=1450")
        );
        assert!(
            values["ide3"].starts_with("files:iso/talos-seed-cp01-"),
            "{}",
            values["ide3"]
        );
        assert!(
            world
                .volume_names()
                .iter()
                .any(|name| values["ide3"].starts_with(name))
        );
    }
    let again = vm.plan(Some(&config())).await.unwrap();
    assert_eq!(again.change, Change::None, "{}", told(&again.warnings));

    vm.apply(None).await.unwrap();
    let world = pve.world();
    assert!(world.vms.is_empty());
    assert!(
        world.volume_names().is_empty(),
        "{:?}",
        world.volume_names()
    );
}

#[tokio::test]
async fn a_vmid_is_found_where_none_is_set() {
    let pve = FakePve::start().await;
    pve.world().vms.insert(
        100,
        crate::shared::fake_pve::FakeVm {
            node: "pve2".to_owned(),
            ..Default::default()
        },
    );
    let core = pve.core();
    let (mut one, mut two) = (
        core.object::<TalosVmResource>(),
        core.object::<TalosVmResource>(),
    );
    let of = |name: &str| {
        changed(|config| {
            config.vmid = Field::Null;
            config.name = name.into();
        })
    };
    let (first, second) = (of("a"), of("b"));
    let (first, second) = tokio::join!(one.apply(Some(&first)), two.apply(Some(&second)));
    first.unwrap();
    second.unwrap();
    let mut ids = [
        one.state().unwrap().id.text().to_owned(),
        two.state().unwrap().id.text().to_owned(),
    ];
    ids.sort();
    assert_eq!(ids, ["101", "102"]);
}

#[tokio::test]
async fn two_of_one_name_without_vmids_are_never_one_machine() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let (mut one, mut two) = (
        core.object::<TalosVmResource>(),
        core.object::<TalosVmResource>(),
    );
    let nameless = changed(|config| config.vmid = Field::Null);
    one.apply(Some(&nameless)).await.unwrap();
    let refused = told(&two.apply(Some(&nameless)).await.err().unwrap());
    assert!(refused.contains("TS-INPUT-CONFLICT"), "{refused}");
    assert!(two.state().is_none());
    assert_eq!(pve.world().vms.len(), 1);
}

#[tokio::test]
async fn memory_waits_for_a_power_cycle_and_a_disk_grows_at_once() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let larger = changed(|config| {
        config.memory.get_mut().unwrap().mib = 16384.into();
        disk_of(config, "scsi0").size_gib = 60.into();
        config.description = "control plane".into();
    });
    let plan = vm.plan(Some(&larger)).await.unwrap();
    let planned = plan.model.as_ref().unwrap();
    assert_eq!(plan.change, Change::Update);
    assert_eq!(planned.plan_effect.as_str(), Some("pending"));
    let changes = planned.changes.get().unwrap();
    assert_eq!(changes["memory.mib"].text(), "8192 -> 16384 (pending)");
    assert_eq!(changes["disks.scsi0.size_gib"].text(), "40G -> 60G (hot)");
    assert_eq!(changes["description"].text(), "none -> control plane (hot)");
    assert!(
        told(&plan.warnings).contains("TS-VM-PENDING: cp01"),
        "{}",
        told(&plan.warnings)
    );
    vm.apply_plan(Some(&larger), &plan).await.unwrap();
    let state = vm.state().unwrap();
    assert_eq!(state.reboot_required.get(), Some(&true));
    assert_eq!(
        state.pending_changes.get().unwrap()["memory"].text(),
        "8192 -> 16384"
    );
    assert!(pve.world().vms[&101].running);
    assert_eq!(vm.plan(Some(&larger)).await.unwrap().change, Change::None);

    // What waits is taken as soon as that is allowed.
    let cycled = TalosVm {
        reboot_policy: "if_required".into(),
        ..larger
    };
    let plan = vm.apply(Some(&cycled)).await.unwrap();
    let planned = plan.model.as_ref().unwrap();
    assert_eq!(planned.plan_effect.as_str(), Some("power_cycle"));
    let changes = planned.changes.get().unwrap();
    assert_eq!(changes["memory.mib"].text(), "8192 -> 16384 (pending)");
    assert_eq!(vm.state().unwrap().reboot_required.get(), Some(&false));
    assert_eq!(vm.plan(Some(&cycled)).await.unwrap().change, Change::None);
    let plan = vm
        .apply(Some(&TalosVm {
            memory: Field::Known(VmMemory {
                mib: 4096.into(),
                balloon: Field::Null,
            }),
            ..cycled.clone()
        }))
        .await
        .unwrap();
    assert_eq!(
        plan.model.as_ref().unwrap().plan_effect.as_str(),
        Some("power_cycle")
    );
    assert_eq!(vm.state().unwrap().reboot_required.get(), Some(&false));
    assert_eq!(pve.world().vms[&101].values["memory"], "4096");
}

#[tokio::test]
async fn what_is_taken_out_of_the_configuration_goes_where_that_is_harmless() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    let full = changed(|config| {
        config.description = "notes".into();
        config
            .nics
            .get_mut()
            .unwrap()
            .insert("net1".to_owned(), Field::Known(nic()));
    });
    vm.apply(Some(&full)).await.unwrap();
    let without = changed(|config| config.machine = Field::Null);
    let plan = vm.apply(Some(&without)).await.unwrap();
    let changes = plan.model.as_ref().unwrap().changes.clone();
    let changes: Vec<&String> = changes.get().unwrap().keys().collect();
    assert_eq!(changes, ["description", "nics.net1"]);
    let world = pve.world();
    let values = &world.vms[&101].values;
    assert!(!values.contains_key("description") && !values.contains_key("net1"));
    assert_eq!(
        values["machine"], "q35",
        "another machine type is another computer"
    );
}

#[tokio::test]
async fn a_new_seed_swaps_the_medium_and_the_old_one_goes() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let old = pve.world().vms[&101].values["ide3"].clone();
    let other = changed(|config| config.network_seed.get_mut().unwrap().hostname = "cp01-b".into());
    let plan = vm.apply(Some(&other)).await.unwrap();
    assert_eq!(
        plan.model.as_ref().unwrap().plan_effect.as_str(),
        Some("hot")
    );
    let world = pve.world();
    let new = &world.vms[&101].values["ide3"];
    assert_ne!(&old, new);
    let seeds: Vec<String> = world
        .volume_names()
        .into_iter()
        .filter(|name| name.contains("seed"))
        .collect();
    assert_eq!(seeds.len(), 1);
    assert!(new.starts_with(&seeds[0]));
}

#[tokio::test]
async fn a_machine_that_was_switched_off_is_started_again() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    // A power loss: nobody asked for it, and the refresh sees it.
    pve.world().vms.get_mut(&101).unwrap().running = false;
    let plan = vm.plan(Some(&config())).await.unwrap();
    let state = vm.state().unwrap();
    assert_eq!(
        (state.status.as_str(), state.power_state.as_str()),
        (Some("stopped"), Some("stopped"))
    );
    let planned = plan.model.as_ref().unwrap();
    assert_eq!(plan.change, Change::Update);
    assert_eq!(planned.power_state.as_str(), Some("running"));
    assert_eq!(planned.plan_effect.as_str(), Some("offline"));
    assert_eq!(
        planned.changes.get().unwrap()["power_state"].text(),
        "stopped -> running"
    );
    vm.apply_plan(Some(&config()), &plan).await.unwrap();
    assert!(pve.world().vms[&101].running);
    assert_eq!(vm.state().unwrap().status.as_str(), Some("running"));
    assert_eq!(vm.plan(Some(&config())).await.unwrap().change, Change::None);
}

#[tokio::test]
async fn a_machine_that_is_switched_off_is_told_as_that() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let stopped = |mib: i64| {
        changed(|config| {
            config.power_state = "stopped".into();
            config.memory.get_mut().unwrap().mib = mib.into();
        })
    };
    for mib in [8192, 16384] {
        let plan = vm.plan(Some(&stopped(mib))).await.unwrap();
        let planned = plan.model.as_ref().unwrap();
        assert_eq!(planned.plan_effect.as_str(), Some("power_off"), "{mib}");
        let text = told(&plan.warnings);
        for part in [
            "TS-VM-POWER-OFF: cp01",
            "power_state: running -> stopped",
            "15m0s",
            "its power is cut",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    vm.apply(Some(&stopped(8192))).await.unwrap();
    assert!(!pve.world().vms[&101].running);
    let plan = vm.plan(Some(&stopped(16384))).await.unwrap();
    let planned = plan.model.as_ref().unwrap();
    assert_eq!(planned.plan_effect.as_str(), Some("offline"));
    assert!(!told(&plan.warnings).contains("TS-VM-POWER-OFF"));
}

#[tokio::test]
async fn drift_is_shown_and_put_right() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    {
        let mut world = pve.world();
        let values = &mut world.vms.get_mut(&101).unwrap().values;
        values.insert("onboot".to_owned(), "0".to_owned());
        values.insert("tags".to_owned(), "somebody-else".to_owned());
        values.insert(
            "net7".to_owned(),
            "virtio=BC:24:11:00:00:99,bridge=vmbr9".to_owned(),
        );
    }
    vm.refresh().await.unwrap();
    let state = vm.state().unwrap();
    assert_eq!(state.on_boot.get(), Some(&false));
    assert!(state.unmanaged.get().unwrap().contains_key("net7"));
    vm.apply(Some(&config())).await.unwrap();
    let world = pve.world();
    let values = &world.vms[&101].values;
    assert_eq!(values["onboot"], "1");
    assert_eq!(
        values["tags"], "somebody-else",
        "what is not set is not managed"
    );
    assert!(values.contains_key("net7"));
}

#[tokio::test]
async fn a_machine_is_imported_and_what_is_left_out_is_left_alone() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut made = core.object::<TalosVmResource>();
    let full = changed(|config| config.description = "notes".into());
    made.apply(Some(&full)).await.unwrap();
    let mut vm = core.object::<TalosVmResource>();
    vm.import("pve1/101").await.unwrap();
    let state = vm.state().unwrap();
    assert_eq!(state.name.as_str(), Some("cp01"));
    assert_eq!(state.memory.get().unwrap().mib.get(), Some(&8192));
    assert_eq!(state.description.as_str(), Some("notes"));
    let before = pve.world().vms[&101].values.clone();
    let plan = vm.apply(Some(&config())).await.unwrap();
    assert!(pve.world().vms[&101].pending.is_empty());
    assert_ne!(plan.change, Change::Replace);
    assert_eq!(pve.world().vms[&101].values, before);
    assert_eq!(vm.plan(Some(&config())).await.unwrap().change, Change::None);
}

#[tokio::test]
async fn what_is_only_said_here_costs_no_call() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let protected = changed(|config| config.deletion_protection = true.into());
    let plan = vm.plan(Some(&protected)).await.unwrap();
    assert_eq!(plan.change, Change::Update);
    pve.world().vms.get_mut(&101).unwrap().running = false;
    let calls = pve.host.journal().len();
    vm.apply_plan(Some(&protected), &plan).await.unwrap();
    assert_eq!(pve.host.journal().len(), calls);
    let error = vm.plan(None).await.err().unwrap();
    assert!(told(&error).contains("TS-VM-DELETION-PROTECTED: cp01"));
}
