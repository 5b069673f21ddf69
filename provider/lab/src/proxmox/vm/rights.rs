//! Which privilege each option needs (qemu-server; texts recorded with PVE 9.2).

use super::Config;
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::Drive;
use crate::proxmox::schema::split_index;

const CPU: [&str; 8] = [
    "cores", "sockets", "smp", "vcpus", "cpu", "cpulimit", "cpuunits", "numa",
];
const MEMORY: [&str; 4] = ["memory", "balloon", "shares", "allow-ksm"];
const HARDWARE: [&str; 14] = [
    "acpi",
    "hotplug",
    "kvm",
    "machine",
    "scsihw",
    "smbios1",
    "tablet",
    "vga",
    "watchdog",
    "audio0",
    "rng0",
    "bios",
    "vmstatestorage",
    "cdrom",
];
const OPTIONS: [&str; 17] = [
    "agent",
    "autostart",
    "description",
    "keyboard",
    "localtime",
    "migrate_downtime",
    "migrate_speed",
    "name",
    "onboot",
    "ostype",
    "protection",
    "reboot",
    "startdate",
    "startup",
    "tdf",
    "template",
    "tags",
];
const CLOUD_INIT: [&str; 8] = [
    "ciuser",
    "cipassword",
    "citype",
    "ciupgrade",
    "cicustom",
    "nameserver",
    "searchdomain",
    "sshkeys",
];

/// Refuses options that the caller may not touch; values are looked at elsewhere.
///
/// # Errors
/// 403, or 500 for what only root@pam itself may set.
pub(super) fn check_options<'a>(
    call: &Call<'_>,
    vmid: u32,
    names: impl Iterator<Item = &'a String>,
) -> Reply<()> {
    if call.user.is_root() {
        return Ok(());
    }
    for name in names {
        check_option(call, vmid, name)?;
    }
    Ok(())
}

fn check_option(call: &Call<'_>, vmid: u32, name: &str) -> Reply<()> {
    let base = split_index(name).map_or(name, |(base, _)| base);
    let by_value = ["unused", "serial", "usb", "hostpci", "virtiofs"].contains(&base);
    if Drive::is_slot(name) || by_value {
        return Ok(());
    }
    let privileges: &[&str] = match name {
        _ if CPU.contains(&name) || base == "numa" => &["VM.Config.CPU"],
        _ if MEMORY.contains(&name) => &["VM.Config.Memory"],
        "boot" | "bootdisk" => &["VM.Config.Disk"],
        _ if HARDWARE.contains(&name) => &["VM.Config.HWType"],
        _ if OPTIONS.contains(&name) => &["VM.Config.Options"],
        _ if base == "net" => &["VM.Config.Network"],
        _ if CLOUD_INIT.contains(&name) || base == "ipconfig" => {
            &["VM.Config.Cloudinit", "VM.Config.Network"]
        }
        _ => return Err(Refusal::die(format!("only root can set '{name}' config"))),
    };
    check_vm(call, vmid, privileges)?;
    if name == "startup" {
        call.check("/", &["Sys.Modify"])?;
    }
    Ok(())
}

/// Rights at a VM, or at the pool that it is made in.
pub(super) fn check_vm(call: &Call<'_>, vmid: u32, privileges: &[&str]) -> Reply<()> {
    let pool = call.args.get("pool").map(|pool| format!("/pool/{pool}"));
    if pool.is_some_and(|pool| call.may(&pool, privileges)) {
        return Ok(());
    }
    call.check(&format!("/vms/{vmid}"), privileges)
}

/// Refuses to take away what the caller may not touch: what an option's value says decides.
///
/// # Errors
/// 403, or 500 for what only root@pam itself may take away (reference: qemu-server).
pub(super) fn check_removal(
    call: &Call<'_>,
    vmid: u32,
    config: &Config,
    names: &[String],
) -> Reply<()> {
    for name in names {
        let value = config.later(name).unwrap_or_default();
        let base = split_index(name).map_or(name.as_str(), |(base, _)| base);
        let cdrom = Drive::parse(name, value).is_some_and(|drive| drive.is_cdrom());
        let raw = match base {
            "serial" => !value.is_empty() && value != "socket",
            "usb" | "hostpci" => {
                !value.is_empty() && !value.contains("mapping=") && value != "spice"
            }
            _ => false,
        };
        if raw && !call.user.is_root() {
            let text = format!("only root can delete '{name}' config for real devices");
            return Err(Refusal::die(text));
        }
        match base {
            _ if cdrom => check_vm(call, vmid, &["VM.Config.CDROM"])?,
            "unused" => check_vm(call, vmid, &["VM.Config.Disk"])?,
            _ if Drive::is_slot(name) => check_vm(call, vmid, &["VM.Config.Disk"])?,
            "serial" | "usb" | "hostpci" => check_vm(call, vmid, &["VM.Config.HWType"])?,
            _ => {}
        }
    }
    Ok(())
}
