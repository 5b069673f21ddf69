//! What a new configuration changes, and whether that can wait for no reboot.
//! The list: `CanApplyImmediate` of `v1alpha1_runtime.go`, Talos 1.11 to 1.13.

use serde_json::Value;
use similar::TextDiff;

use super::{Config, blocks};
use crate::talos::yaml;

/// Members of `machine` that may change while it runs.
pub(super) const MACHINE: [&str; 18] = [
    "ca",
    "acceptedCAs",
    "time",
    "certSANs",
    "install",
    "network",
    "sysfs",
    "sysctls",
    "logging",
    "controlPlane",
    "kubelet",
    "kernel",
    "registries",
    "pods",
    "seccompProfiles",
    "nodeAnnotations",
    "nodeLabels",
    "nodeTaints",
];

/// Members of `machine.features` that may, where both configurations have features.
pub(super) const FEATURES: [&str; 5] = [
    "kubernetesTalosAPIAccess",
    "kubePrism",
    "hostDNS",
    "imageCache",
    "nodeAddressSortAlgorithm",
];

/// The difference that only a reboot brings about, in Talos' words; none where there is none.
pub(crate) fn needs_reboot(old: &Config, new: &Config) -> Option<String> {
    let (old_text, new_text) = (blocks::main(old)?, blocks::main(new)?);
    let (old, new) = (old.main()?, new.main()?);
    let masked = masked(old, new);
    let (old, masked) = (pruned(old), pruned(&masked));
    if old == masked {
        return None;
    }
    let diff = match blocks::masked(old_text, new_text) {
        Some((old, masked)) if masked != old => unified(&old, &masked),
        // Not written as Talos writes it: what it means is told.
        _ => unified(&yaml::emit(&old), &yaml::emit(&masked)),
    };
    Some(format!(
        "this config change can't be applied in immediate mode\ndiff:\n{diff}"
    ))
}

/// The new document with everything that may change taken from the old one.
fn masked(old: &Value, new: &Value) -> Value {
    let mut masked = new.clone();
    for name in ["debug", "cluster"] {
        take(&mut masked, old, name);
    }
    let both = old["machine"].is_object() && masked["machine"].is_object();
    if let Some(machine) = masked.get_mut("machine").filter(|_| both) {
        for name in MACHINE {
            take(machine, &old["machine"], name);
        }
        let before = &old["machine"]["features"];
        let features = machine.get_mut("features").filter(|now| now.is_object());
        if let Some(features) = features.filter(|_| before.is_object()) {
            for name in FEATURES {
                take(features, before, name);
            }
        }
    }
    masked
}

fn take(to: &mut Value, from: &Value, name: &str) {
    let Some(members) = to.as_object_mut() else {
        return;
    };
    match from.get(name) {
        Some(value) => drop(members.insert(name.to_owned(), value.clone())),
        None => drop(members.remove(name)),
    }
}

/// A value as its decoded struct: what is null or empty is not there.
fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !is_nothing(value));
            Value::Object(
                kept.map(|(name, value)| (name.clone(), pruned(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(pruned).collect()),
        other => other.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The difference of two configurations as a dry run shows it; empty where they mean the same.
pub(crate) fn difference(old: &Config, new: &Config) -> String {
    let same = old.documents().len() == new.documents().len()
        && old
            .documents()
            .iter()
            .all(|document| new.documents().contains(document));
    match same {
        true => String::new(),
        false => unified(&old.text, &new.text),
    }
}

fn unified(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff()
        .context_radius(3)
        .header("a", "b")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talos::config::testing::config;

    #[test]
    fn some_changes_need_a_reboot_and_some_do_not() {
        let old = config("controlplane", "");
        let live = [
            "    sysctls: { a: b }\n",
            "    nodeLabels: { a: b }\n",
            "    kubelet: { image: x }\n",
            "    env: {}\n    files: []\n",
        ];
        let reboot = [
            "    env: { A: b }\n",
            "    files: [{ path: /a }]\n",
            "    features: { rbac: true }\n",
            "    udev: { rules: [a] }\n",
        ];
        for more in &live[..3] {
            assert_eq!(
                needs_reboot(&old, &config("controlplane", more)),
                None,
                "{more}"
            );
        }
        for more in reboot {
            let found = needs_reboot(&old, &config("controlplane", more)).unwrap();
            assert!(
                found.starts_with(
                    "this config change can't be applied in immediate mode\ndiff:\n--- a\n+++ b\n"
                ),
                "{found}"
            );
        }
        assert!(needs_reboot(&old, &config("worker", "")).is_some());
    }

    #[test]
    fn features_are_looked_into_where_both_have_them() {
        let old = config("controlplane", "    features: { rbac: true }\n");
        let more = config(
            "controlplane",
            "    features: { rbac: true, hostDNS: { enabled: true } }\n",
        );
        assert_eq!(needs_reboot(&old, &more), None);
        let quota = config(
            "controlplane",
            "    features: { rbac: true, diskQuotaSupport: true }\n",
        );
        assert!(needs_reboot(&old, &quota).is_some());
    }

    #[test]
    fn formatting_is_no_difference() {
        let one = Config::parse("version: v1alpha1\nmachine: { type: worker }\n").unwrap();
        let two = Config::parse("version: v1alpha1\nmachine:\n  type: worker\n").unwrap();
        assert_eq!(difference(&one, &two), "");
        let other = Config::parse("version: v1alpha1\nmachine:\n  type: controlplane\n").unwrap();
        assert!(difference(&two, &other).contains("+  type: controlplane"));
    }
}
