//! Documents about volumes.

use super::report::Checks;
use super::view::View;
use super::{cel, encryption};
use crate::scalar::parse_bytes;

/// A partition label has 36 characters, two of which say what kind of volume it is.
const LONGEST_NAME: usize = 34;

pub(super) fn user(document: View<'_>, checks: &mut Checks) {
    name(document, true, checks);
    match document.at("volumeType").text() {
        "" | "partition" => whole(document, true, checks),
        "disk" => whole(document, false, checks),
        "directory" => {
            for part in ["provisioning", "encryption", "filesystem"] {
                checks.refuse(
                    document.at(part).is_set(),
                    format!("{part}: not possible for volumeType directory"),
                );
            }
        }
        other => checks.error(format!(
            "volumeType: '{other}' is not possible for user volumes"
        )),
    }
}

fn whole(document: View<'_>, sizes: bool, checks: &mut Checks) {
    provisioning(document, true, sizes, checks);
    filesystem(document, checks);
    encryption::volume(document, checks);
}

/// Raw and swap volumes.
pub(super) fn plain(document: View<'_>, checks: &mut Checks) {
    name(document, true, checks);
    provisioning(document, true, true, checks);
    encryption::volume(document, checks);
}

pub(super) fn existing(document: View<'_>, checks: &mut Checks) {
    name(document, false, checks);
    cel::check(
        "discovery.volumeSelector.match",
        document,
        &cel::VOLUME,
        true,
        checks,
    );
}

pub(super) fn system(document: View<'_>, checks: &mut Checks) {
    let name = document.at("name").text();
    if !matches!(name, "STATE" | "EPHEMERAL" | "IMAGECACHE") {
        return checks.error("name: must be one of STATE, EPHEMERAL, IMAGECACHE");
    }
    if name == "STATE" {
        checks.refuse(
            document.at("provisioning").is_set(),
            "provisioning: not possible for STATE",
        );
        for key in document.at("encryption.keys").items() {
            checks.refuse(
                key.at("lockToState").flag(),
                "encryption.keys: STATE cannot be locked to itself",
            );
        }
    }
    provisioning(document, false, true, checks);
    encryption::volume(document, checks);
}

fn name(document: View<'_>, limited: bool, checks: &mut Checks) {
    let name = document.at("name").text();
    checks.refuse(name.is_empty(), "name: is missing");
    let fits = (1..=LONGEST_NAME).contains(&name.len());
    checks.refuse(
        limited && !fits,
        format!("name: must have 1 to {LONGEST_NAME} characters"),
    );
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    checks.refuse(!plain, "name: can only have letters, digits and hyphens");
}

fn provisioning(document: View<'_>, required: bool, sizes: bool, checks: &mut Checks) {
    cel::check(
        "provisioning.diskSelector.match",
        document,
        &cel::DISK,
        required,
        checks,
    );
    let part = document.at("provisioning");
    let (least, most) = (part.at("minSize").text(), part.at("maxSize").text());
    if !sizes {
        let any = !least.is_empty() || !most.is_empty() || part.at("grow").is_set();
        return checks.refuse(
            any,
            "provisioning: a whole disk takes neither minSize nor maxSize nor grow",
        );
    }
    if !least.is_empty() && !most.is_empty() && !most.contains('%') {
        checks.refuse(
            parse_bytes(least) > parse_bytes(most),
            "provisioning: minSize is greater than maxSize",
        );
    } else {
        let none = least.is_empty() && most.is_empty();
        checks.refuse(required && none, "provisioning: needs minSize or maxSize");
    }
}

fn filesystem(document: View<'_>, checks: &mut Checks) {
    let part = document.at("filesystem");
    let kind = part.at("type").text();
    if !matches!(kind, "" | "none" | "xfs" | "ext4") {
        return checks.error("filesystem.type: must be xfs or ext4");
    }
    let wrong = part.at("projectQuotaSupport").flag() && kind == "ext4";
    checks.refuse(wrong, "filesystem.projectQuotaSupport: only xfs has it");
}
