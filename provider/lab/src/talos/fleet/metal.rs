//! Machines without a hypervisor: they are there from the start, and keep their disks in a file.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::Fleet;
use crate::talos::life::Rack;
use crate::talos::machine::{Disks, Installed, Key, Metal};

const FILE: &str = "metal.json";

/// Disks by machine and device.
type Kept = BTreeMap<String, BTreeMap<String, Option<Installed>>>;

/// Puts the machines of a scenario there.
pub(super) fn put(
    rack: &mut Rack,
    machines: &[Value],
    folder: Option<&Path>,
) -> Result<(), String> {
    let mut kept = folder.map(load).transpose()?.unwrap_or_default();
    for (index, value) in machines.iter().enumerate() {
        let metal = Metal::read(value)?;
        let hardware = metal.hardware(index + 1);
        let mut disks = kept.remove(&metal.name).unwrap_or_default();
        let disks: Disks = hardware
            .disks
            .iter()
            .map(|disk| (disk.slot.clone(), disks.remove(&disk.slot).flatten()))
            .collect();
        rack.put(&Key::Metal(metal.name), hardware, disks);
    }
    Ok(())
}

fn load(folder: &Path) -> Result<Kept, String> {
    let path = folder.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| {
            format!(
                "{} cannot be understood: {error}; remove it to begin anew",
                path.display()
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Kept::new()),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// Starts those that are to run.
pub(super) fn start(fleet: &Fleet) {
    let values = fleet.settings.world.machines.iter();
    let metals = values.filter_map(|value| Metal::read(value).ok());
    for metal in metals.filter(|metal| metal.stage != "off") {
        fleet.with(|rack| rack.power_on(&Key::Metal(metal.name)));
    }
}

/// Writes what their disks hold.
pub(super) fn save(fleet: &Fleet) {
    let Some(folder) = &fleet.settings.folder else {
        return;
    };
    let kept: Kept = fleet.look(|rack| {
        let metals = rack.machines.iter().filter_map(|(key, machine)| match key {
            Key::Metal(name) => Some((name.clone(), machine.disks.clone())),
            Key::Vm(_) => None,
        });
        metals.collect()
    });
    // The next write may succeed; the machines in memory go on.
    if let Ok(text) = serde_json::to_string(&kept) {
        let new = folder.join("metal.json.new");
        let _ = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, folder.join(FILE)));
    }
}
