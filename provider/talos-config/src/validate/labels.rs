//! Labels, annotations and taints of the Kubernetes node.

use super::report::Checks;
use super::view::View;

/// Of all annotations together, in bytes.
const MOST_ANNOTATIONS: usize = 256 * 1024;
const RESERVED: [&str; 3] = [
    "talos.dev/owned-labels",
    "talos.dev/owned-annotations",
    "talos.dev/owned-taints",
];
const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn check(machine: View<'_>, checks: &mut Checks) {
    labels("machine.nodeLabels", machine.at("nodeLabels"), checks);
    annotations(
        "machine.nodeAnnotations",
        machine.at("nodeAnnotations"),
        checks,
    );
    taints("machine.nodeTaints", machine.at("nodeTaints"), checks);
}

pub(super) fn labels(name: &str, map: View<'_>, checks: &mut Checks) {
    for (key, value) in map.entries() {
        let place = format!("{name}[\"{key}\"]");
        refuse_name(&place, key, checks);
        checks.refuse(
            !is_value(value.text()),
            format!("{place}: the value is not possible for a label"),
        );
    }
}

pub(super) fn taints(name: &str, map: View<'_>, checks: &mut Checks) {
    for (key, value) in map.entries() {
        taint(&format!("{name}[\"{key}\"]"), key, value.text(), checks);
    }
}

pub(super) fn annotations(name: &str, map: View<'_>, checks: &mut Checks) {
    let mut size = 0;
    for (key, value) in map.entries() {
        let place = format!("{name}[\"{key}\"]");
        refuse_name(&place, key, checks);
        checks.refuse(
            RESERVED.contains(&key),
            format!("{place}: Talos keeps this annotation for itself"),
        );
        size += key.len() + value.text().len();
    }
    checks.refuse(
        size > MOST_ANNOTATIONS,
        format!("{name}: all together are larger than 256 KiB"),
    );
}

fn taint(place: &str, key: &str, text: &str, checks: &mut Checks) {
    if let Some(what) = name_fault(key) {
        return checks.error(format!("{place}: {what}"));
    }
    let (value, effect) = text.split_once(':').unwrap_or(("", text));
    if !EFFECTS.contains(&effect) {
        return checks.error(format!(
            "{place}: the effect must be one of {}",
            EFFECTS.join(", ")
        ));
    }
    checks.refuse(
        !is_value(value),
        format!("{place}: the value is not possible for a taint"),
    );
}

fn refuse_name(place: &str, key: &str, checks: &mut Checks) {
    if let Some(what) = name_fault(key) {
        checks.error(format!("{place}: {what}"));
    }
}

/// What is wrong with `name` or `domain/name`.
pub(super) fn name_fault(key: &str) -> Option<&'static str> {
    let name = match key.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        ["", _] => return Some("there is nothing before the slash"),
        [prefix, _] if !is_subdomain(prefix) => {
            return Some("what is before the slash is no DNS name");
        }
        [_, name] => *name,
        _ => return Some("there is more than one slash"),
    };
    match name.len() {
        0 => Some("the name is empty"),
        64.. => Some("the name is longer than 63 characters"),
        _ if !is_name(name) => {
            Some("the name has other characters than letters, digits, '-', '_' and '.'")
        }
        _ => None,
    }
}

fn is_value(text: &str) -> bool {
    text.is_empty() || text.len() <= 63 && is_name(text)
}

/// Letters and digits, with `-`, `_` and `.` between them.
fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.chars().all(inner)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// A name in DNS as Kubernetes takes it.
pub(super) fn is_subdomain(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 253
        && text.split('.').all(|label| {
            label.starts_with(edge)
                && label.ends_with(edge)
                && label.chars().all(|c| edge(c) || c == '-')
        })
}
