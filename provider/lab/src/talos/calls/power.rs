//! Reboot, Shutdown and Reset.

use proto_talos::machine as api;
use proto_talos::machine::reset_request::WipeMode;
use tonic::Status;

use super::look;
use crate::talos::api::{Reply, one};
use crate::talos::fleet::Fleet;
use crate::talos::life::Wipe;
use crate::talos::machine::Key;

pub(crate) fn reboot(
    fleet: &Fleet,
    key: &Key,
    request: &api::RebootRequest,
) -> Result<Reply, Status> {
    let actor_id = fleet.actor();
    let firmware = request.mode() == api::reboot_request::Mode::Powercycle;
    fleet.with(|rack| rack.reboot(key, &actor_id, firmware));
    Ok(one(&api::RebootResponse {
        messages: vec![api::Reboot {
            metadata: None,
            actor_id,
        }],
    }))
}

pub(crate) fn shut_down(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    let actor_id = fleet.actor();
    fleet.with(|rack| rack.shut_down(key, &actor_id));
    Ok(one(&api::ShutdownResponse {
        messages: vec![api::Shutdown {
            metadata: None,
            actor_id,
        }],
    }))
}

/// The checks and their words are those of `Reset` in `v1alpha1_server.go`.
pub(crate) fn reset(
    fleet: &Fleet,
    key: &Key,
    request: &api::ResetRequest,
) -> Result<Reply, Status> {
    let mode = request.mode();
    let failed = |text: String| Err(Status::unknown(text));
    if !request.user_disks_to_wipe.is_empty() && mode == WipeMode::SystemDisk {
        return failed("reset failed: invalid input, wipe mode SYSTEM_DISK doesn't support UserDisksToWipe parameter".to_owned());
    }
    if !request.system_partitions_to_wipe.is_empty() && mode == WipeMode::UserDisks {
        return failed("reset failed: invalid input, wipe mode USER_DISKS doesn't support SystemPartitionsToWipe parameter".to_owned());
    }
    let (disks, system, installed) = look(fleet, key, |_, machine, _| {
        let disks = machine.hardware.disks.iter();
        let disks = disks.map(|disk| format!("/dev/{}", disk.device));
        let system = machine
            .system_disk()
            .map(|(disk, _)| format!("/dev/{}", disk.device));
        let installed = system.is_some();
        (disks.collect::<Vec<String>>(), system, installed)
    })?;
    for device in &request.user_disks_to_wipe {
        if !disks.contains(device) {
            return failed(format!(
                "reset user disk failed: device {device} wasn't found"
            ));
        }
        if Some(device) == system.as_ref() {
            return failed(format!(
                "reset user disk failed: device {device} is the system disk"
            ));
        }
    }
    let labels = request.system_partitions_to_wipe.iter();
    for part in labels.clone() {
        let known = ["META", "STATE", "EPHEMERAL"].contains(&part.label.as_str());
        if !known || !installed {
            return failed(format!(
                "failed to get volume status with label \"{0}\": resource VolumeStatuses.block.talos.dev(runtime/{0}@undefined) doesn't exist",
                part.label
            ));
        }
    }
    let actor_id = fleet.actor();
    let named = !request.system_partitions_to_wipe.is_empty();
    let wipe = Wipe {
        labels: labels
            .filter(|part| part.wipe)
            .map(|part| part.label.clone())
            .collect(),
        system: !named && mode != WipeMode::UserDisks,
        user_disks: request.user_disks_to_wipe.clone(),
        graceful: request.graceful,
        reboot: request.reboot,
    };
    fleet.with(|rack| rack.reset(key, &actor_id, wipe));
    Ok(one(&api::ResetResponse {
        messages: vec![api::Reset {
            metadata: None,
            actor_id,
        }],
    }))
}
