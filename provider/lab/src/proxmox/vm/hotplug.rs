//! Pending changes of a running VM: what is plugged at once, what waits, what fails.
//!
//! Reference: qemu-server; each class of option is recorded with PVE 9.2.

use super::config::{Config, Options};
use super::update::features;
use crate::proxmox::codec::{Drive, Nic, boot};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::effect::Effect;
use crate::proxmox::schema::split_index;

/// Options that no guest sees: they count at once.
const FAST: [&str; 16] = [
    "description",
    "hookscript",
    "lock",
    "migrate_downtime",
    "migrate_speed",
    "name",
    "onboot",
    "protection",
    "shares",
    "startup",
    "tags",
    "vmstatestorage",
    "ciuser",
    "cipassword",
    "cpulimit",
    "cpuunits",
];
const CLOUD_INIT: [&str; 6] = [
    "citype",
    "ciupgrade",
    "cicustom",
    "nameserver",
    "searchdomain",
    "sshkeys",
];

/// Keys of a drive that can change while it runs; any other key makes the whole drive wait.
fn is_live_key(key: &str) -> bool {
    let throttle = ["mbps", "iops", "bps"]
        .iter()
        .any(|prefix| key.starts_with(prefix));
    throttle || ["backup", "replicate", "size"].contains(&key)
}

/// Why a change did not take effect now.
enum Held {
    /// It waits for the next start.
    Pending,
    /// It was tried and failed.
    Failed(String),
}

impl Datacenter {
    /// Tries what is pending and was touched; gives the problems by option.
    pub(super) fn plug(&mut self, node: &str, vmid: u32, touched: &[String]) -> Options {
        let mut errors = Options::new();
        let mut changed = false;
        let deletes: Vec<(String, bool)> = match self.vms.get(&vmid) {
            Some(vm) => vm.config.deletes.clone().into_iter().collect(),
            None => return errors,
        };
        for (name, force) in deletes
            .into_iter()
            .filter(|(name, _)| touched.contains(name))
        {
            let done = self.unplug_option(node, vmid, &name, force);
            changed |= note(&mut errors, &name, done);
        }
        let pending: Vec<String> = match self.vms.get(&vmid) {
            Some(vm) => vm.config.pending.keys().cloned().collect(),
            None => return errors,
        };
        for name in pending
            .into_iter()
            .filter(|name| is_fast(name) || touched.contains(name))
        {
            let done = self.plug_option(node, vmid, &name);
            changed |= note(&mut errors, &name, done);
        }
        if let Some(vm) = self.vms.get_mut(&vmid) {
            vm.config.tidy();
        }
        if changed && let Some(hardware) = self.hardware(vmid) {
            self.effects.push(Effect::Changed(hardware));
        }
        errors
    }

    fn unplug_option(
        &mut self,
        node: &str,
        vmid: u32,
        name: &str,
        force: bool,
    ) -> Result<(), Held> {
        let mut config = self.config_of(vmid)?;
        let features = features(&config);
        let base = split_index(name).map_or(name, |(base, _)| base);
        let has = |feature: &str| features.iter().any(|own| own == feature);
        match base {
            _ if is_fast(name) => {}
            "net" if has("network") => self.unplug_device(vmid, &config, name)?,
            "usb" if has("usb") => self.unplug_device(vmid, &config, name)?,
            "scsi" | "virtio" if has("disk") => {
                self.unplug_device(vmid, &config, name)?;
                let drive = config.get(name).and_then(|value| Drive::parse(name, value));
                if let Some(drive) = drive {
                    config.current.remove(name);
                    match force {
                        true => self.discard(node, vmid, &drive.file),
                        false => self.release(node, vmid, &mut config, &drive),
                    }
                }
            }
            "balloon" if config.get("balloon") != Some("0") => {}
            _ => return Err(Held::Pending),
        }
        config.current.remove(name);
        config.deletes.remove(name);
        self.keep_config(vmid, config);
        Ok(())
    }

    fn plug_option(&mut self, node: &str, vmid: u32, name: &str) -> Result<(), Held> {
        let mut config = self.config_of(vmid)?;
        let value = config.pending.get(name).cloned().ok_or(Held::Pending)?;
        let base = split_index(name).map_or(name, |(base, _)| base);
        match base {
            _ if is_fast(name) => {}
            "hotplug" => check_hotplug(&config, &value)?,
            "net" => self.plug_card(node, vmid, &config, name, &value)?,
            "balloon" => {
                let on = |value: Option<&str>| value != Some("0");
                if on(config.get("balloon")) != on(Some(&value)) {
                    return Err(Held::Pending);
                }
            }
            "agent" => check_agent(&config, &value)?,
            "usb" if features(&config).iter().any(|own| own == "usb") => {}
            "ide" | "sata" | "scsi" | "virtio" => {
                self.plug_drive(node, vmid, &mut config, name, &value)?;
            }
            _ => return Err(Held::Pending),
        }
        config.current.insert(name.to_owned(), value);
        config.pending.remove(name);
        self.keep_config(vmid, config);
        Ok(())
    }

    fn config_of(&self, vmid: u32) -> Result<Config, Held> {
        let vm = self.vms.get(&vmid).ok_or(Held::Pending)?;
        Ok(vm.config.clone())
    }

    fn keep_config(&mut self, vmid: u32, config: Config) {
        if let Some(vm) = self.vms.get_mut(&vmid) {
            vm.config = config;
        }
    }

    /// A guest that does not give a device back makes the change fail.
    fn unplug_device(&self, vmid: u32, config: &Config, name: &str) -> Result<(), Held> {
        let order = config.get("boot").and_then(boot::order).unwrap_or_default();
        let disks = order
            .iter()
            .filter(|device| Drive::is_slot(device) && config.get(device).is_some());
        if disks.clone().any(|device| device == name) {
            return Err(Held::Failed(format!("can't unplug bootdisk '{name}'\n")));
        }
        let guest = self
            .vms
            .get(&vmid)
            .and_then(|vm| vm.running.as_ref())
            .map(|running| running.guest);
        let controller = config.get("scsihw") == Some("virtio-scsi-single");
        let device = match name.strip_prefix("scsi") {
            Some(number) if controller => format!("virtioscsi{number}"),
            _ => name.to_owned(),
        };
        match guest.is_some_and(|guest| guest.obeys) {
            true => Ok(()),
            false => Err(Held::Failed(format!(
                "error on hot-unplugging device '{device}' - still busy in guest?\n"
            ))),
        }
    }

    fn plug_card(
        &self,
        node: &str,
        vmid: u32,
        config: &Config,
        name: &str,
        value: &str,
    ) -> Result<(), Held> {
        let new = Nic::parse(value).ok_or(Held::Pending)?;
        let old = config.get(name).and_then(Nic::parse);
        let replug = old.as_ref().is_none_or(|old| old.replug(&new));
        if replug && !features(config).iter().any(|own| own == "network") {
            return Err(Held::Pending);
        }
        if replug && old.is_some() {
            self.unplug_device(vmid, config, name)?;
        }
        let missing = new
            .get("bridge")
            .is_some_and(|bridge| !self.has_bridge(node, bridge));
        if !missing {
            return Ok(());
        }
        Err(Held::Failed(format!(
            "VM {vmid} qmp command 'netdev_add' failed - network script /usr/libexec/qemu-server/pve-bridge-hotplug failed with status 512\n"
        )))
    }

    fn plug_drive(
        &mut self,
        node: &str,
        vmid: u32,
        config: &mut Config,
        name: &str,
        value: &str,
    ) -> Result<(), Held> {
        let new = Drive::parse(name, value).ok_or(Held::Pending)?;
        let old = config.get(name).and_then(|old| Drive::parse(name, old));
        let both_media = old
            .as_ref()
            .is_some_and(|old| old.is_cdrom() && new.is_cdrom());
        if both_media && !new.is_cloud_init() {
            return Ok(());
        }
        let slow_bus = name.starts_with("ide") || name.starts_with("sata");
        match old {
            Some(old) if old.file == new.file => same_drive(&old, &new),
            _ if slow_bus || new.is_cloud_init() => Err(Held::Pending),
            _ if !features(config).iter().any(|own| own == "disk") => Err(Held::Pending),
            Some(old) => {
                self.unplug_device(vmid, config, name)?;
                config.current.remove(name);
                self.release(node, vmid, config, &old);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn is_fast(name: &str) -> bool {
    let cloud_init = CLOUD_INIT.contains(&name) || name.starts_with("ipconfig");
    FAST.contains(&name) || cloud_init
}

/// Takes note of a problem; tells whether something changed.
fn note(errors: &mut Options, name: &str, done: Result<(), Held>) -> bool {
    match done {
        Ok(()) => true,
        Err(Held::Pending) => false,
        Err(Held::Failed(text)) => {
            errors.insert(name.to_owned(), format!("hotplug problem - {text}"));
            false
        }
    }
}

/// Switching CPU or memory hotplug on or off needs a start.
fn check_hotplug(config: &Config, value: &str) -> Result<(), Held> {
    let heavy = |text: &str| text.contains("cpu") || text.contains("memory");
    match heavy(value) || config.get("hotplug").is_some_and(heavy) {
        true => Err(Held::Pending),
        false => Ok(()),
    }
}

/// Of the agent's keys only the one about trimming can change while it runs.
fn check_agent(config: &Config, value: &str) -> Result<(), Held> {
    let keys = |text: &str| {
        let mut keys = crate::proxmox::codec::property_string::parse("agent", text).ok()?;
        keys.remove("fstrim_cloned_disks");
        Some(keys)
    };
    match config.get("agent").and_then(keys) == keys(value) {
        true => Ok(()),
        false => Err(Held::Pending),
    }
}

fn same_drive(old: &Drive, new: &Drive) -> Result<(), Held> {
    let slow = |drive: &Drive| {
        let mut keys = drive.keys.clone();
        keys.retain(|key, _| !is_live_key(key));
        keys
    };
    match slow(old) == slow(new) {
        true => Ok(()),
        false => Err(Held::Pending),
    }
}
