//! Documents about LVM and software RAID.

use super::cel;
use super::report::Checks;
use super::view::View;
use crate::scalar::parse_bytes;

pub(super) fn volume_group(view: View<'_>, checks: &mut Checks) {
    name(view, 63, checks);
    selector(view, checks);
}

pub(super) fn raid(view: View<'_>, checks: &mut Checks) {
    name(view, 32, checks);
    selector(view, checks);
}

fn selector(view: View<'_>, checks: &mut Checks) {
    cel::check(
        "provisioning.volumeSelector.match",
        view,
        &cel::MEMBER,
        true,
        checks,
    );
}

fn name(view: View<'_>, longest: usize, checks: &mut Checks) {
    let name = view.at("name").text();
    checks.refuse(name.is_empty(), "name: is missing");
    checks.refuse(
        !(1..=longest).contains(&name.len()),
        format!("name: must have 1 to {longest} characters"),
    );
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    checks.refuse(
        !name.chars().all(plain),
        "name: can only have letters, digits, hyphens and underscores",
    );
}

pub(super) fn logical_volume(view: View<'_>, checks: &mut Checks) {
    name(view, 63, checks);
    let kind = view.at("type").text();
    for (key, kinds, least) in [
        ("mirrors", ["raid1", "raid10"], 1),
        ("stripes", ["raid0", "raid10"], 2),
    ] {
        let number = view.at(key);
        if !number.is_set() {
            continue;
        }
        if !kinds.contains(&kind) {
            checks.error(format!("{key}: only {} have it", kinds.join(" and ")));
        } else {
            checks.refuse(
                number.int() < least,
                format!("{key}: must be at least {least}"),
            );
        }
    }
    let part = view.at("provisioning");
    checks.refuse(
        part.at("volumeGroup").text().is_empty(),
        "provisioning.volumeGroup: is missing",
    );
    let (least, most) = (part.at("minSize").text(), part.at("maxSize").text());
    checks.refuse(most.is_empty(), "provisioning.maxSize: is missing");
    checks.refuse(
        most.starts_with('-'),
        "provisioning.maxSize: cannot be negative",
    );
    // The sign does not count here.
    let bytes = |text: &str| parse_bytes(text.trim_start_matches('-')).unwrap_or_default();
    let greater = !least.is_empty() && !most.contains('%') && bytes(least) > bytes(most);
    checks.refuse(greater, "provisioning: minSize is greater than maxSize");
}
