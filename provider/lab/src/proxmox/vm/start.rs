//! Starting: what is looked at, and what a stop leaves behind.

use super::{Guest, Running};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::codec::{Nic, property_string};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::effect::Effect;

/// How long a guest takes from the power button to power off, in milliseconds.
const SHUTDOWN: i64 = 3000;

impl Datacenter {
    /// Starts a VM after all checks.
    pub(super) fn boot(&mut self, node: &str, vmid: u32, log: &mut Vec<String>) -> Reply<()> {
        self.check_start(node, vmid)?;
        self.apply_pending(node, vmid);
        self.check_devices(node, vmid, log)?;
        let guest = Guest {
            obeys: self.boots(vmid),
            shutdown: SHUTDOWN,
        };
        let running = Running::new(self, guest);
        self.vm_mut(node, vmid)?.running = Some(running);
        if let Some(hardware) = self.hardware(vmid) {
            self.effects.push(Effect::PowerOn(hardware));
        }
        Ok(())
    }

    /// What refuses a start before anything is looked at.
    pub(super) fn check_start(&self, node: &str, vmid: u32) -> Reply<()> {
        let vm = self.vm(node, vmid)?;
        vm.config.check_lock()?;
        if vm.config.flag("template") {
            return Err(Refusal::die("you can't start a vm if it's a template"));
        }
        if vm.running.is_some() {
            return Err(Refusal::die(format!("VM {vmid} already running")));
        }
        Ok(())
    }

    /// Volumes, bridges, devices and the host's size. Texts of volumes and bridges are recorded;
    /// those of mappings, memory and CPUs are from reference and documentation.
    fn check_devices(&self, node: &str, vmid: u32, log: &mut Vec<String>) -> Reply<()> {
        let config = &self.vm(node, vmid)?.config;
        for drive in config.drives() {
            if let Some(volid) = drive.volume() {
                self.existing(node, volid)?;
            }
            if drive.is_cloud_init() {
                log.push("generating cloud-init ISO".to_owned());
            }
        }
        self.check_size(node, vmid)?;
        for (name, value) in &config.current {
            if name.starts_with("hostpci") {
                self.check_mapping(node, value)?;
            }
            let nic = name.starts_with("net").then(|| Nic::parse(value)).flatten();
            let bridge = nic.as_ref().and_then(|nic| nic.get("bridge"));
            if let Some(bridge) = bridge.filter(|bridge| !self.has_bridge(node, bridge)) {
                return Err(Refusal::die(format!("bridge '{bridge}' does not exist")));
            }
        }
        Ok(())
    }

    fn check_size(&self, node: &str, vmid: u32) -> Reply<()> {
        let config = &self.vm(node, vmid)?.config;
        let Some(host) = self.hosts.get(node) else {
            return Ok(());
        };
        let cpus = super::hardware::cpus(config);
        if cpus > host.cpus {
            let text = format!("MAX {} vcpus allowed per VM on this node", host.cpus);
            return Err(Refusal::die(text));
        }
        match super::hardware::memory(config) << 20 > host.memory {
            true => Err(Refusal::die("start failed: QEMU exited with code 1")),
            false => Ok(()),
        }
    }

    /// A mapped device must be in the mapping of this host and be what it was.
    fn check_mapping(&self, node: &str, value: &str) -> Reply<()> {
        let keys = property_string::parse("pve-qm-hostpci", value).unwrap_or_default();
        let Some(id) = keys.get("mapping") else {
            return Ok(());
        };
        let missing = || Refusal::die(format!("PCI device mapping not found for '{id}'"));
        let mapping = self.mappings.get("pci").and_then(|all| all.get(id));
        let entries = mapping.ok_or_else(missing)?.map.iter();
        let entries = entries.filter_map(|entry| property_string::parse("pci-entry", entry).ok());
        let own: Vec<_> = entries
            .filter(|entry| entry.get("node").is_some_and(|own| own == node))
            .collect();
        if own.is_empty() {
            return Err(Refusal::die(format!(
                "PCI device mapping '{id}' has no entry for node '{node}'"
            )));
        }
        own.iter().try_for_each(|entry| self.check_pci(node, entry))
    }

    fn check_pci(&self, node: &str, entry: &property_string::Keys) -> Reply<()> {
        let path = entry.get("path").map(String::as_str).unwrap_or_default();
        let devices = self.hosts.get(node).map(|host| host.pci.as_slice());
        let device = devices
            .unwrap_or_default()
            .iter()
            .find(|device| device["id"] == path);
        let Some(device) = device else {
            return Err(Refusal::die(format!("PCI device '{path}' does not exist")));
        };
        let plain = |name: &str| {
            device[name]
                .as_str()
                .unwrap_or("")
                .trim_start_matches("0x")
                .to_owned()
        };
        let mut found = vec![("id", format!("{}:{}", plain("vendor"), plain("device")))];
        if device["iommugroup"]
            .as_i64()
            .is_some_and(|group| group >= 0)
        {
            found.push(("iommugroup", device["iommugroup"].to_string()));
        }
        if !plain("subsystem_vendor").is_empty() {
            let id = format!(
                "{}:{}",
                plain("subsystem_vendor"),
                plain("subsystem_device")
            );
            found.push(("subsystem-id", id));
        }
        for (name, real) in found {
            match entry.get(name) {
                None => {
                    let text = format!("missing expected property '{name}' for device '{path}'");
                    return Err(Refusal::die(text));
                }
                Some(own) if *own != real => {
                    let text = format!("'{name}' does not match for '{path}' ({own} != {real})");
                    return Err(Refusal::die(text));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The process is gone: pending changes apply.
    pub(super) fn stopped(&mut self, node: &str, vmid: u32) {
        if let Some(vm) = self.vms.get_mut(&vmid) {
            vm.running = None;
        }
        self.apply_pending(node, vmid);
        self.effects.push(Effect::PowerOff { vmid });
        // A managed VM that went down by itself comes up again.
        self.follow_manager(vmid);
    }

    /// Somebody starts a VM without the API.
    pub(crate) fn switch_on(&mut self, vmid: u32) -> Reply<()> {
        let node = self.vms.get(&vmid).map(|vm| vm.node.clone());
        self.boot(&node.unwrap_or_default(), vmid, &mut Vec::new())
    }

    /// The power is cut, by whoever.
    pub(crate) fn cut_power(&mut self, vmid: u32) {
        let running = self.vms.get(&vmid).filter(|vm| vm.running.is_some());
        if let Some(node) = running.map(|vm| vm.node.clone()) {
            self.stopped(&node, vmid);
        }
    }

    /// The guest switched itself off, or asked for a reset.
    pub(crate) fn guest_stopped(&mut self, vmid: u32, reboot: bool) {
        let Some(vm) = self.vms.get(&vmid).filter(|vm| vm.running.is_some()) else {
            return;
        };
        let node = vm.node.clone();
        if reboot {
            // A reset of the guest applies nothing that is pending.
            if let Some(hardware) = self.hardware(vmid) {
                self.effects.push(Effect::Reset(hardware));
            }
            return;
        }
        if !self.complete_tasks(vmid, &["qmshutdown", "qmreboot"]) {
            self.stopped(&node, vmid);
        }
    }
}
