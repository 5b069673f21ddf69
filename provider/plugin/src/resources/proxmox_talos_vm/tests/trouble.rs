use framework::testing::Change;

use super::*;
use crate::provider::Data;
use crate::resources::proxmox_talos_vm::TalosVmResource;
use crate::resources::proxmox_talos_vm::identity::mark;
use crate::shared::fake_pve::{FakePve, FakeVm, Fault};
use crate::shared::testing::{forgetful, told};
use framework::testing::MiniCore;

const CREATE: &str = "POST /nodes/pve1/qemu";
const START: &str = "POST /nodes/pve1/qemu/101/status/start";

fn creations(pve: &FakePve) -> usize {
    pve.host
        .writes()
        .iter()
        .filter(|line| line.as_str() == CREATE)
        .count()
}

#[tokio::test]
async fn a_lost_answer_to_the_creation_makes_one_machine() {
    for (fault, calls) in [(Fault::Lost, 1), (Fault::Dropped, 2)] {
        let pve = FakePve::start().await;
        pve.fault(CREATE, fault);
        let core = pve.core();
        let mut vm = core.object::<TalosVmResource>();
        vm.apply(Some(&config())).await.unwrap();
        assert_eq!(creations(&pve), calls);
        assert_eq!(pve.world().vms.len(), 1);
        assert!(pve.world().vms[&101].running && !vm.is_tainted());
        assert_eq!(vm.plan(Some(&config())).await.unwrap().change, Change::None);
    }
}

#[tokio::test]
async fn a_machine_that_is_still_being_made_is_waited_for_by_the_next_apply() {
    let pve = FakePve::start().await;
    pve.fault(CREATE, Fault::LostAndLong);
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    // The answer is lost, and a long import runs on.
    let impatient = changed(|config| {
        config.timeouts = Field::Known(Timeouts {
            create: GoDuration::parse("1s").into(),
            ..Timeouts::default()
        });
    });
    vm.apply(Some(&impatient)).await.unwrap();
    assert!(vm.state().is_some() && !vm.is_tainted());
    assert!(!pve.world().vms[&101].running);

    let plan = vm.plan(Some(&impatient)).await.unwrap();
    assert_eq!(plan.change, Change::Update);
    pve.world().vms.get_mut(&101).unwrap().making = 4;
    vm.apply_plan(Some(&impatient), &plan).await.unwrap();
    assert!(pve.world().vms[&101].running);
    assert_eq!(creations(&pve), 1);
    assert_eq!(vm.state().unwrap().status.as_str(), Some("running"));
    let again = vm.plan(Some(&impatient)).await.unwrap();
    assert_eq!(again.change, Change::None, "{}", told(&again.warnings));
}

#[tokio::test]
async fn a_machine_of_ours_that_was_never_started_is_gone_on_with() {
    let pve = FakePve::start().await;
    let core = pve.core();
    // A run that died after the creation: state knows nothing.
    let stopped = changed(|config| config.power_state = "stopped".into());
    core.object::<TalosVmResource>()
        .apply(Some(&stopped))
        .await
        .unwrap();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    assert_eq!(creations(&pve), 1);
    assert!(pve.world().vms[&101].running);
    assert_eq!(vm.plan(Some(&config())).await.unwrap().change, Change::None);
    // The same without a vmid: it is found by its name and its mark.
    let automatic = |power: &str| {
        changed(|config| {
            config.vmid = Field::Null;
            config.name = "cp02".into();
            config.power_state = power.into();
        })
    };
    core.object::<TalosVmResource>()
        .apply(Some(&automatic("stopped")))
        .await
        .unwrap();
    // Another run: names are claimed in each.
    pve.core()
        .object::<TalosVmResource>()
        .apply(Some(&automatic("running")))
        .await
        .unwrap();
    assert_eq!(pve.world().vms.len(), 2);
}

#[tokio::test]
async fn a_machine_of_ours_that_runs_and_wrote_nothing_is_gone_on_with() {
    let pve = FakePve::start().await;
    let core = pve.core();
    // A run that died while it waited for Talos: state knows nothing.
    core.object::<TalosVmResource>()
        .apply(Some(&config()))
        .await
        .unwrap();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let starts = pve.host.writes();
    let starts = starts.iter().filter(|line| line.as_str() == START);
    assert_eq!((creations(&pve), starts.count()), (1, 1));
    assert_eq!(vm.plan(Some(&config())).await.unwrap().change, Change::None);

    // Somebody installed something.
    let installed = [("scsi0".to_owned(), 4096)].into();
    pve.world().vms.get_mut(&101).unwrap().written = installed;
    let mut vm = core.object::<TalosVmResource>();
    let error = vm.apply(Some(&config())).await.err().unwrap();
    assert!(
        told(&error).contains("TS-PVE-VMID-TAKEN: cp01"),
        "{}",
        told(&error)
    );
    assert!(vm.state().is_none() && pve.world().vms[&101].running);
}

/// A machine without a vmid of its own.
fn automatic(power: &str) -> TalosVm {
    changed(|config| {
        config.vmid = Field::Null;
        config.power_state = power.into();
    })
}

#[tokio::test]
async fn no_second_machine_is_made_beside_a_used_one_of_ours() {
    let pve = FakePve::start().await;
    // A run that died after the start: state knows nothing, and the guest installs.
    let mut vm = pve.core().object::<TalosVmResource>();
    vm.apply(Some(&automatic("running"))).await.unwrap();
    let installed = [("scsi0".to_owned(), 4096)].into();
    pve.world().vms.get_mut(&100).unwrap().written = installed;
    let writes = pve.host.writes().len();
    let mut vm = pve.core().object::<TalosVmResource>();
    let error = vm.apply(Some(&automatic("running"))).await.err().unwrap();
    let error = told(&error);
    assert!(
        error.contains("TS-PVE-VMID-TAKEN: cp01") && error.contains("import ADDRESS 100"),
        "{error}"
    );
    assert_eq!(pve.host.writes().len(), writes);
    assert!(vm.state().is_none() && pve.world().vms.len() == 1);
}

#[tokio::test]
async fn a_machine_of_ours_is_found_before_the_list_has_its_name() {
    for listed in [None, Some("VM 100".to_owned())] {
        let pve = FakePve::start().await;
        let mut vm = pve.core().object::<TalosVmResource>();
        vm.apply(Some(&automatic("stopped"))).await.unwrap();
        {
            let mut world = pve.world();
            world.listed_names.insert(100, listed.clone());
            // Its task is not done.
            world.vms.get_mut(&100).unwrap().making = 1;
            // Somebody's without a name, and one whose host is off.
            for (vmid, node) in [(110, "pve1"), (111, "pve2")] {
                let vm = FakeVm {
                    node: node.to_owned(),
                    ..FakeVm::default()
                };
                world.vms.insert(vmid, vm);
            }
            world.offline.insert("pve2");
        }
        let mut vm = pve.core().object::<TalosVmResource>();
        vm.apply(Some(&automatic("running"))).await.unwrap();
        assert_eq!(creations(&pve), 1, "{listed:?}");
        assert_eq!(vm.state().unwrap().id.as_str(), Some("100"));
    }
}

#[tokio::test]
async fn a_machine_that_others_may_have_started_unseen_is_not_gone_on_with() {
    let pve = FakePve::start().await;
    let mut vm = pve.core().object::<TalosVmResource>();
    vm.apply(Some(&automatic("stopped"))).await.unwrap();
    // Somebody starts it, uses it and switches it off.
    let started = "UPID:pve1:0000FFFF:00000001:6B00FFFF:qmstart:100:root@pam:";
    pve.world()
        .tasks
        .push((started.to_owned(), "OK".to_owned()));
    for unseen in [true, false] {
        pve.world().own_tasks_only = unseen;
        for config in [
            automatic("running"),
            TalosVm {
                vmid: 100.into(),
                ..automatic("running")
            },
        ] {
            let mut vm = pve.core().object::<TalosVmResource>();
            let error = told(&vm.apply(Some(&config)).await.err().unwrap());
            assert!(
                error.contains("TS-PVE-VMID-TAKEN: cp01") && error.contains("import ADDRESS 100"),
                "{error}"
            );
            assert_eq!(
                error.contains("Sys.Audit on /nodes/pve1"),
                unseen,
                "{error}"
            );
            assert!(vm.state().is_none() && !pve.world().vms[&100].running);
        }
    }
}

#[tokio::test]
async fn a_foreign_machine_is_left_alone() {
    let marked = |values: &mut BTreeMap<String, String>| {
        let smbios = proxmox_client::codec::Smbios {
            uuid: Some("11111111-2222-4333-8444-555555555555".to_owned()),
            texts: BTreeMap::from([("family".to_owned(), mark("c1", "cp01", 101))]),
        };
        values.insert("smbios1".to_owned(), smbios.print().unwrap());
    };
    for ours in [false, true] {
        let pve = FakePve::start().await;
        let mut foreign = FakeVm {
            node: "pve2".to_owned(),
            running: true,
            ..FakeVm::default()
        };
        if ours {
            // Our mark, and somebody uses it.
            marked(&mut foreign.values);
        }
        pve.world().vms.insert(101, foreign);
        let core = pve.core();
        let mut vm = core.object::<TalosVmResource>();
        let error = vm.apply(Some(&config())).await.err().unwrap();
        assert!(
            told(&error).contains("TS-PVE-VMID-TAKEN: cp01"),
            "{}",
            told(&error)
        );
        assert!(pve.host.writes().is_empty(), "{:?}", pve.host.writes());
        assert!(vm.state().is_none());
    }
}

#[tokio::test]
async fn a_container_is_somebody_elses_whatever_its_vmid_and_name() {
    let pve = FakePve::start().await;
    pve.world().containers.insert(101, ("pve2", "cp01"));
    // Under the vmid that is set.
    let mut vm = pve.core().object::<TalosVmResource>();
    let error = told(&vm.apply(Some(&config())).await.err().unwrap());
    assert!(
        error.contains("TS-PVE-VMID-TAKEN: cp01") && error.contains("container cp01 on pve2"),
        "{error}"
    );
    assert!(pve.host.writes().is_empty() && vm.state().is_none());
    let error = told(&vm.import("101").await.err().unwrap());
    assert!(error.contains("TS-IMPORT: 101 is a container"), "{error}");
    // With the same name, where no vmid is set.
    let mut vm = pve.core().object::<TalosVmResource>();
    vm.apply(Some(&automatic("running"))).await.unwrap();
    assert_eq!(vm.state().unwrap().id.as_str(), Some("100"));
    // In place of a machine in state.
    for refreshes in [true, false] {
        let pve = FakePve::start().await;
        let mut vm = pve.core().object::<TalosVmResource>();
        vm.apply(Some(&config())).await.unwrap();
        let plan = vm.plan_only(None).unwrap();
        pve.world().vms.clear();
        pve.world().containers.insert(101, ("pve1", "web"));
        let warnings = if refreshes {
            vm.refresh().await.unwrap()
        } else {
            vm.apply_plan(None, &plan).await.unwrap()
        };
        let warnings = told(&warnings);
        assert!(warnings.contains("TS-VM-OTHER: cp01"), "{warnings}");
        assert!(vm.state().is_none());
    }
}

#[tokio::test]
async fn a_machine_that_does_not_start_is_taken_away_again() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    let nowhere = changed(|config| {
        config.nics = one(
            "net0",
            VmNic {
                bridge: "nowhere".into(),
                ..nic()
            },
        )
    });
    let error = vm.apply(Some(&nowhere)).await.err().unwrap();
    assert!(
        told(&error).contains("TS-PVE-BRIDGE-UNKNOWN: cp01"),
        "{}",
        told(&error)
    );
    assert!(vm.state().is_none() && !vm.is_tainted());
    assert!(pve.world().vms.is_empty() && pve.world().volume_names().is_empty());
    vm.apply(Some(&config())).await.unwrap();
}

/// A protected machine that does not start.
fn protected() -> TalosVm {
    changed(|config| {
        config.protection = true.into();
        config.deletion_protection = true.into();
        let nowhere = VmNic {
            bridge: "nowhere".into(),
            ..nic()
        };
        config.nics = one("net0", nowhere);
    })
}

const REMOVE: &str = "DELETE /nodes/pve1/qemu/101";
const NOT_ALLOWED: Fault = Fault::Refused(403, "Permission check failed (/vms/101, VM.Allocate)");

#[tokio::test]
async fn a_protected_machine_that_does_not_start_is_taken_away_again() {
    let pve = FakePve::start().await;
    let mut vm = pve.core().object::<TalosVmResource>();
    let error = told(&vm.apply(Some(&protected())).await.err().unwrap());
    assert!(error.contains("TS-PVE-BRIDGE-UNKNOWN: cp01"), "{error}");
    assert!(vm.state().is_none() && !vm.is_tainted());
    assert!(pve.world().vms.is_empty() && pve.world().volume_names().is_empty());
}

#[tokio::test]
async fn a_machine_that_neither_starts_nor_goes_is_gone_on_with_or_destroyed() {
    let stuck = async || {
        let pve = FakePve::start().await;
        pve.fault(REMOVE, NOT_ALLOWED);
        let mut vm = pve.core().object::<TalosVmResource>();
        let plan = vm.apply(Some(&protected())).await.unwrap();
        let warnings = told(&plan.warnings);
        assert!(
            warnings.contains("TS-PVE-BRIDGE-UNKNOWN: cp01"),
            "{warnings}"
        );
        assert!(warnings.contains("TS-VM-UNFINISHED: cp01"), "{warnings}");
        assert!(vm.state().is_some() && !vm.is_tainted());
        (pve, vm)
    };
    let (pve, mut vm) = stuck().await;
    let cured = TalosVm {
        nics: config().nics,
        ..protected()
    };
    vm.apply(Some(&cured)).await.unwrap();
    let values = pve.world().vms[&101].values.clone();
    assert!(pve.world().vms[&101].running && values["protection"] == "1");
    assert_eq!(vm.plan(Some(&cured)).await.unwrap().change, Change::None);
    assert!(vm.plan(None).await.is_err());

    // Protected by us and by Proxmox VE, and never started.
    let (pve, mut vm) = stuck().await;
    let on = ("protection".to_owned(), "1".to_owned());
    pve.world().vms.get_mut(&101).unwrap().values.extend([on]);
    vm.apply(None).await.unwrap();
    assert!(vm.state().is_none() && pve.world().vms.is_empty());

    // Somebody started it and switched it off.
    let (pve, mut vm) = stuck().await;
    let started = "UPID:pve1:0000FFFF:00000001:6B00FFFF:qmstart:101:root@pam:";
    pve.world()
        .tasks
        .push((started.to_owned(), "OK".to_owned()));
    let error = told(&vm.apply(None).await.err().unwrap());
    assert!(error.contains("TS-VM-DELETION-PROTECTED: cp01"), "{error}");
    assert_eq!(pve.world().vms.len(), 1);
}

#[tokio::test]
async fn refusals_have_a_code_a_cause_and_a_cure_and_leave_nothing() {
    let cases = [
        (
            CREATE,
            Fault::Refused(403, "Permission check failed (/vms/101, VM.Allocate)"),
            "TS-PVE-PERMISSION",
            "VM.Allocate on /vms/101",
        ),
        (
            CREATE,
            Fault::Refused(500, "storage 'vms' does not exist"),
            "TS-PVE-STORAGE-UNKNOWN",
            "pvesm",
        ),
        (
            CREATE,
            Fault::Fails("unable to create VM 101 - lvcreate: insufficient free space"),
            "TS-PVE-STORAGE-FULL",
            "free space",
        ),
        (
            "POST /nodes/pve1/storage/files/upload",
            Fault::Refused(401, "no such token"),
            "TS-PVE-AUTH",
            "token",
        ),
    ];
    for (on, fault, code, cure) in cases {
        let pve = FakePve::start().await;
        pve.fault(on, fault);
        let core = pve.core();
        let mut vm = core.object::<TalosVmResource>();
        let error = told(&vm.apply(Some(&config())).await.err().unwrap());
        assert!(error.contains(code) && error.contains(cure), "{error}");
        assert!(vm.state().is_none() && !vm.is_tainted());
        assert!(
            pve.world().vms.is_empty() && pve.world().volume_names().is_empty(),
            "{code}"
        );
    }
}

#[tokio::test]
async fn once_started_a_machine_stays_and_the_next_apply_goes_on() {
    let pve = FakePve::start().await;
    pve.fault(START, Fault::Lost);
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    assert!(pve.world().vms[&101].running && !vm.is_tainted());
    assert_eq!(
        pve.host
            .writes()
            .iter()
            .filter(|line| line.as_str() == START)
            .count(),
        1
    );
}

#[tokio::test]
async fn nobody_in_reach_keeps_the_state_and_decides_about_destroy() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let state = vm.state().unwrap();
    let private = vm.private().unwrap();
    let mut data = pve.data();
    let dead = crate::provider::ProxmoxDefaults {
        endpoint: "127.0.0.1:1".into(),
        api_token: Field::Known(Secret::new(proxmox_client::testing::TOKEN.to_owned())),
        ..crate::provider::ProxmoxDefaults::absent(false)
    };
    data.proxmox = crate::provider::Proxmox::new(Field::Known(dead), &|_| None);
    let core = MiniCore::with_data(forgetful(data));
    let mut vm = core.object::<TalosVmResource>();
    vm.assume(&state, &private).unwrap();
    let begun = std::time::Instant::now();
    let warnings = vm.refresh().await.unwrap();
    assert!(
        told(&warnings).contains("TS-REFRESH-KEPT: cp01"),
        "{}",
        told(&warnings)
    );
    assert!(begun.elapsed() < std::time::Duration::from_secs(12));
    assert!(vm.state().is_some());
    let plan = vm.plan_only(None).unwrap();
    let told = told(&vm.apply_plan(None, &plan).await.unwrap());
    assert!(
        told.contains("TS-LEFT-BEHIND: cp01") && told.contains("TS-PVE-UNREACHABLE"),
        "{told}"
    );
    assert!(vm.state().is_none());
}

/// Destroys the machine where what is out of reach may be forgotten; the machine and its state stay.
async fn is_not_forgotten(pve: &FakePve, data: Data, why: &str) {
    let mut vm = pve.core().object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let (state, private) = (vm.state().unwrap(), vm.private().unwrap());
    let core = MiniCore::with_data(forgetful(data));
    let mut vm = core.object::<TalosVmResource>();
    vm.assume(&state, &private).unwrap();
    let plan = vm.plan_only(None).unwrap();
    let failed = told(&vm.apply_plan(None, &plan).await.err().unwrap());
    assert!(failed.contains(why), "{failed}");
    assert!(vm.state().is_some());
    assert_eq!(pve.world().vms.len(), 1);
}

#[tokio::test]
async fn without_settings_nobody_was_asked_and_nothing_is_forgotten() {
    let pve = FakePve::start().await;
    is_not_forgotten(&pve, crate::shared::testing::data(), "TS-PVE-SETTINGS").await;
}

#[tokio::test]
async fn a_machine_that_was_seen_is_not_forgotten() {
    let pve = FakePve::start().await;
    for _ in 0..3 {
        pve.fault("DELETE /nodes/pve1/qemu/101", Fault::Dropped);
    }
    is_not_forgotten(&pve, pve.data(), "TS-PVE-UNCLEAR").await;
}

#[tokio::test]
async fn another_machine_under_the_vmid_is_not_ours() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let smbios = "uuid=99999999-2222-4333-8444-555555555555".to_owned();
    pve.world()
        .vms
        .get_mut(&101)
        .unwrap()
        .values
        .insert("smbios1".to_owned(), smbios);
    let warnings = vm.refresh().await.unwrap();
    assert!(
        told(&warnings).contains("TS-VM-OTHER: cp01"),
        "{}",
        told(&warnings)
    );
    assert!(vm.state().is_none());
    assert_eq!(pve.world().vms.len(), 1);
}

#[tokio::test]
async fn a_machine_that_moved_is_found() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    pve.world().vms.get_mut(&101).unwrap().node = "pve2".to_owned();
    let plan = vm.plan(Some(&config())).await.unwrap();
    assert_eq!(plan.change, Change::None);
    assert_eq!(vm.state().unwrap().current_node.as_str(), Some("pve2"));
    let followed = changed(|config| config.node = "pve2".into());
    vm.apply(Some(&followed)).await.unwrap();
    let error = vm
        .plan(Some(&config()))
        .await
        .err()
        .map(|found| told(&found))
        .unwrap_or_default();
    assert!(error.contains("TS-VM-REPLACE: node"), "{error}");
}

#[tokio::test]
async fn placeholders_are_planned_and_refused_at_apply_without_a_call() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    let volume = changed(|config| {
        config.cdroms = one(
            "ide0",
            VmCdrom {
                volume: "mock-volid".into(),
            },
        )
    });
    let gateway = changed(|config| {
        let seed = config.network_seed.get_mut().unwrap();
        seed.interfaces = one(
            "net0",
            SeedInterface {
                gateway4: "mock-gateway".into(),
                ..interface()
            },
        );
    });
    for mock in [volume, gateway] {
        let plan = vm.plan(Some(&mock)).await.unwrap();
        assert!(
            told(&plan.warnings).contains("TS-PLACEHOLDER: cp01"),
            "{}",
            told(&plan.warnings)
        );
        let error = vm.apply_plan(Some(&mock), &plan).await.unwrap_err();
        assert!(
            told(&error).contains("TS-PLACEHOLDER: cp01"),
            "{}",
            told(&error)
        );
    }
    assert!(pve.host.journal().is_empty());
}

#[tokio::test]
async fn somebody_elses_disk_stands_against_destroying() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    pve.world()
        .vms
        .get_mut(&101)
        .unwrap()
        .values
        .insert("scsi9".to_owned(), "vms:vm-9999-pvc-1,size=5G".to_owned());
    let error = told(&vm.apply(None).await.err().unwrap());
    assert!(
        error.contains("TS-VM-FOREIGN-DISKS: cp01") && error.contains("vm-9999-pvc-1"),
        "{error}"
    );
    assert_eq!(pve.world().vms.len(), 1);
}

/// The machine with one more disk.
fn with_disk(gib: i64) -> TalosVm {
    changed(|config| {
        let disks = config.disks.get_mut().unwrap();
        disks.insert("scsi1".to_owned(), Field::Known(disk(gib)));
    })
}

#[tokio::test]
async fn somebody_elses_disk_is_never_taken_over() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let attach = |volume: &str| {
        let drive = format!("vms:{volume},size=5G");
        let mut world = pve.world();
        let values = &mut world.vms.get_mut(&101).unwrap().values;
        values.insert("scsi1".to_owned(), drive);
    };
    let others = [
        "vm-9999-pvc-1",
        "vm-1011-disk-0",
        "100/vm-100-disk-0.qcow2",
        "base-101-disk-0/vm-100-disk-0",
    ];
    for volume in others {
        attach(volume);
        for gib in [5, 8] {
            let error = told(&vm.plan(Some(&with_disk(gib))).await.err().unwrap());
            assert!(
                error.contains("TS-VM-SLOT-TAKEN: disks.scsi1") && error.contains(volume),
                "{volume}: {error}"
            );
        }
    }
    // Its own ones, as each kind of storage names them.
    let own = [
        "vm-101-disk-5",
        "101/vm-101-disk-5.qcow2",
        "base-100-disk-0/vm-101-disk-5",
        "100/base-100-disk-0.qcow2/101/vm-101-disk-5.qcow2",
        "base-101-disk-5",
    ];
    for volume in own {
        attach(volume);
        let plan = vm.plan(Some(&with_disk(5))).await.unwrap();
        assert_eq!(plan.change, Change::Update, "{volume}");
    }
}

#[tokio::test]
async fn a_disk_that_a_failed_update_made_is_gone_on_with() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    let wanted = TalosVm {
        pool: "builds".into(),
        ..with_disk(5)
    };
    pve.fault("PUT /pools", Fault::Refused(500, "something new"));
    let error = told(&vm.apply(Some(&wanted)).await.err().unwrap());
    assert!(error.contains("TS-PVE-FAILED: cp01"), "{error}");
    let made = pve.world().vms[&101].values["scsi1"].clone();
    vm.apply(Some(&wanted)).await.unwrap();
    assert_eq!(pve.world().vms[&101].values["scsi1"], made);
}

#[tokio::test]
async fn somebody_else_changing_the_machine_at_the_same_time_is_no_harm() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    pve.fault(
        "POST /nodes/pve1/qemu/101/config",
        Fault::Refused(500, "checksum mismatch (file change by other user?)"),
    );
    let notes = changed(|config| config.description = "notes".into());
    vm.apply(Some(&notes)).await.unwrap();
    assert_eq!(pve.world().vms[&101].values["description"], "notes");
}
