use super::super::delta::{Delta, Effect, delta};
use super::super::desired::desired;
use super::super::model::{SeedRoute, SeedVlan, VmHa};
use super::super::sight::Sight;
use super::super::{check, identity, plan};
use super::*;
use crate::shared::testing::told;

type Edit = fn(&mut TalosVm);

/// The machine of `config`, running.
fn sight() -> Sight {
    let values = [
        ("name", "cp01"),
        ("machine", "q35"),
        ("bios", "ovmf"),
        ("scsihw", "virtio-scsi-single"),
        ("onboot", "1"),
        ("cpu", "host"),
        ("cores", "4"),
        ("sockets", "1"),
        ("memory", "8192"),
        ("balloon", "0"),
        (
            "efidisk0",
            "vms:vm-101-disk-0,efitype=4m,pre-enrolled-keys=0,size=528K",
        ),
        (
            "scsi0",
            "vms:vm-101-disk-1,aio=io_uring,cache=none,discard=on,iothread=1,size=40G,ssd=1",
        ),
        ("net0", "virtio=BC:24:11:00:00:01,bridge=vnet101,mtu=1450"),
        ("ide0", "files:iso/talos.iso,media=cdrom"),
        ("agent", "0"),
        ("boot", "order=scsi0;ide0"),
        ("smbios1", "uuid=11111111-2222-4333-8444-555555555555"),
    ];
    Sight {
        node: "pve1".to_owned(),
        values: values
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        running: true,
        ..Sight::default()
    }
}

fn decided(before: &TalosVm, wanted: &TalosVm, sight: &Sight) -> Result<Delta, Diagnostics> {
    let (before, wanted) = (desired(before), desired(wanted));
    delta(Some(101), &before, &wanted, &BTreeMap::new(), sight)
}

fn from_config(change: impl FnOnce(&mut TalosVm)) -> Result<Delta, Diagnostics> {
    decided(&config(), &changed(change), &sight())
}

#[test]
fn a_machine_that_is_as_it_shall_be_needs_nothing() {
    assert_eq!(from_config(|_| {}).unwrap(), Delta::default());
}

#[test]
fn spelling_and_defaults_are_no_change() {
    let mut sight = sight();
    for (key, value) in [
        (
            "net0",
            "bridge=vnet101,model=virtio,macaddr=bc:24:11:00:00:01,mtu=1450,firewall=0",
        ),
        ("agent", "enabled=0"),
        ("memory", "current=8192"),
        ("cpu", "cputype=host"),
        (
            "scsi0",
            "file=vms:vm-101-disk-1,size=40960M,iothread=on,aio=io_uring",
        ),
    ] {
        sight.values.insert(key.to_owned(), value.to_owned());
    }
    assert_eq!(
        decided(&config(), &config(), &sight).unwrap(),
        Delta::default()
    );
}

#[test]
fn the_plan_says_what_a_running_machine_does() {
    let effect = |change: Edit| from_config(change).unwrap().effect;
    assert_eq!(effect(|config| config.name = "cp09".into()), Effect::Hot);
    assert_eq!(
        effect(|config| config.cpu.get_mut().unwrap().cores = 8.into()),
        Effect::Pending
    );
    assert_eq!(
        effect(|config| config.cpu.get_mut().unwrap().limit = 2.0.into()),
        Effect::Hot
    );
    assert_eq!(
        effect(|config| config.nics = one(
            "net0",
            VmNic {
                vlan: 5.into(),
                ..super::nic()
            }
        )),
        Effect::Hot
    );
    assert_eq!(
        effect(|config| disk_of(config, "scsi0").cache = "writeback".into()),
        Effect::Pending
    );
    assert_eq!(
        effect(|config| disk_of(config, "scsi0").backup = false.into()),
        Effect::Hot
    );
    assert_eq!(
        effect(|config| disk_of(config, "scsi0").size_gib = 50.into()),
        Effect::Hot
    );
    assert_eq!(
        effect(|config| config.cdroms = one(
            "ide0",
            VmCdrom {
                volume: "none".into()
            }
        )),
        Effect::Hot
    );
    assert_eq!(
        effect(|config| config.cdroms = Field::Null),
        Effect::Pending
    );
}

#[test]
fn only_what_changes_is_sent() {
    let delta = from_config(|config| {
        config.cpu.get_mut().unwrap().cores = 8.into();
        config.nics = one(
            "net0",
            VmNic {
                vlan: 5.into(),
                ..super::nic()
            },
        );
    })
    .unwrap();
    let set: Vec<(&str, &str)> = delta
        .set
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        set,
        [
            ("cores", "8"),
            (
                "net0",
                "virtio=BC:24:11:00:00:01,bridge=vnet101,mtu=1450,tag=5"
            )
        ],
        "the hardware address stays"
    );
    assert!(delta.delete.is_empty());
}

#[test]
fn what_would_lose_something_is_refused_and_says_how() {
    let refused = |change: Edit| told(&from_config(change).unwrap_err());
    let cases: [(&str, &str, Edit); 6] = [
        ("TS-VM-DISK-SHRINK", "Set `size_gib` to 40", |config| {
            disk_of(config, "scsi0").size_gib = 20.into()
        }),
        ("TS-VM-DISK-REMOVED", "qm disk unlink", |config| {
            config.disks = one("scsi1", disk(10))
        }),
        ("TS-VM-DISK-MOVED", "qm disk move", |config| {
            disk_of(config, "scsi0").storage = "files".into()
        }),
        ("TS-VM-FIXED", "Set it back", |config| {
            config.efi_disk.get_mut().unwrap().kind = "2m".into()
        }),
        ("TS-VM-DISK-REMOVED", "efi_disk", |config| {
            config.efi_disk = Field::Null
        }),
        ("TS-VM-SLOT-TAKEN", "another slot", |config| {
            config.cdroms = Field::Null;
            config.disks.get_mut().unwrap().insert(
                "ide0".to_owned(),
                Field::Known(VmDisk {
                    iothread: Field::Null,
                    ..disk(5)
                }),
            );
        }),
    ];
    for (code, cure, change) in cases {
        let text = refused(change);
        assert!(text.contains(code) && text.contains(cure), "{text}");
    }
}

#[test]
fn raw_devices_stay_and_cannot_be_set() {
    let device = super::super::model::VmHostPci {
        mapping: Field::Null,
        id: "0000:00:02.1".into(),
        pcie: true.into(),
        rombar: false.into(),
        xvga: Field::Null,
        mdev: Field::Null,
    };
    let with = changed(|config| config.host_pci = one("hostpci0", device));
    let mut there = sight();
    there.values.insert(
        "hostpci0".to_owned(),
        "host=0000:00:02.1,pcie=1,rombar=0".to_owned(),
    );
    assert_eq!(decided(&with, &with, &there).unwrap(), Delta::default());
    let text = told(&decided(&config(), &with, &sight()).unwrap_err());
    assert!(
        text.contains("TS-VM-ROOT-ONLY: host_pci.hostpci0") && text.contains("mapping"),
        "{text}"
    );
}

#[test]
fn the_uuid_and_the_mark_survive_a_new_serial_number() {
    let mut present = sight();
    let smbios = proxmox_client::codec::Smbios {
        uuid: Some("11111111-2222-4333-8444-555555555555".to_owned()),
        texts: BTreeMap::from([("family".to_owned(), identity::mark("c1", "cp01", 101))]),
    };
    present
        .values
        .insert("smbios1".to_owned(), smbios.print().unwrap());
    let wanted = changed(|config| {
        config.smbios = Field::Known(super::super::model::VmSmbios {
            serial: "rack 4; slot 2".into(),
            manufacturer: Field::Null,
            product: Field::Null,
            version: Field::Null,
            sku: Field::Null,
        });
    });
    let delta = decided(&config(), &wanted, &present).unwrap();
    let read = proxmox_client::codec::Smbios::parse(&delta.set["smbios1"]).unwrap();
    assert_eq!(read.uuid, smbios.uuid);
    assert_eq!(read.texts["family"], smbios.texts["family"]);
    assert_eq!(read.texts["serial"], "rack 4; slot 2");
}

#[test]
fn marks_and_addresses_follow_from_names_alone() {
    assert_eq!(
        identity::mark("c1", "cp01", 101),
        identity::mark("c1", "cp01", 101)
    );
    assert_ne!(
        identity::mark("c1", "cp01", 101),
        identity::mark("c1", "cp01", 102)
    );
    assert_ne!(
        identity::mark("c1", "cp01", 101),
        identity::mark("c2", "cp01", 101)
    );
    assert_ne!(
        identity::mac("c1", "cp01", "net0"),
        identity::mac("c1", "cp01", "net1")
    );
    assert_eq!(
        identity::uuid([0xff; 16]),
        "ffffffff-ffff-4fff-bfff-ffffffffffff"
    );
}

fn ha(state: Field<String>) -> Field<VmHa> {
    Field::Known(VmHa {
        state,
        max_restart: Field::Null,
        max_relocate: Field::Null,
        comment: Field::Null,
    })
}

fn vlan() -> SeedVlan {
    SeedVlan {
        addresses: Field::Null,
        gateway4: Field::Null,
        gateway6: Field::Null,
        mtu: Field::Null,
        routes: Field::Null,
    }
}

fn route(to: &str, via: &str) -> Field<Vec<Field<SeedRoute>>> {
    Field::Known(vec![Field::Known(SeedRoute {
        to: to.into(),
        via: via.into(),
        metric: Field::Null,
    })])
}

fn seeded(config: &mut TalosVm) -> &mut SeedInterface {
    let seed = config.network_seed.get_mut().unwrap();
    let interfaces = seed.interfaces.get_mut().unwrap();
    interfaces.get_mut("net0").and_then(Field::get_mut).unwrap()
}

#[test]
fn mistakes_are_found_before_anybody_is_asked() {
    let found = |change: Edit| {
        let mut found = Diagnostics::new();
        check::validate(&changed(change), &mut found);
        told(&found)
    };
    assert_eq!(found(|_| {}), "");
    let cases: [(&str, Edit); 18] = [
        ("is not a DNS name", |config| config.name = "cp_01".into()),
        ("is not a vmid", |config| config.vmid = 7.into()),
        ("is not a slot of disks", |config| {
            config.disks = one("scsi31", disk(5))
        }),
        ("is a disk and a CD-ROM", |config| {
            config.cdroms = one(
                "scsi0",
                VmCdrom {
                    volume: "none".into(),
                },
            )
        }),
        ("has no size", |config| {
            disk_of(config, "scsi0").size_gib = Field::Null
        }),
        ("there is no efi_disk", |config| {
            config.efi_disk = Field::Null
        }),
        ("no device to start from", |config| {
            config.boot_order = Field::Known(vec!["scsi5".into()])
        }),
        ("is the drive of the seed", |config| {
            config.network_seed.get_mut().unwrap().slot = "ide0".into()
        }),
        ("not in nics", |config| {
            config.network_seed.get_mut().unwrap().interfaces = one("net4", interface())
        }),
        ("is not an address", |config| {
            config.network_seed.get_mut().unwrap().nameservers =
                Field::Known(vec!["dns.example".into()])
        }),
        ("too little", |config| {
            config.memory.get_mut().unwrap().mib = 512.into()
        }),
        ("70000 is not a port", |config| {
            config.wait_for.get_mut().unwrap().port = 70000.into()
        }),
        ("keep the machine running, and power_state is", |config| {
            config.ha = ha(Field::Null);
            config.power_state = "stopped".into();
        }),
        ("keep the machine stopped, and power_state is", |config| {
            config.ha = ha("disabled".into())
        }),
        ("gateway4 is not an IPv4 address", |config| {
            let vlan = SeedVlan {
                gateway4: "10.0.0.1/24".into(),
                ..vlan()
            };
            seeded(config).vlans = one("7", vlan)
        }),
        ("is not a network with prefix length", |config| {
            seeded(config).routes = route("10.0.0.0", "10.0.0.1")
        }),
        ("\"gate\" is not an address", |config| {
            seeded(config).routes = route("10.0.0.0/8", "gate")
        }),
        ("has no effect", |config| {
            config.scsi_hardware = "virtio-scsi-pci".into()
        }),
    ];
    for (part, change) in cases {
        assert!(found(change).contains(part), "{part}: {}", found(change));
    }
}

#[test]
fn addresses_of_an_earlier_stage_are_left_to_apply() {
    let found = |config: &TalosVm| {
        let mut found = Diagnostics::new();
        check::validate(config, &mut found);
        told(&found)
    };
    let real = changed(|config| {
        seeded(config).routes = route("0.0.0.0/0", "10.0.0.1");
        seeded(config).vlans = one("7", vlan());
    });
    assert_eq!(found(&real), "");
    assert_eq!(plan::placeholder(&real), None);
    let cases: [fn(&mut TalosVm); 8] = [
        |config| seeded(config).routes = route("mock-network", "10.0.0.1"),
        |config| seeded(config).routes = route("10.0.0.0/8", "mock-gateway"),
        |config| seeded(config).gateway4 = "mock".into(),
        |config| seeded(config).gateway6 = "mock".into(),
        |config| seeded(config).addresses = Field::Known(vec!["mock/24".into()]),
        |config| {
            config.network_seed.get_mut().unwrap().nameservers = Field::Known(vec!["mock".into()])
        },
        |config| {
            let vlan = SeedVlan {
                gateway6: "gateway.invalid".into(),
                ..vlan()
            };
            seeded(config).vlans = one("7", vlan)
        },
        |config| {
            let vlan = SeedVlan {
                addresses: Field::Known(vec!["mock-address".into()]),
                ..vlan()
            };
            seeded(config).vlans = one("7", vlan)
        },
    ];
    for (index, change) in cases.into_iter().enumerate() {
        let config = changed(change);
        assert_eq!(found(&config), "", "{index}");
        let attribute = plan::placeholder(&config);
        assert_eq!(attribute.as_deref(), Some("network_seed"), "{index}");
    }
}
