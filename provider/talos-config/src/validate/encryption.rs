//! Disk encryption, in the main document and in volume documents.

use std::collections::HashSet;

use super::report::Checks;
use super::view::View;

pub(super) fn system_disk(machine: View<'_>, checks: &mut Checks) {
    for name in ["ephemeral", "state"] {
        let encryption = machine.at("systemDiskEncryption").at(name);
        if encryption.is_set() {
            let place = format!("machine.systemDiskEncryption.{name}.keys");
            checks.refuse(
                encryption.at("keys").len() == 0,
                format!("{place}: is empty"),
            );
            keys(&place, encryption, checks);
        }
    }
}

/// `encryption` of a volume document.
pub(super) fn volume(document: View<'_>, checks: &mut Checks) {
    let encryption = document.at("encryption");
    let provider = encryption.at("provider").text();
    // Talos 1.11 writes what holds neither, and does not look at it.
    let none = matches!(provider, "" | "none") && encryption.at("keys").len() == 0;
    if !encryption.is_set() || none && !checks.line.from(12) {
        return;
    }
    checks.refuse(provider != "luks2", "encryption.provider: must be luks2");
    checks.refuse(
        encryption.at("keys").len() == 0,
        "encryption.keys: is empty",
    );
    keys("encryption.keys", encryption, checks);
    for (index, key) in encryption.at("keys").items().enumerate() {
        for pcr in key.at("tpm.options.pcrs").items() {
            let place = format!("encryption.keys[{index}].tpm.options.pcrs");
            checks.refuse(
                !(0..=23).contains(&pcr.int()),
                format!("{place}: must be from 0 to 23"),
            );
        }
    }
}

fn keys(place: &str, encryption: View<'_>, checks: &mut Checks) {
    let mut slots = HashSet::new();
    for (index, key) in encryption.at("keys").items().enumerate() {
        let slot = key.at("slot").int();
        checks.refuse(
            !slots.insert(slot),
            format!("{place}[{index}]: slot {slot} is there twice"),
        );
        let kind = ["static", "nodeID", "kms", "tpm"]
            .into_iter()
            .any(|kind| key.at(kind).is_set());
        checks.refuse(
            !kind,
            format!("{place}[{index}]: needs one of static, nodeID, kms and tpm"),
        );
    }
}
