//! Adopting a machine that is there. Pure.

use framework::prelude::*;

use super::describe::{Scope, describe};
use super::model::TalosVm;
use super::plan::Private;
use super::sight::Sight;

/// `101`, `pve1/101` or `pve1/qemu/101`.
pub fn vmid(id: &str) -> Result<u32, Error> {
    let last = id.rsplit('/').next().unwrap_or(id);
    last.parse().map_err(|_| {
        Error::new(
            format!("TS-IMPORT: {id:?} names no virtual machine"),
            "Write the import id as the vmid: 101. A host before it, as in pve1/101, is allowed.",
        )
    })
}

/// State of a machine as it is, every attribute filled in.
pub fn imported(vmid: u32, sight: Sight) -> Result<(TalosVm, Private), Error> {
    if sight.uuid().is_none() {
        return Err(Error::new(
            format!("TS-IMPORT: {vmid} has no SMBIOS UUID"),
            "Machines are known by it. Set one in Proxmox VE (Options, SMBIOS settings), then import.",
        ));
    }
    let mut model = TalosVm::absent();
    model.id = vmid.to_string().into();
    model.vmid = i64::from(vmid).into();
    model.node = sight.node.clone().into();
    describe(&mut model, &sight, Scope::All);
    model.plan_effect = "none".into();
    model.changes = Field::Known(Default::default());
    let private = Private {
        sight,
        imported: true,
        ..Private::default()
    };
    Ok((model, private))
}

impl TalosVm {
    /// Nothing is set, policies aside.
    pub fn absent() -> Self {
        Self {
            id: Field::Null,
            name: Field::Null,
            node: Field::Null,
            vmid: Field::Null,
            description: Field::Null,
            tags: Field::Null,
            pool: Field::Null,
            on_boot: Field::Null,
            protection: Field::Null,
            bios: Field::Null,
            machine: Field::Null,
            scsi_hardware: Field::Null,
            cpu: Field::Null,
            memory: Field::Null,
            efi_disk: Field::Null,
            tpm: Field::Null,
            disks: Field::Null,
            nics: Field::Null,
            cdroms: Field::Null,
            network_seed: Field::Null,
            host_pci: Field::Null,
            usb: Field::Null,
            serials: Field::Null,
            vga: Field::Null,
            agent: Field::Null,
            boot_order: Field::Null,
            smbios: Field::Null,
            startup: Field::Null,
            ha: Field::Null,
            power_state: "running".into(),
            reboot_policy: "never".into(),
            on_destroy: Field::Null,
            wait_for: Field::Null,
            deletion_protection: Field::Known(false),
            timeouts: Field::Null,
            uuid: Field::Null,
            current_node: Field::Null,
            status: Field::Null,
            mac_addresses: Field::Null,
            ipv4_addresses: Field::Null,
            ipv6_addresses: Field::Null,
            talos_endpoints: Field::Null,
            install_disk: Field::Null,
            pending_changes: Field::Null,
            reboot_required: Field::Null,
            unmanaged: Field::Null,
            plan_effect: Field::Null,
            changes: Field::Null,
        }
    }
}
