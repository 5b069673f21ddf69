//! The guest agent: Talos has none unless an extension brings it, so nobody answers.

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::property_string;

/// Asks the agent whether it is there.
pub(crate) fn ping(call: &mut Call<'_>) -> Reply {
    absent(call)
}

/// Asks the agent for addresses.
pub(crate) fn interfaces(call: &mut Call<'_>) -> Reply {
    absent(call)
}

/// Texts recorded with PVE 9.2; `No QEMU guest agent configured` is from reference.
fn absent(call: &Call<'_>) -> Reply {
    let vmid = call.vmid();
    let vm = call.dc.vm(call.node(), vmid)?;
    if vm.running.is_none() {
        return Err(Refusal::die(format!("VM {vmid} is not running")));
    }
    let agent = vm.config.get("agent").unwrap_or_default();
    let keys = property_string::parse("agent", agent).unwrap_or_default();
    match keys.get("enabled").map(String::as_str) {
        Some("1") => Err(Refusal::die("QEMU guest agent is not running")),
        _ => Err(Refusal::die("No QEMU guest agent configured")),
    }
}
