//! The life of a machine on a fake Proxmox VE, and the decisions by themselves.

mod attributes;
mod clusters;
mod cycles;
mod decisions;
mod life;
mod seeds;
mod trouble;

use std::collections::BTreeMap;

use framework::prelude::*;

use super::model::{
    SeedInterface, TalosVm, VmAgent, VmCdrom, VmCpu, VmDisk, VmEfiDisk, VmMemory, VmNic,
    VmOnDestroy, VmSeed, VmWaitFor,
};

fn one<T>(slot: &str, member: T) -> Field<BTreeMap<String, Field<T>>> {
    Field::Known(BTreeMap::from([(slot.to_owned(), Field::Known(member))]))
}

fn disk(gib: i64) -> VmDisk {
    VmDisk {
        storage: "vms".into(),
        size_gib: gib.into(),
        import_from: Field::Null,
        cache: "none".into(),
        aio: "io_uring".into(),
        discard: Field::Null,
        ssd: Field::Null,
        iothread: true.into(),
        serial: Field::Null,
        backup: Field::Null,
        replicate: Field::Null,
    }
}

fn nic() -> VmNic {
    VmNic {
        bridge: "vnet101".into(),
        model: Field::Null,
        mac: Field::Null,
        vlan: Field::Null,
        trunks: Field::Null,
        mtu: 1450.into(),
        queues: Field::Null,
        firewall: Field::Null,
        rate_mbps: Field::Null,
        link_down: Field::Null,
    }
}

fn interface() -> SeedInterface {
    SeedInterface {
        addresses: Field::Known(vec!["127.0.0.1/8".into(), "::1/128".into()]),
        gateway4: "127.0.0.254".into(),
        gateway6: Field::Null,
        mtu: Field::Null,
        routes: Field::Null,
        dhcp4: Field::Null,
        dhcp6: Field::Null,
        vlans: Field::Null,
    }
}

/// A machine as the tree sets it. Nobody waits long for it.
fn config() -> TalosVm {
    TalosVm {
        name: "cp01".into(),
        node: "pve1".into(),
        vmid: 101.into(),
        machine: "q35".into(),
        bios: "ovmf".into(),
        scsi_hardware: "virtio-scsi-single".into(),
        on_boot: true.into(),
        cpu: Field::Known(VmCpu {
            kind: "host".into(),
            cores: 4.into(),
            sockets: 1.into(),
            numa: Field::Null,
            flags: Field::Null,
            limit: Field::Null,
            units: Field::Null,
        }),
        memory: Field::Known(VmMemory {
            mib: 8192.into(),
            balloon: Field::Null,
        }),
        efi_disk: Field::Known(VmEfiDisk {
            storage: "vms".into(),
            kind: Field::Null,
            pre_enrolled_keys: Field::Null,
        }),
        disks: one("scsi0", disk(40)),
        nics: one("net0", nic()),
        cdroms: one(
            "ide0",
            VmCdrom {
                volume: "files:iso/talos.iso".into(),
            },
        ),
        network_seed: Field::Known(VmSeed {
            storage: "files".into(),
            slot: "ide3".into(),
            hostname: "cp01".into(),
            interfaces: one("net0", interface()),
            nameservers: Field::Null,
            search_domains: Field::Null,
        }),
        agent: Field::Known(VmAgent {
            enabled: false.into(),
            kind: Field::Null,
        }),
        boot_order: Field::Known(vec!["scsi0".into(), "ide0".into()]),
        wait_for: Field::Known(VmWaitFor {
            port: 1.into(),
            timeout: GoDuration::parse("1ms").into(),
        }),
        power_state: Field::Null,
        reboot_policy: Field::Null,
        deletion_protection: Field::Null,
        ..TalosVm::absent()
    }
}

/// A changed copy.
fn changed(change: impl FnOnce(&mut TalosVm)) -> TalosVm {
    let mut config = config();
    change(&mut config);
    config
}

fn disk_of<'a>(config: &'a mut TalosVm, slot: &str) -> &'a mut VmDisk {
    let disks = config.disks.get_mut().unwrap();
    disks.get_mut(slot).and_then(Field::get_mut).unwrap()
}
