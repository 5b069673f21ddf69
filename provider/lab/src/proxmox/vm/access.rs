//! What the caller may put into an option's value: disks, bridges, devices.

use super::config::Options;
use super::rights::check_vm;
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::{Drive, Nic, percent_decode, property_string};
use crate::proxmox::schema::split_index;
use crate::proxmox::storage::VolumeName;

/// Checks every value of a create or an update.
pub(super) fn check_values(call: &Call<'_>, vmid: u32, options: &Options) -> Reply<()> {
    for (name, value) in options {
        let base = split_index(name).map_or(name.as_str(), |(base, _)| base);
        match base {
            _ if Drive::is_slot(name) => check_drive(call, vmid, name, value)?,
            "unused" => check_volume(call, value)?,
            "net" => check_bridge(call, value)?,
            "serial" if value != "socket" => only_root(call, name, "real devices")?,
            "parallel" => only_root(call, name, "")?,
            "usb" => check_device(call, vmid, name, value, ("usb", "real devices"))?,
            "hostpci" => check_device(call, vmid, name, value, ("pci", "non-mapped devices"))?,
            "sshkeys" => check_keys(value)?,
            _ => {}
        }
    }
    Ok(())
}

fn only_root(call: &Call<'_>, name: &str, what: &str) -> Reply<()> {
    if call.user.is_root() {
        return Ok(());
    }
    let suffix = match what {
        "" => String::new(),
        what => format!(" for {what}"),
    };
    Err(Refusal::die(format!(
        "only root can set '{name}' config{suffix}"
    )))
}

fn check_device(
    call: &Call<'_>,
    vmid: u32,
    name: &str,
    value: &str,
    (kind, what): (&str, &str),
) -> Reply<()> {
    let format = if kind == "pci" {
        "pve-qm-hostpci"
    } else {
        "usb"
    };
    let keys = property_string::parse(format, value).unwrap_or_default();
    if keys.contains_key("romfile") && !call.user.is_root() {
        return Err(Refusal::die("only root@pam can set 'romfile' option"));
    }
    let spice = keys
        .get("host")
        .is_some_and(|host| host.eq_ignore_ascii_case("spice"));
    match keys.get("mapping") {
        Some(id) => {
            check_vm(call, vmid, &["VM.Config.HWType"])?;
            call.check(&format!("/mapping/{kind}/{id}"), &["Mapping.Use"])
        }
        None if spice => check_vm(call, vmid, &["VM.Config.HWType"]),
        None => only_root(call, name, what),
    }
}

/// Bridges need SDN.Use: in the zone of a vnet, or in `localnetwork` (reference: SDN rights).
fn check_bridge(call: &Call<'_>, value: &str) -> Reply<()> {
    let nic = Nic::parse(value);
    let Some(bridge) = nic.as_ref().and_then(|nic| nic.get("bridge")) else {
        return Ok(());
    };
    let zone = call
        .dc
        .vnets
        .get(bridge)
        .map_or("localnetwork", |vnet| vnet.zone.as_str());
    let tag = nic
        .as_ref()
        .and_then(|nic| nic.get("tag"))
        .map(|tag| format!("/{tag}"))
        .unwrap_or_default();
    call.check(&format!("/sdn/zones/{zone}/{bridge}{tag}"), &["SDN.Use"])
}

fn check_keys(value: &str) -> Reply<()> {
    let known = ["ssh-", "ecdsa-", "sk-"];
    let valid = |line: &str| {
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let key = words.next().unwrap_or_default();
        known.iter().any(|prefix| kind.starts_with(prefix)) && key.len() >= 16
    };
    let keys = percent_decode(value, false);
    let mut lines = keys.lines().filter(|line| !line.trim().is_empty());
    match lines.all(valid) {
        true => Ok(()),
        false => Err(Refusal::die("SSH public key validation error")),
    }
}

fn check_drive(call: &Call<'_>, vmid: u32, slot: &str, value: &str) -> Reply<()> {
    let drive = Drive::parse(slot, value);
    let drive = drive
        .filter(|drive| !(slot.starts_with("virtio") && drive.is_cdrom()))
        .ok_or_else(|| Refusal::parameter(slot, "unable to parse drive options"))?;
    if drive.is_empty() {
        return check_vm(call, vmid, &["VM.Config.CDROM"]);
    }
    if drive.is_cloud_init() {
        check_vm(call, vmid, &["VM.Config.Cloudinit", "VM.Config.CDROM"])?;
    } else if drive.is_cdrom() {
        check_vm(call, vmid, &["VM.Config.CDROM"])?;
    } else {
        check_vm(call, vmid, &["VM.Config.Disk"])?;
    }
    if drive.file.starts_with('/') {
        return check_path(call);
    }
    let wants_new = drive.new_volume().is_some() || drive.file.ends_with(":cloudinit");
    if !wants_new {
        return check_volume(call, &drive.file);
    }
    let storage = drive.file.split(':').next().unwrap_or_default();
    check_target(call, storage)?;
    match drive.get("import-from") {
        Some(source) => check_import(call, slot, &drive, source),
        None => Ok(()),
    }
}

/// A storage that is to hold a new disk.
pub(super) fn check_target(call: &Call<'_>, storage: &str) -> Reply<()> {
    call.dc.storage(storage)?;
    call.check(&format!("/storage/{storage}"), &["Datastore.AllocateSpace"])?;
    match call.dc.storage_on(storage, call.node())?.holds("images") {
        true => Ok(()),
        false => {
            let text = format!("storage '{storage}' does not support vm images");
            Err(Refusal::parameter("storage", text))
        }
    }
}

/// The place of the message is that of the recorded release.
fn check_path(call: &Call<'_>) -> Reply<()> {
    match call.user.is_root() {
        true => Ok(()),
        false => Err(Refusal::die(
            "Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 651.",
        )),
    }
}

/// A volume that is there already; whether it really is, the worker finds out.
fn check_volume(call: &Call<'_>, volid: &str) -> Reply<()> {
    let (storage, name) = volid.split_once(':').unwrap_or((volid, ""));
    VolumeName::parse(call.dc.storage(storage)?, name)?;
    let privileges = ["Datastore.Audit", "Datastore.AllocateSpace"];
    call.check(&format!("/storage/{storage}"), &privileges)
}

fn check_import(call: &Call<'_>, slot: &str, drive: &Drive, source: &str) -> Reply<()> {
    if drive.new_volume().is_some_and(|new| new.size != 0) {
        let text =
            "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>";
        return Err(Refusal::parameter(slot, text));
    }
    if source.starts_with('/') {
        return check_path(call);
    }
    check_volume(call, source)?;
    let (storage, name) = source.split_once(':').unwrap_or_default();
    let content = VolumeName::parse(call.dc.storage(storage)?, name)?.content;
    if ["images", "import"].contains(&content) {
        return Ok(());
    }
    let text = format!("{source} has wrong type '{content}' - needs to be 'images' or 'import'");
    Err(Refusal::parameter(slot, text))
}
