//! Resources of the machine itself: stage, version, services, hardware, volumes, configuration.

use serde_json::{Value, json};

use super::{Content, Spec};
use crate::talos::config::Config;
use crate::talos::life::{Rack, unmet};
use crate::talos::machine::{Disk, Machine, Run, Service};

pub(super) fn contents(rack: &Rack, machine: &Machine) -> Vec<Content> {
    let Some(run) = &machine.run else {
        return Vec::new();
    };
    let mut all = vec![
        status(rack, machine, run),
        Content::new(
            "Versions.runtime.talos.dev",
            "version",
            json!({ "version": run.version }),
        ),
        platform(machine, run),
        Content::new(
            "SecurityStates.talos.dev",
            "securitystate",
            json!({
                "secureBoot": false, "uKISigningKeyFingerprint": "", "pcrSigningKeyFingerprint": "", "selinuxState": "permissive",
            }),
        ),
        Content::new(
            "TimeStatuses.v1alpha1.talos.dev",
            "node",
            json!({
                "synced": true, "epoch": 0,
                "syncDisabled": run.active.as_ref().is_some_and(Config::ignores_time),
            }),
        ),
        Content::new(
            "SystemInformations.hardware.talos.dev",
            "systeminformation",
            json!({
                "manufacturer": "QEMU", "productName": "Standard PC (Q35 + ICH9, 2009)", "uuid": machine.hardware.uuid,
            }),
        ),
        Content::new(
            "Identities.cluster.talos.dev",
            "local",
            json!({ "nodeId": run.node_id }),
        ),
        machine_type(run),
    ];
    all.extend(extension(run));
    let running = run.services.iter().filter(|(_, service)| service.running());
    all.extend(running.map(|(name, one)| service(name, one)));
    all.extend(machine.hardware.disks.iter().map(disk));
    all.extend(cdrom(machine));
    all.extend(system_disk(machine));
    all.extend(volumes(machine));
    all.extend(configurations(machine, run));
    all
}

fn status(rack: &Rack, machine: &Machine, run: &Run) -> Content {
    let unmet = unmet(rack, machine);
    let conditions = unmet.iter();
    let conditions = conditions.map(|(name, reason)| json!({ "name": name, "reason": reason }));
    let conditions: Vec<Value> = conditions.collect();
    let status = json!({ "ready": conditions.is_empty(), "unmetConditions": conditions });
    let spec = json!({ "stage": run.stage.name(), "status": status });
    Content::new("MachineStatuses.runtime.talos.dev", "machine", spec)
}

/// The platform of a machine: VMs boot the images of NoCloud.
pub(crate) fn platform_of(machine: &Machine) -> (&'static str, &'static str) {
    match machine.hardware.seed.is_some()
        || machine
            .hardware
            .links
            .iter()
            .all(|link| link.given.is_empty())
    {
        true => ("nocloud", "cloud"),
        false => ("metal", "metal"),
    }
}

fn platform(machine: &Machine, run: &Run) -> Content {
    let (platform, _) = platform_of(machine);
    let spec = json!({ "platform": platform, "hostname": run.network.hostname });
    Content::new("PlatformMetadatas.talos.dev", "platformmetadata", spec)
}

/// The schematic shows as an extension of that name.
fn extension(run: &Run) -> Option<Content> {
    let schematic = run.schematic.as_ref()?;
    let metadata = json!({
        "name": "schematic", "version": schematic, "author": "Image Factory",
        "description": "Virtual extension which specifies the schematic of the image built with Image Factory.",
    });
    let spec = json!({ "image": "", "metadata": metadata });
    Some(Content::new(
        "ExtensionStatuses.runtime.talos.dev",
        "schematic",
        spec,
    ))
}

fn machine_type(run: &Run) -> Content {
    let kind = run
        .active
        .as_ref()
        .map_or("unknown", |config| config.machine_type());
    Content::new("MachineTypes.config.talos.dev", "machine-type", json!(kind))
}

fn service(name: &str, service: &Service) -> Content {
    let spec = json!({
        "running": service.running(),
        "healthy": service.healthy == Some(true),
        "unknown": service.healthy.is_none(),
    });
    Content::new("Services.v1alpha1.talos.dev", name, spec)
}

fn disk(disk: &Disk) -> Content {
    let virtio = disk.device.starts_with("vd");
    let mut spec = json!({
        "dev_path": format!("/dev/{}", disk.device),
        "size": disk.size,
        "pretty_size": pretty(disk.size),
        "io_size": 512,
        "sector_size": 512,
        "readonly": false,
        "cdrom": false,
        "sub_system": "/sys/class/block",
        "transport": "virtio",
    });
    if !virtio {
        spec["model"] = json!("QEMU HARDDISK");
        spec["rotational"] = json!(true);
    }
    if let Some(serial) = &disk.serial {
        spec["serial"] = json!(serial);
    }
    Content::new("Disks.block.talos.dev", &disk.device, spec)
}

fn cdrom(machine: &Machine) -> Option<Content> {
    let there = machine.hardware.medium.is_some() || machine.hardware.seed.is_some();
    let spec = json!({
        "dev_path": "/dev/sr0", "size": 0, "pretty_size": "0 B", "io_size": 512, "sector_size": 2048,
        "readonly": false, "cdrom": true, "model": "QEMU DVD-ROM", "sub_system": "/sys/class/block", "rotational": true,
    });
    there.then(|| Content::new("Disks.block.talos.dev", "sr0", spec))
}

/// Sizes as people read them, in powers of 1000.
fn pretty(size: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut divisor = 1_u64;
    while size / divisor >= 1000 && unit + 1 < units.len() {
        divisor *= 1000;
        unit += 1;
    }
    let tenths = size * 10 / divisor;
    let digits = match (tenths >= 100, unit) {
        (_, 0) => size.to_string(),
        (true, _) => (size / divisor).to_string(),
        (false, _) => format!("{}.{}", tenths / 10, tenths % 10),
    };
    format!("{digits} {}", units.get(unit).copied().unwrap_or_default())
}

fn system_disk(machine: &Machine) -> Option<Content> {
    let (disk, _) = machine.system_disk()?;
    let spec = json!({ "diskID": disk.device, "devPath": format!("/dev/{}", disk.device) });
    Some(Content::new(
        "SystemDisks.block.talos.dev",
        "system-disk",
        spec,
    ))
}

/// Partitions by label: number and bytes; EPHEMERAL takes the rest
/// (`pkg/machinery/constants`, `internal/pkg/partition`).
fn volumes(machine: &Machine) -> Vec<Content> {
    let Some((disk, content)) = machine.system_disk() else {
        return Vec::new();
    };
    let configured = machine.active().is_some();
    let ephemeral = disk.size.saturating_sub(2_300 << 20);
    let parts = [
        ("META", 4, 1 << 20, true),
        ("STATE", 5, 100 << 20, content.state.is_some()),
        ("EPHEMERAL", 6, ephemeral, configured),
    ];
    let there = parts.into_iter().filter(|(_, _, _, there)| *there);
    let volume = there.map(|(label, number, size, _)| {
        let location = format!("/dev/{}{number}", disk.device);
        let spec = json!({
            "phase": "ready", "type": "partition", "location": location, "mountLocation": location,
            "partitionIndex": number, "parentLocation": format!("/dev/{}", disk.device),
            "size": size, "prettySize": pretty(size),
            "filesystem": if label == "META" { "talosmeta" } else { "xfs" },
        });
        Content::new("VolumeStatuses.block.talos.dev", label, spec)
    });
    volume.collect()
}

fn configurations(machine: &Machine, run: &Run) -> Vec<Content> {
    let content = |id: &str, text: std::sync::Arc<str>| Content {
        kind: "MachineConfigs.config.talos.dev",
        id: id.to_owned(),
        spec: Spec::Config(text),
    };
    let Some(active) = &run.active else {
        return Vec::new();
    };
    let kept = machine.state().and_then(|state| state.config);
    let mut all = vec![content("v1alpha1", active.text.clone())];
    all.extend(kept.map(|text| content("persistent", text.into())));
    all
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn sizes_are_for_people() {
        let texts = [0, 999, 1 << 20, 42_949_672_960, 64 << 30].map(pretty);
        assert_eq!(texts, ["0 B", "999 B", "1.0 MB", "42 GB", "68 GB"]);
    }
}
