//! What a plan tells beside its attributes.

use std::collections::BTreeMap;

use framework::prelude::*;

use super::change::sentence;

/// Summary of the warning that a plan stands on a placeholder.
pub fn placeholder(about: &str, attribute: &str) -> String {
    format!("TS-PLACEHOLDER: {about}: planned with a placeholder in {attribute}")
}

/// The same with its detail, for what is written to a machine.
pub fn machine_placeholder<R: Resource>(plan: &mut Plan<R>, node: &str, attribute: &str) {
    plan.warn(
        placeholder(node, attribute),
        "It comes from a stage that has not been applied; what will change is not known before. Apply refuses it.",
    );
}

/// Summary and detail of a warning that a plan needs besides what its attributes show.
///
/// A reboot is always told. Any other effect is told where it is the one of the last change (`last`), too: core hides
/// attributes that keep their value, and a reviewer shall see what a change does.
pub fn effect(
    node: &str,
    last: Option<&str>,
    effect: &str,
    changes: &BTreeMap<String, String>,
) -> Option<(String, String)> {
    let summary = if effect == "reboot" {
        format!("TS-REBOOT: {node}: this change reboots the machine")
    } else if last == Some(effect) {
        format!("TS-EFFECT: {node}: {}", sentence(changes, effect))
    } else {
        return None;
    };
    let lines = changes.iter().map(|(path, line)| format!("{path}: {line}"));
    Some((summary, lines.collect::<Vec<_>>().join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_that_core_would_hide_is_told() {
        let changes = BTreeMap::from([("machine.sysctls".to_owned(), "1 -> 2".to_owned())]);
        let told = |last, now| effect("cp01", last, now, &changes).map(|(summary, _)| summary);
        assert_eq!(told(Some("none"), "live"), None);
        assert_eq!(
            told(Some("live"), "live").as_deref(),
            Some("TS-EFFECT: cp01: 1 path changes, effect live")
        );
        assert!(told(Some("live"), "reboot").is_some_and(|summary| summary.contains("TS-REBOOT")));
        let detail = effect("cp01", Some("live"), "live", &changes).map(|(_, detail)| detail);
        assert_eq!(detail.as_deref(), Some("machine.sysctls: 1 -> 2"));
    }
}
