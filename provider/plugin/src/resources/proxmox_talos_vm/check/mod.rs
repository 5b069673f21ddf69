//! What is refused before anybody is asked. Pure.

mod disks;
mod seed;
mod slots;
mod ways;

use framework::prelude::*;
use proxmox_client::codec::Tags;

use self::disks::{boot_order, disks};
use self::seed::seed;
use self::slots::{devices, slot_names};
pub use self::ways::has_placeholder;
use super::model::TalosVm;

/// Finds every mistake; parts may be unknown.
pub fn validate(config: &TalosVm, found: &mut Diagnostics) {
    names(config, found);
    slot_names(config, found);
    disks(config, found);
    boot_order(config, found);
    if let Some(set) = config.network_seed.get() {
        seed(config, set, found);
    }
    devices(config, found);
    power(config, found);
}

/// Tells a value that it cannot have.
pub fn invalid(
    found: &mut Diagnostics,
    path: impl Into<Path>,
    what: &str,
    detail: impl Into<String>,
) {
    found.error_at(path, format!("TS-INPUT-INVALID: {what}"), detail);
}

fn names(config: &TalosVm, found: &mut Diagnostics) {
    if let Some(name) = config.name.as_str() {
        let label = |label: &str| {
            let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !name.split('.').all(label) {
            invalid(
                found,
                "name",
                &format!("{name:?} is not a DNS name"),
                "Use letters, digits and -, at most 63 of them between dots.",
            );
        }
    }
    if let Some(vmid) = config.vmid.get()
        && !(100..=999_999_999).contains(vmid)
    {
        invalid(
            found,
            "vmid",
            &format!("{vmid} is not a vmid"),
            "They go from 100 to 999999999.",
        );
    }
    for tag in config
        .tags
        .get()
        .into_iter()
        .flatten()
        .filter(|tag| !Tags::is_valid(tag))
    {
        invalid(
            found,
            "tags",
            &format!("{tag:?} is not a tag"),
            "Use letters, digits and _, and inside also -, + and dots.",
        );
    }
    if let Some(mib) = config.memory.get().and_then(|memory| memory.mib.cloned())
        && mib < 1024
    {
        invalid(
            found,
            "memory.mib",
            &format!("{mib} MiB are too little"),
            "Talos needs 1024 MiB, and 2048 on a control plane.",
        );
    }
}

/// The state that high availability brings the machine to, and `power_state`, undo each other where they differ.
fn power(config: &TalosVm, found: &mut Diagnostics) {
    if let Some(port) = config.wait_for.get().and_then(|wait| wait.port.cloned())
        && !(1..=65535).contains(&port)
    {
        invalid(
            found,
            Path::attribute("wait_for").attr("port"),
            &format!("{port} is not a port"),
            "They go from 1 to 65535.",
        );
    }
    let Some(ha) = config.ha.get() else {
        return;
    };
    if ha.state.is_unknown() || config.power_state.is_unknown() {
        return;
    }
    let managed = match ha.state.as_str().unwrap_or("started") {
        "started" => "running",
        "stopped" | "disabled" => "stopped",
        _ => return,
    };
    let wanted = config.power_state.as_str().unwrap_or("running");
    if managed != wanted {
        found.error_at(
            Path::attribute("ha").attr("state"),
            format!("TS-INPUT-CONFLICT: high availability would keep the machine {managed}, and power_state is {wanted:?}"),
            format!("Set `power_state = {managed:?}`, or `ha.state` to what fits (\"ignored\" leaves the machine to `power_state`)."),
        );
    }
}
