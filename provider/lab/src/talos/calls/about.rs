//! What a machine is: version, name, memory, disks.

use proto_talos::machine as api;
use proto_talos::storage;
use tonic::Status;

use super::look;
use crate::talos::api::{Reply, one};
use crate::talos::cosi::platform_of;
use crate::talos::fleet::Fleet;
use crate::talos::machine::Key;

pub(crate) fn version(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    let version = look(fleet, key, |_, machine, run| {
        let (name, mode) = platform_of(machine);
        api::Version {
            metadata: None,
            version: Some(api::VersionInfo {
                tag: run.version.clone(),
                // The lab's machines were built from no commit.
                sha: "lab".to_owned(),
                built: String::new(),
                go_version: "go1.25.8".to_owned(),
                os: "linux".to_owned(),
                arch: "amd64".to_owned(),
            }),
            platform: Some(api::PlatformInfo {
                name: name.to_owned(),
                mode: mode.to_owned(),
            }),
            features: Some(api::FeaturesInfo { rbac: true }),
        }
    })?;
    Ok(one(&api::VersionResponse {
        messages: vec![version],
    }))
}

pub(crate) fn hostname(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    let hostname = look(fleet, key, |_, _, run| run.network.hostname.clone())?;
    Ok(one(&api::HostnameResponse {
        messages: vec![api::Hostname {
            metadata: None,
            hostname,
        }],
    }))
}

/// The kernel keeps about a twentieth for itself.
pub(crate) fn memory(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    let kib = look(fleet, key, |_, machine, _| {
        machine.hardware.memory_mib * 1024
    })?;
    let total = kib - kib / 20;
    Ok(one(&api::MemoryResponse {
        messages: vec![api::Memory {
            metadata: None,
            meminfo: Some(api::MemInfo {
                memtotal: total,
                memfree: total / 2,
                memavailable: total / 4 * 3,
            }),
        }],
    }))
}

pub(crate) fn system(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    let since = look(fleet, key, |_, _, run| run.since)?;
    Ok(one(&api::SystemStatResponse {
        messages: vec![api::SystemStat {
            metadata: None,
            boot_time: u64::try_from(since / 1000).unwrap_or_default(),
        }],
    }))
}

pub(crate) fn disks(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    let disks = look(fleet, key, |_, machine, _| {
        let system = machine.system_disk().map(|(disk, _)| disk.slot.clone());
        let disks = machine.hardware.disks.iter().map(|disk| storage::Disk {
            size: disk.size,
            model: "QEMU HARDDISK".to_owned(),
            device_name: format!("/dev/{}", disk.device),
            serial: disk.serial.clone().unwrap_or_default(),
            r#type: i32::from(storage::disk::DiskType::Hdd),
            system_disk: Some(&disk.slot) == system.as_ref(),
            subsystem: "/sys/class/block".to_owned(),
            ..storage::Disk::default()
        });
        disks.collect()
    })?;
    Ok(one(&storage::DisksResponse {
        messages: vec![storage::Disks {
            metadata: None,
            disks,
        }],
    }))
}
