use super::super::{OnForeign, PatchOutcome, Record, patch};
use super::{base, edited, load, merge, replaced};
use crate::document::{Config, LoadError};
use crate::yaml;

/// A patch as a function, so that these tests do not depend on the merge rules.
type Patch<'a> = &'a dyn Fn(&mut Config);

fn apply(live: &Config, previous: &Record, change: Patch<'_>) -> PatchOutcome {
    apply_with(live, previous, change, OnForeign::Error)
}

fn apply_with(live: &Config, record: &Record, change: Patch<'_>, how: OnForeign) -> PatchOutcome {
    let patches = |config: &mut Config| -> Result<(), LoadError> {
        change(config);
        Ok(())
    };
    // The record goes through its stored form, as it does between two runs.
    let stored = serde_json::to_string(record).unwrap();
    let record: Record = serde_json::from_str(&stored).unwrap();
    patch(live, &record, patches, how)
        .map_err(|error| error.to_string())
        .unwrap()
}

fn nothing(_: &mut Config) {}

fn sysctl(config: &mut Config) {
    merge(
        config,
        "v1alpha1",
        "machine: {sysctls: {kernel.panic: '5', net.ipv4.ip_forward: '0'}}",
    );
}

fn label(config: &mut Config) {
    merge(
        config,
        "v1alpha1",
        "machine: {nodeLabels: {a: b}, certSANs: [extra]}",
    );
}

/// Takes away the first interface, a file, and the mirror.
fn deletions(config: &mut Config) {
    let interface = "            - interface: eth0\n              addresses:\n                - 10.0.0.2/24\n              mtu: 1500\n";
    let file = "    files:\n        - content: hello\n          permissions: 0o644\n          path: /var/a\n          op: create\n";
    let mirror = "---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n";
    let text = replaced(&config.emit(), &[(interface, ""), (file, ""), (mirror, "")]);
    *config = load(&text);
}

#[test]
fn removal_gives_back_the_configuration_byte_for_byte() {
    for change in [&sysctl as Patch<'_>, &label, &deletions] {
        let set = apply(&base(), &Record::default(), change);
        assert!(set.result != base() && !set.changes.is_empty());
        let removed = apply(&set.result, &set.record, &nothing);
        assert_eq!(removed.result.emit(), base().emit());
        assert!(removed.record.is_empty() && removed.kept.is_empty());
    }
}

#[test]
fn applying_again_changes_nothing() {
    for change in [&sysctl as Patch<'_>, &label, &deletions] {
        let first = apply(&base(), &Record::default(), change);
        let second = apply(&first.result, &first.record, change);
        assert!(second.result == first.result && second.changes.is_empty());
        assert!(second.record == first.record && second.drift.is_empty());
    }
}

#[test]
fn lost_record_does_not_double_list_items() {
    let first = apply(&base(), &Record::default(), &label);
    let again = apply(&first.result, &Record::default(), &label);
    assert!(again.result == first.result, "{}", again.result.emit());
}

#[test]
fn two_patches_of_different_owners_come_and_go_in_any_order() {
    let one = apply(&base(), &Record::default(), &sysctl);
    let two = apply(&one.result, &Record::default(), &label);
    let without_one = apply(&two.result, &one.record, &nothing);
    assert_eq!(
        without_one.result.emit(),
        apply(&base(), &Record::default(), &label).result.emit()
    );
    let without_both = apply(&without_one.result, &two.record, &nothing);
    assert_eq!(without_both.result.emit(), base().emit());
}

#[test]
fn dropped_path_restores_what_was_there() {
    let set = apply(&base(), &Record::default(), &sysctl);
    let less = |config: &mut Config| {
        merge(
            config,
            "v1alpha1",
            "machine: {sysctls: {kernel.panic: '5'}}",
        );
    };
    let outcome = apply(&set.result, &set.record, &less);
    let summary = outcome.changes.summary();
    let wanted = [(
        "machine.sysctls[\"net.ipv4.ip_forward\"]".to_owned(),
        "0 -> 1".to_owned(),
    )];
    assert_eq!(summary.into_iter().collect::<Vec<_>>(), wanted);
    assert_eq!(outcome.owned.differences().len(), 1);
}

#[test]
fn dropped_path_that_others_changed_stays_with_a_word() {
    let set = apply(&base(), &Record::default(), &sysctl);
    let live = load(
        &set.result
            .emit()
            .replace("kernel.panic: \"5\"", "kernel.panic: \"7\""),
    );
    let removed = apply(&live, &set.record, &nothing);
    assert!(removed.result.emit().contains("kernel.panic: \"7\""));
    assert!(removed.result.emit().contains("ip_forward: \"1\""));
    assert_eq!(removed.kept[0].path, "machine.sysctls[\"kernel.panic\"]");
    assert!(removed.conflicts.is_empty() && removed.record.is_empty());
}

#[test]
fn drift_is_told_and_not_reverted_unless_taken() {
    let set = apply(&base(), &Record::default(), &sysctl);
    let live = load(
        &set.result
            .emit()
            .replace("kernel.panic: \"5\"", "kernel.panic: \"7\""),
    );
    let seen = apply(&live, &set.record, &sysctl);
    assert!(seen.result == live && seen.conflicts.is_empty());
    let drift = seen.drift.summary();
    assert_eq!(
        drift
            .get("machine.sysctls[\"kernel.panic\"]")
            .map(String::as_str),
        Some("5 -> 7")
    );
    // Still ours: once nobody disagrees, it can be taken back.
    let again = apply(&set.result, &seen.record, &nothing);
    assert_eq!(again.result.emit(), base().emit());
    let taken = apply_with(&live, &set.record, &sysctl, OnForeign::Take);
    assert!(taken.result == set.result && taken.drift.is_empty());
}

#[test]
fn both_sides_moving_on_is_a_conflict() {
    let set = apply(&base(), &Record::default(), &sysctl);
    let live = load(
        &set.result
            .emit()
            .replace("kernel.panic: \"5\"", "kernel.panic: \"7\""),
    );
    let new = |config: &mut Config| {
        merge(
            config,
            "v1alpha1",
            "machine: {sysctls: {kernel.panic: '9', net.ipv4.ip_forward: '0'}}",
        );
    };
    let refused = apply(&live, &set.record, &new);
    assert_eq!(refused.conflicts.len(), 1);
    assert!(refused.result.emit().contains("kernel.panic: \"7\""));
    let taken = apply_with(&live, &set.record, &new, OnForeign::Take);
    assert!(taken.result.emit().contains("kernel.panic: \"9\""));
    let removed = apply(&taken.result, &taken.record, &nothing);
    assert_eq!(removed.result.emit(), base().emit());
}

#[test]
fn base_may_change_under_a_patch() {
    let set = apply(&base(), &Record::default(), &label);
    let text = set.result.emit();
    let live = load(&replaced(
        &text,
        &[("mtu: 1500", "mtu: 9000"), ("        - 10.0.0.1\n", "")],
    ));
    let removed = apply(&live, &set.record, &nothing);
    let wanted = edited(&[("mtu: 1500", "mtu: 9000"), ("        - 10.0.0.1\n", "")]);
    assert_eq!(removed.result.emit(), wanted.emit());
}

#[test]
fn new_document_goes_without_a_trace() {
    let rule = |config: &mut Config| {
        let text =
            "{apiVersion: v1alpha1, kind: ResolverConfig, nameservers: [{address: 1.1.1.1}]}";
        merge(config, "ResolverConfig", text);
    };
    let set = apply(&base(), &Record::default(), &rule);
    assert_eq!(
        set.owned.summary().into_keys().collect::<Vec<_>>(),
        ["ResolverConfig.nameservers[address=1.1.1.1]"]
    );
    let removed = apply(&set.result, &set.record, &nothing);
    assert_eq!(removed.result.emit(), base().emit());
}

#[test]
fn records_keep_the_type_of_values() {
    let set = apply(&base(), &Record::default(), &deletions);
    assert!(!set.result.emit().contains("0o644"));
    let removed = apply(&set.result, &set.record, &nothing);
    assert!(removed.result.emit().contains("permissions: 0o644\n"));
    assert!(yaml::parse(&removed.result.emit()).is_ok());
}
