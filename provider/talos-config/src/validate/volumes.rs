//! Documents about volumes.

use super::report::Checks;
use super::view::View;
use super::{cel, encryption, text};
use crate::scalar::{parse_bytes, parse_duration};

/// A partition label has 36 characters, two of which say what kind of volume it is.
const LONGEST_NAME: usize = 34;

pub(super) fn user(document: View<'_>, checks: &mut Checks) {
    name(document, true, checks);
    match document.at("volumeType").text() {
        "" | "partition" => whole(document, true, checks),
        "disk" => whole(document, false, checks),
        "directory" => {
            mount_of_directory(document, checks);
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
    upkeep(document, checks);
}

/// A directory lies on another volume, with that one's options.
fn mount_of_directory(document: View<'_>, checks: &mut Checks) {
    let mount = document.at("mount");
    let wrong = if checks.line.from(14) {
        mount.at("disableAccessTime").is_set()
    } else {
        mount.is_set()
    };
    checks.refuse(wrong, "mount: not possible for volumeType directory");
}

/// Trimming and scrubbing.
fn upkeep(document: View<'_>, checks: &mut Checks) {
    text::refuse_negative("trim.interval", document.at("trim.interval"), checks);
    scrub("scrub.interval", document.at("scrub.interval"), checks);
}

/// The interval of scrubs, 0 for none.
pub(super) fn scrub(place: &str, interval: View<'_>, checks: &mut Checks) {
    const LEAST: i64 = 10_000_000_000;
    let nanos = parse_duration(interval.text()).unwrap_or_default();
    checks.refuse(
        nanos != 0 && nanos < LEAST,
        format!("{place}: must be at least 10s"),
    );
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
        cel::volume(checks.line),
        true,
        checks,
    );
    upkeep(document, checks);
}

pub(super) fn external(document: View<'_>, checks: &mut Checks) {
    name(document, true, checks);
    if document.at("filesystemType").text() != "virtiofs" {
        return checks.error("filesystemType: must be virtiofs");
    }
    checks.refuse(
        document.at("mount.virtiofs.tag").text().is_empty(),
        "mount.virtiofs.tag: is missing",
    );
}

pub(super) fn system(document: View<'_>, checks: &mut Checks) {
    let name = document.at("name").text();
    let known = [SYSTEM_VOLUMES.as_slice(), &MOVABLE_VOLUMES];
    let known = &known[..if checks.line.from(14) { 2 } else { 1 }];
    if !known.concat().contains(&name) {
        return checks.error(format!(
            "name: must be one of {}",
            known.concat().join(", ")
        ));
    }
    let mount = document.at("mount").is_set() && checks.line.from(14);
    checks.refuse(
        mount && matches!(name, "STATE" | "IMAGECACHE"),
        format!("mount: not possible for {name}"),
    );
    checks.refuse(
        name == "IMAGECACHE" && document.at("filesystem").is_set(),
        "filesystem: not possible for IMAGECACHE",
    );
    checks.refuse(
        mount && MOVABLE_VOLUMES.contains(&name) && !document.at("provisioning").is_set(),
        "mount: needs a partition of its own, by provisioning",
    );
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
    upkeep(document, checks);
}

/// Volumes that every machine has.
const SYSTEM_VOLUMES: [&str; 3] = ["STATE", "EPHEMERAL", "IMAGECACHE"];
/// Directories that Talos 1.14 can put on partitions of their own.
const MOVABLE_VOLUMES: [&str; 4] = ["ETCD", "CRI", "KUBELET", "LOG"];

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
        cel::disk(checks.line),
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
    if !least.is_empty() && !most.is_empty() && !most.contains('%') && !most.starts_with('-') {
        checks.refuse(
            parse_bytes(least.trim_start_matches('-')) > parse_bytes(most),
            "provisioning: minSize is greater than maxSize",
        );
    } else {
        let none = least.is_empty() && most.is_empty();
        checks.refuse(required && none, "provisioning: needs minSize or maxSize");
    }
    checks.refuse(
        least.starts_with('-'),
        "provisioning.minSize: cannot be negative",
    );
}

fn filesystem(document: View<'_>, checks: &mut Checks) {
    let part = document.at("filesystem");
    let kind = part.at("type").text();
    let known =
        matches!(kind, "" | "none" | "xfs" | "ext4") || kind == "btrfs" && checks.line.from(14);
    if !known {
        return checks.error("filesystem.type: must be xfs or ext4");
    }
    let is_xfs = matches!(kind, "" | "none" | "xfs");
    if part.at("projectQuotaSupport").flag() && !is_xfs {
        return checks.error("filesystem.projectQuotaSupport: only xfs has it");
    }
    checks.refuse(
        part.at("xfs").is_set() && !is_xfs,
        "filesystem.xfs: only xfs has it",
    );
}
