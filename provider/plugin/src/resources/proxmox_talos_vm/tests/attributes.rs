//! Each attribute by itself: set at creation, set later and taken away again; after each of these nothing is left to do.

use framework::testing::Change;

use super::*;
use crate::resources::proxmox_talos_vm::TalosVmResource;
use crate::resources::proxmox_talos_vm::model::{
    SeedRoute, SeedVlan, VmHa, VmHostPci, VmSmbios, VmStartup, VmTpm, VmUsb, VmVga,
};
use crate::shared::fake_pve::FakePve;
use crate::shared::testing::told;

type Edit = (&'static str, fn(&mut TalosVm));

fn cpu(config: &mut TalosVm) -> &mut VmCpu {
    config.cpu.get_mut().unwrap()
}

fn net0(config: &mut TalosVm) -> &mut VmNic {
    let nics = config.nics.get_mut().unwrap();
    nics.get_mut("net0").and_then(Field::get_mut).unwrap()
}

fn seed(config: &mut TalosVm) -> &mut VmSeed {
    config.network_seed.get_mut().unwrap()
}

fn seeded(config: &mut TalosVm) -> &mut SeedInterface {
    let interfaces = seed(config).interfaces.get_mut().unwrap();
    interfaces.get_mut("net0").and_then(Field::get_mut).unwrap()
}

fn route() -> Field<Vec<Field<SeedRoute>>> {
    Field::Known(vec![Field::Known(SeedRoute {
        to: "10.9.0.0/16".into(),
        via: "127.0.0.9".into(),
        metric: 7.into(),
    })])
}

fn texts(texts: &[&str]) -> Field<Vec<Field<String>>> {
    Field::Known(texts.iter().map(|text| Field::from(*text)).collect())
}

fn set(texts: &[&str]) -> Field<std::collections::BTreeSet<String>> {
    Field::Known(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn duration(text: &str) -> Field<GoDuration> {
    GoDuration::parse(text).into()
}

/// Attributes that can be set and taken away on a machine that is there.
fn edits() -> Vec<Edit> {
    vec![
        ("description", |c| c.description = "first\nsecond\n".into()),
        ("description, empty", |c| c.description = "".into()),
        ("tags", |c| c.tags = set(&["Talos", "cluster-101"])),
        ("tags, empty", |c| c.tags = set(&[])),
        ("pool", |c| c.pool = "builds".into()),
        ("on_boot", |c| c.on_boot = false.into()),
        ("protection", |c| c.protection = true.into()),
        ("cpu.type", |c| cpu(c).kind = "x86-64-v3".into()),
        ("cpu.cores", |c| cpu(c).cores = 8.into()),
        ("cpu.sockets", |c| cpu(c).sockets = 2.into()),
        ("cpu.numa", |c| cpu(c).numa = true.into()),
        ("cpu.flags", |c| cpu(c).flags = set(&["+aes", "-pcid"])),
        ("cpu.flags, empty", |c| cpu(c).flags = set(&[])),
        ("cpu.limit", |c| cpu(c).limit = 1.5.into()),
        ("cpu.units", |c| cpu(c).units = 200.into()),
        ("memory.mib", |c| {
            c.memory.get_mut().unwrap().mib = 4096.into();
        }),
        ("memory.balloon", |c| {
            c.memory.get_mut().unwrap().balloon = 2048.into();
        }),
        ("disks.scsi0.cache", |c| {
            disk_of(c, "scsi0").cache = "writeback".into();
        }),
        ("disks.scsi0.aio", |c| {
            disk_of(c, "scsi0").aio = "threads".into();
        }),
        ("disks.scsi0.discard", |c| {
            disk_of(c, "scsi0").discard = false.into();
        }),
        ("disks.scsi0.ssd", |c| {
            disk_of(c, "scsi0").ssd = false.into()
        }),
        ("disks.scsi0.iothread", |c| {
            disk_of(c, "scsi0").iothread = false.into();
        }),
        ("disks.scsi0.serial", |c| {
            disk_of(c, "scsi0").serial = "S-1".into();
        }),
        ("disks.scsi0.backup", |c| {
            disk_of(c, "scsi0").backup = false.into();
        }),
        ("disks.scsi0.replicate", |c| {
            disk_of(c, "scsi0").replicate = false.into();
        }),
        ("nics.net0.bridge", |c| net0(c).bridge = "vmbr1".into()),
        ("nics.net0.model", |c| net0(c).model = "virtio".into()),
        ("nics.net0.mac", |c| {
            net0(c).mac = "bc:24:11:00:00:77".into()
        }),
        ("nics.net0.vlan", |c| net0(c).vlan = 7.into()),
        ("nics.net0.trunks", |c| {
            net0(c).trunks = set(&["30", "40-49"])
        }),
        ("nics.net0.mtu", |c| net0(c).mtu = 9000.into()),
        ("nics.net0.queues", |c| net0(c).queues = 4.into()),
        ("nics.net0.firewall", |c| net0(c).firewall = true.into()),
        ("nics.net0.rate_mbps", |c| net0(c).rate_mbps = 12.5.into()),
        ("nics.net0.link_down", |c| net0(c).link_down = true.into()),
        ("nics.net1", |c| {
            let nics = c.nics.get_mut().unwrap();
            nics.insert("net1".to_owned(), Field::Known(nic()));
        }),
        ("cdroms.ide0", |c| {
            c.cdroms = one(
                "ide0",
                VmCdrom {
                    volume: "none".into(),
                },
            );
        }),
        ("network_seed.hostname", |c| {
            seed(c).hostname = "other".into()
        }),
        ("network_seed.nameservers", |c| {
            seed(c).nameservers = texts(&["10.0.0.53", "fd00::53"]);
        }),
        ("network_seed.search_domains", |c| {
            seed(c).search_domains = texts(&["example.com"]);
        }),
        ("interfaces.net0.addresses", |c| {
            seeded(c).addresses = texts(&["127.0.0.2/8", "127.0.0.3/8"]);
        }),
        ("interfaces.net0.gateway6", |c| {
            seeded(c).gateway6 = "fd00::1".into();
        }),
        ("interfaces.net0.mtu", |c| seeded(c).mtu = 1400.into()),
        ("interfaces.net0.routes", |c| seeded(c).routes = route()),
        ("interfaces.net0.dhcp4", |c| seeded(c).dhcp4 = true.into()),
        ("interfaces.net0.dhcp6", |c| seeded(c).dhcp6 = true.into()),
        ("interfaces.net0.vlans", |c| {
            let vlan = SeedVlan {
                addresses: texts(&["127.0.7.2/24"]),
                gateway4: "127.0.7.1".into(),
                gateway6: Field::Null,
                mtu: 1400.into(),
                routes: route(),
            };
            seeded(c).vlans = one("7", vlan);
        }),
        ("host_pci", |c| {
            let device = VmHostPci {
                mapping: "gpu".into(),
                id: Field::Null,
                pcie: true.into(),
                rombar: false.into(),
                xvga: true.into(),
                mdev: "nvidia-22".into(),
            };
            c.host_pci = one("hostpci0", device);
        }),
        ("usb", |c| {
            let device = VmUsb {
                mapping: "stick".into(),
                host: Field::Null,
                usb3: true.into(),
            };
            c.usb = one("usb0", device);
        }),
        ("serials", |c| {
            c.serials = one("serial0", "socket".to_owned())
        }),
        ("vga", |c| {
            c.vga = Field::Known(VmVga {
                kind: "virtio".into(),
                memory_mib: 32.into(),
            });
        }),
        ("agent.enabled", |c| {
            c.agent.get_mut().unwrap().enabled = true.into();
        }),
        ("agent.type", |c| {
            c.agent.get_mut().unwrap().kind = "isa".into();
        }),
        ("boot_order", |c| {
            c.boot_order = texts(&["ide0", "scsi0", "net0"])
        }),
        ("smbios", |c| {
            c.smbios = Field::Known(VmSmbios {
                serial: "S=1, \"x\"".into(),
                manufacturer: "m\u{fc}".into(),
                product: "p".into(),
                version: "1.0".into(),
                sku: "k".into(),
            });
        }),
        ("startup", |c| {
            c.startup = Field::Known(VmStartup {
                order: 3.into(),
                up_delay: duration("1m30s"),
                down_delay: duration("120s"),
            });
        }),
        ("startup, empty", |c| {
            c.startup = Field::Known(VmStartup {
                order: Field::Null,
                up_delay: Field::Null,
                down_delay: Field::Null,
            });
        }),
        ("ha", |c| {
            c.ha = Field::Known(VmHa {
                state: "started".into(),
                max_restart: 2.into(),
                max_relocate: 3.into(),
                comment: "notes".into(),
            });
        }),
        ("ha, empty", |c| {
            c.ha = Field::Known(VmHa {
                state: Field::Null,
                max_restart: Field::Null,
                max_relocate: Field::Null,
                comment: Field::Null,
            });
        }),
        ("power_state", |c| c.power_state = "stopped".into()),
        ("reboot_policy", |c| c.reboot_policy = "if_required".into()),
        ("on_destroy", |c| {
            c.on_destroy = Field::Known(VmOnDestroy {
                shutdown_timeout: duration("2m"),
                force_stop: false.into(),
                foreign_disks: "ignore".into(),
            });
        }),
        ("deletion_protection", |c| {
            c.deletion_protection = true.into()
        }),
    ]
}

/// Attributes that can be set and not be taken away by leaving them out.
fn additions() -> Vec<Edit> {
    vec![
        ("tpm", |c| {
            c.tpm = Field::Known(VmTpm {
                storage: "vms".into(),
                version: "v2.0".into(),
            });
        }),
        ("disks.scsi1", |c| {
            let disks = c.disks.get_mut().unwrap();
            disks.insert("scsi1".to_owned(), Field::Known(disk(10)));
        }),
        ("disks.scsi0.size_gib", |c| {
            disk_of(c, "scsi0").size_gib = 50.into();
        }),
    ]
}

/// Nothing is left of the one before.
fn emptied(pve: &FakePve) {
    let mut world = pve.world();
    world.vms.clear();
    world.volumes.clear();
    world.ha.clear();
}

#[tokio::test]
async fn each_attribute_settles_at_creation() {
    let pve = FakePve::start().await;
    let core = pve.core();
    for (name, edit) in edits().into_iter().chain(additions()) {
        emptied(&pve);
        let mut vm = core.object::<TalosVmResource>();
        let wanted = changed(edit);
        if let Err(error) = vm.apply(Some(&wanted)).await {
            panic!("{name}: {}", told(&error));
        }
        let plan = vm.plan(Some(&wanted)).await.unwrap();
        assert_eq!(plan.change, Change::None, "{name}: {:?}", leftover(&plan));
    }
}

#[tokio::test]
async fn each_attribute_settles_when_it_is_set_and_taken_away() {
    let core_edits = edits().into_iter().map(|edit| (edit, true));
    let all = core_edits.chain(additions().into_iter().map(|edit| (edit, false)));
    let pve = FakePve::start().await;
    let core = pve.core();
    for ((name, edit), back) in all {
        emptied(&pve);
        let mut vm = core.object::<TalosVmResource>();
        vm.apply(Some(&config())).await.unwrap();
        let steps = [changed(edit), config()];
        for (step, wanted) in steps.iter().take(if back { 2 } else { 1 }).enumerate() {
            if let Err(error) = vm.apply(Some(wanted)).await {
                panic!("{name}, step {step}: {}", told(&error));
            }
            let plan = vm.plan(Some(wanted)).await.unwrap();
            assert_eq!(
                plan.change,
                Change::None,
                "{name}, step {step}: {:?}",
                leftover(&plan)
            );
        }
    }
}

/// What a plan would still do.
fn leftover(plan: &framework::testing::Planned<TalosVmResource>) -> Option<String> {
    let changes = plan.model.as_ref()?.changes.get()?.clone();
    let lines = changes
        .iter()
        .map(|(path, line)| format!("{path}: {}", line.text()));
    Some(lines.collect::<Vec<_>>().join("; "))
}
