//! What people are told of the machines, while they are played.

use std::path::Path;

use serde_json::{Value, json};

use super::Fleet;
use crate::talos::machine::{Key, Machine};
use crate::world::Switch;

/// Where a world keeps what it last told of its machines.
const FILE: &str = "machines.json";

impl Fleet {
    /// Writes what is told of the machines to their folder, and the disks of those without a
    /// hypervisor.
    pub fn save(&self) {
        let Some(folder) = &self.settings.folder else {
            return;
        };
        super::metal::save(self);
        // Who asks later sees what was told before.
        let _ = std::fs::write(folder.join(FILE), self.summary().to_string());
    }

    /// What was last told of the machines of a folder.
    #[must_use]
    pub fn kept_summary(folder: &Path) -> Value {
        let text = std::fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_else(|_| json!([]))
    }

    /// Machines with stage, release and addresses, and members of etcd.
    #[must_use]
    pub fn summary(&self) -> Value {
        self.look(|rack| {
            let machines = rack.machines.iter();
            machines.map(|(key, machine)| told(key, machine)).collect()
        })
    }

    /// Does something at a machine without a hypervisor. None where there is none of that name.
    ///
    /// # Errors
    /// It is on already, or off.
    pub fn switch(&self, name: &str, switch: Switch) -> Option<Result<(), String>> {
        let key = Key::Metal(name.to_owned());
        let on = self.look(|rack| Some(rack.machine(&key)?.run.is_some()))?;
        let work = |on: bool| {
            self.with(|rack| match on {
                true => rack.power_on(&key),
                false => rack.power_off(&key),
            });
            Ok(())
        };
        Some(match (switch, on) {
            (Switch::On, true) => Err(format!("{name} is on already")),
            (Switch::Off | Switch::Reset, false) => Err(format!("{name} is off")),
            (Switch::On, false) | (Switch::Reset, true) => work(true),
            (Switch::Off, true) => work(false),
        })
    }
}

fn told(key: &Key, machine: &Machine) -> Value {
    let run = machine.run.as_ref();
    let stage = run.map_or("off", |run| match run.up {
        true => run.stage.name(),
        false => "firmware",
    });
    let addresses = run
        .map(crate::talos::machine::Run::addresses)
        .unwrap_or_default();
    let data = machine.etcd_data();
    let members = data.map(|data| {
        let members = data.members.iter();
        members
            .map(|member| json!({ "id": format!("{:016x}", member.id), "name": member.name, "learner": member.learner }))
            .collect::<Vec<_>>()
    });
    json!({
        "name": machine.hardware.name,
        "vmid": match key { Key::Vm(vmid) => json!(vmid), Key::Metal(_) => Value::Null },
        "uuid": machine.hardware.uuid,
        "hostname": run.map(|run| run.network.hostname.clone()),
        "stage": stage,
        "version": run.map(|run| run.version.clone()),
        "addresses": addresses,
        "etcd": members,
    })
}
