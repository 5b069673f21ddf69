//! From power to a configuration: what boots, what it is told by the seed, and the installation.
//! Sequences: `v1alpha1_sequencer.go` of Talos 1.12.

use std::collections::BTreeMap;

use super::{Rack, Step};
use crate::talos::config::Config;
use crate::talos::cosi::Store;
use crate::talos::machine::{
    Door, Installed, Key, Machine, Network, Run, Stage, StatePartition, What,
};

/// Firmware, boot loader and kernel.
const KERNEL: i64 = 6_000;
/// From the kernel to the maintenance service.
const MAINTENANCE: i64 = 1_500;
/// What the answer to the configuration needs to leave the machine.
const ANSWERED: i64 = 1_500;
/// The installer.
const INSTALL: i64 = 15_000;
/// From the end of one kernel to the next.
const KEXEC: i64 = 3_000;
/// How long a machine that cannot go on waits before it starts again.
const PAUSE: i64 = 10_000;

impl Rack {
    /// Starts a machine from nothing.
    pub(crate) fn power_on(&mut self, key: &Key) {
        let (boot_id, node_id) = (self.uuid(), self.node_id());
        let (now, version) = (self.now, self.version.clone());
        let Some(machine) = self.machines.get_mut(key) else {
            return;
        };
        machine.starts += 1;
        machine.run = Some(fresh(machine, now, boot_id, node_id, &version));
        // Firmware that finds nothing waits for somebody to bring something.
        if boots(machine) {
            self.later(key, KERNEL, Step::Kernel);
        }
    }

    /// Takes the power away.
    pub(crate) fn power_off(&mut self, key: &Key) {
        if let Some(machine) = self.machines.get_mut(key) {
            machine.starts += 1;
            machine.run = None;
        }
    }

    pub(super) fn kexec(&mut self, key: &Key) {
        self.power_on(key);
    }

    /// 32 bytes in base62, as Talos makes them; here any word that is not used twice.
    fn node_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.number(), self.number())
    }

    pub(super) fn step(&mut self, key: &Key, step: Step) {
        match step {
            Step::Kernel => self.kernel(key),
            Step::Maintenance => {
                self.enter(key, Stage::Maintenance);
                self.open(key, Door::Maintenance);
            }
            Step::Configured(config) => self.take_up(key, config),
            Step::Installed(slot) => self.installed(key, &slot),
            Step::InstallFailed => self.kexec_soon(key, PAUSE),
            Step::Kexec => self.kexec(key),
            Step::Off { reset } => self.off(key, reset),
            Step::Api => self.api(key),
            Step::Cri => self.cri(key),
            Step::Kubelet => self.kubelet(key),
            Step::EtcdTry => self.etcd_try(key),
            Step::EtcdUp => self.etcd_up(key),
            Step::Promote => self.promote(key),
            Step::TryOver(number) => self.try_over(key, number),
            Step::Leave { until, wipe } => self.leave_and_wipe(key, until, wipe),
            Step::Wipe(wipe) => self.wipe(key, &wipe),
            Step::Look => {}
        }
    }

    pub(super) fn open(&mut self, key: &Key, door: Door) {
        if let Some(run) = self.run_mut(key) {
            run.open(door);
        }
    }

    fn kernel(&mut self, key: &Key) {
        let kept = self.machine(key).and_then(Machine::persisted);
        let seeded = self.machine(key).and_then(seeded);
        self.services_of_the_kernel(key);
        self.enter(key, Stage::Booting);
        match kept.or(seeded) {
            Some(config) => self.take_up(key, config),
            None => {
                self.renew_network(key);
                self.later(key, MAINTENANCE, Step::Maintenance);
            }
        }
    }

    /// Addresses and names by the configuration in force.
    pub(super) fn renew_network(&mut self, key: &Key) {
        let Some(machine) = self.machines.get_mut(key) else {
            return;
        };
        if let Some(run) = &mut machine.run {
            run.network = Network::of(&machine.hardware, run.active.as_ref(), &run.node_id);
        }
    }

    /// A configuration was applied in maintenance mode.
    pub(crate) fn configure(&mut self, key: &Key, config: Config) {
        self.later(key, ANSWERED, Step::Configured(config));
    }

    fn take_up(&mut self, key: &Key, config: Config) {
        self.open(key, Door::Closed);
        self.enter(key, Stage::Booting);
        if let Some(run) = self.run_mut(key) {
            run.active = Some(config.clone());
        }
        self.renew_network(key);
        let installed = self
            .machine(key)
            .is_some_and(|machine| machine.system_disk().is_some());
        if installed {
            self.persist(key, &config);
            // apid starts after the sequence that installs (`internal/app/machined/main.go`).
            self.later(key, super::services::API, Step::Api);
            self.start_services(key);
        } else {
            self.install(key, &config);
        }
    }

    /// Writes a configuration to STATE, which is made where it is missing.
    pub(super) fn persist(&mut self, key: &Key, config: &Config) {
        let node_id = self.run(key).map(|run| run.node_id.clone());
        let text = config.text.to_string();
        let now = self.machine(key).and_then(Machine::state);
        if now.is_some_and(|state| state.config.as_deref() == Some(&text)) {
            return;
        }
        self.write(key, |disk| {
            let state = disk.state.get_or_insert_with(|| StatePartition {
                config: None,
                node_id: node_id.unwrap_or_default(),
            });
            state.config = Some(text);
        });
    }

    fn install(&mut self, key: &Key, config: &Config) {
        self.enter(key, Stage::Installing);
        let slot = self
            .machine(key)
            .and_then(|machine| target(machine, config));
        match slot {
            Some(slot) => self.later(key, INSTALL, Step::Installed(slot)),
            None => self.later(key, PAUSE, Step::InstallFailed),
        }
    }

    fn installed(&mut self, key: &Key, slot: &str) {
        let Some(run) = self.run(key) else {
            return;
        };
        let Some(config) = run.active.clone() else {
            return;
        };
        let image = config.text_at("/machine/install/image").unwrap_or_default();
        let (version, schematic) = by_installer(image);
        let content = Installed {
            version: version.unwrap_or_else(|| run.version.clone()),
            schematic: schematic.or_else(|| run.schematic.clone()),
            state: Some(StatePartition {
                config: Some(config.text.to_string()),
                node_id: run.node_id.clone(),
            }),
            ephemeral: None,
        };
        self.put_on_disk(key, slot, Some(content));
        self.kexec_soon(key, KEXEC);
    }

    pub(super) fn kexec_soon(&mut self, key: &Key, wait: i64) {
        self.enter(key, Stage::Rebooting);
        if let Some(run) = self.run_mut(key) {
            run.leaving = true;
            run.tell("", What::Task("stopAllServices"));
        }
        self.later(key, wait, Step::Kexec);
    }
}

/// A run that begins.
fn fresh(machine: &Machine, now: i64, boot_id: String, node_id: String, version: &str) -> Run {
    let disk = machine.system_disk().map(|(_, content)| content);
    let medium = machine.hardware.medium.as_ref();
    let medium = medium.map(|one| {
        (
            one.version.clone().unwrap_or_default(),
            one.schematic.clone(),
        )
    });
    let kept = disk.as_ref().and_then(|disk| disk.state.as_ref());
    let node_id = kept.map_or(node_id, |state| state.node_id.clone());
    let installed = disk.map(|disk| (disk.version, disk.schematic));
    let (booted, schematic) = match medium_first(machine) {
        true => medium.or(installed),
        false => installed.or(medium),
    }
    .unwrap_or_default();
    Run {
        boot_id,
        since: now,
        version: if booted.is_empty() {
            version.to_owned()
        } else {
            booted
        },
        schematic,
        stage: Stage::Booting,
        up: false,
        leaving: false,
        door: Door::Closed,
        epoch: 0,
        network: Network::default(),
        active: None,
        tried: None,
        services: BTreeMap::new(),
        etcd: false,
        vips: Vec::new(),
        node_id,
        store: Store::default(),
        events: Vec::new(),
    }
}

fn boots(machine: &Machine) -> bool {
    machine.hardware.medium.is_some() || machine.system_disk().is_some()
}

/// Whether the medium comes before the disk that Talos is on.
fn medium_first(machine: &Machine) -> bool {
    let order = &machine.hardware.boot_order;
    let place = |slot: &str| {
        order
            .iter()
            .position(|one| one == slot)
            .unwrap_or(usize::MAX)
    };
    match (&machine.hardware.medium, machine.system_disk()) {
        (Some(medium), Some((disk, _))) => place(&medium.slot) < place(&disk.slot),
        (medium, _) => medium.is_some(),
    }
}

/// The configuration that the seed carries, where it is one.
fn seeded(machine: &Machine) -> Option<Config> {
    let text = machine.hardware.seed.as_ref()?.config.as_ref()?;
    crate::talos::config::check(text.as_bytes())
        .ok()
        .filter(|config| config.main().is_some())
}

/// The disk that the configuration names; a link below `/dev/disk` or a selector means the first
/// one that fits.
fn target(machine: &Machine, config: &Config) -> Option<String> {
    let disks = &machine.hardware.disks;
    if let Some(path) = config.text_at("/machine/install/disk") {
        let device = path.trim_start_matches("/dev/");
        let found = disks.iter().find(|disk| {
            let serial = disk.serial.as_deref().filter(|serial| !serial.is_empty());
            let linked = || serial.is_some_and(|serial| device.ends_with(serial));
            disk.device == device || device.starts_with("disk/by-id/") && linked()
        });
        return found.map(|disk| disk.slot.clone());
    }
    let size = config.text_at("/machine/install/diskSelector/size");
    let serial = config.text_at("/machine/install/diskSelector/serial");
    let fits = |disk: &&crate::talos::machine::Disk| {
        serial.is_none_or(|serial| disk.serial.as_deref() == Some(serial))
            && size.is_none_or(|size| sized(disk.size, size))
    };
    let selects = config.main()?.pointer("/machine/install/diskSelector");
    selects?;
    disks.iter().find(fits).map(|disk| disk.slot.clone())
}

/// `>= 20GB`, as `machine.install.diskSelector.size` has it.
fn sized(size: u64, wanted: &str) -> bool {
    let sign: String = wanted.chars().take_while(|c| "<>=".contains(*c)).collect();
    let number = wanted.trim_start_matches(['<', '>', '=']).trim();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    let unit = number.get(digits.len()..).unwrap_or_default().trim();
    let factor: u64 = match unit.to_ascii_uppercase().as_str() {
        "TB" => 1_000_000_000_000,
        "GB" => 1_000_000_000,
        "MB" => 1_000_000,
        "TIB" => 1 << 40,
        "GIB" => 1 << 30,
        "MIB" => 1 << 20,
        _ => 1,
    };
    let wanted = digits
        .parse::<u64>()
        .unwrap_or_default()
        .saturating_mul(factor);
    match sign.as_str() {
        ">=" => size >= wanted,
        "<=" => size <= wanted,
        ">" => size > wanted,
        "<" => size < wanted,
        _ => size == wanted,
    }
}

/// Version and schematic that an installer's name tells:
/// `factory.talos.dev/nocloud-installer/<schematic>:v1.12.6`.
fn by_installer(image: &str) -> (Option<String>, Option<String>) {
    let image = image.split('@').next().unwrap_or_default();
    let (path, tag) = image.rsplit_once(':').unwrap_or((image, ""));
    let version = tag.starts_with('v').then(|| tag.to_owned());
    let last = path.rsplit('/').next().unwrap_or_default();
    let schematic = (last.len() == 64).then(|| last.to_owned());
    (version, schematic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installers_tell_what_they_install() {
        let id = "ab".repeat(32);
        let image = format!("factory.talos.dev/nocloud-installer/{id}:v1.12.6");
        assert_eq!(by_installer(&image), (Some("v1.12.6".to_owned()), Some(id)));
        assert_eq!(by_installer("ghcr.io/siderolabs/installer:v1.12.6").1, None);
        assert_eq!(by_installer(""), (None, None));
    }

    #[test]
    fn sizes_are_compared_in_their_units() {
        assert!(sized(40 << 30, ">= 20GB") && sized(40 << 30, "> 20 GiB"));
        assert!(!sized(10 << 30, ">= 20GB") && sized(10 << 30, "<= 20GB"));
    }
}
