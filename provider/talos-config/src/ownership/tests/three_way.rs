use super::super::{Danger, Drift, Effect, OnConflict, ThreeWay, dangers, effect, three_way};
use super::{base, edited};
use crate::document::Config;

fn report(last: &Config, desired: &Config, live: &Config, on_conflict: OnConflict) -> ThreeWay {
    let outcome = three_way(Some(last), desired, live, on_conflict, Drift::Report);
    outcome.map_err(|error| error.to_string()).unwrap()
}

const FORWARD: (&str, &str) = ("ip_forward: \"1\"", "ip_forward: \"0\"");
const OTHER_SYSCTL: (&str, &str) = (
    "    sysctls:\n",
    "    sysctls:\n        kernel.panic: \"5\"\n",
);
const HOSTNAME: (&str, &str) = ("auto: stable", "auto: \"off\"\nhostname: cp01");

#[test]
fn nothing_changed_means_nothing_to_write() {
    let base = base();
    let outcome = report(&base, &base, &base, OnConflict::Error);
    assert!(outcome.result == base && outcome.changes.is_empty() && outcome.drift.is_empty());
    assert_eq!(effect(&outcome.changes), Effect::None);
}

#[test]
fn what_others_set_stays_and_is_told() {
    let live = edited(&[OTHER_SYSCTL]);
    let outcome = report(&base(), &base(), &live, OnConflict::Error);
    assert!(outcome.result == live && outcome.changes.is_empty() && outcome.conflicts.is_empty());
    let drift = outcome.drift.summary();
    let wanted = [(
        "machine.sysctls[\"kernel.panic\"]".to_owned(),
        "(none) -> 5".to_owned(),
    )];
    assert_eq!(drift.into_iter().collect::<Vec<_>>(), wanted);
}

#[test]
fn change_of_the_base_and_foreign_setting_both_survive() {
    let desired = edited(&[FORWARD, ("mtu: 1500", "mtu: 9000")]);
    let live = edited(&[OTHER_SYSCTL, HOSTNAME]);
    let outcome = report(&base(), &desired, &live, OnConflict::Error);
    let wanted = edited(&[FORWARD, ("mtu: 1500", "mtu: 9000"), OTHER_SYSCTL, HOSTNAME]);
    assert_eq!(outcome.result.emit(), wanted.emit());
    let summary = outcome.changes.summary();
    let mtu = "machine.network.interfaces[interface=eth0].mtu";
    assert_eq!(summary.get(mtu).map(String::as_str), Some("1500 -> 9000"));
    let forward = "machine.sysctls[\"net.ipv4.ip_forward\"]";
    assert_eq!(summary.get(forward).map(String::as_str), Some("1 -> 0"));
    assert_eq!(summary.len(), 2);
    assert_eq!(effect(&outcome.changes), Effect::Live);
    assert_eq!(outcome.drift.differences().len(), 3);
}

#[test]
fn path_changed_on_both_sides_is_a_conflict_and_can_be_decided() {
    let desired = edited(&[("mtu: 1500", "mtu: 9000")]);
    let live = edited(&[("mtu: 1500", "mtu: 1400")]);
    let error = report(&base(), &desired, &live, OnConflict::Error);
    assert!(error.result == live);
    let conflict = &error.conflicts[0];
    assert_eq!(
        conflict.path,
        "machine.network.interfaces[interface=eth0].mtu"
    );
    let sides = [&conflict.before, &conflict.ours, &conflict.live].map(|s| s.as_deref());
    assert_eq!(sides, [Some("1500"), Some("9000"), Some("1400")]);
    assert!(report(&base(), &desired, &live, OnConflict::Keep).result == live);
    assert!(report(&base(), &desired, &live, OnConflict::Take).result == desired);
}

#[test]
fn both_sides_changed_to_the_same_is_no_conflict() {
    let both = edited(&[FORWARD]);
    let outcome = report(&base(), &both, &both, OnConflict::Error);
    assert!(outcome.result == both && outcome.changes.is_empty() && outcome.conflicts.is_empty());
}

#[test]
fn list_items_are_matched_by_what_they_are() {
    let live = edited(&[("- 1.1.1.1\n", "- 8.8.8.8\n            - 1.1.1.1\n")]);
    let desired = edited(&[
        (
            "            - 9.9.9.9\n",
            "            - 9.9.9.9\n            - 4.4.4.4\n",
        ),
        (
            "interface: eth1\n              dhcp: true",
            "interface: eth1\n              mtu: 1400",
        ),
    ]);
    let outcome = report(&base(), &desired, &live, OnConflict::Error);
    let text = outcome.result.emit();
    let servers =
        "- 8.8.8.8\n            - 1.1.1.1\n            - 9.9.9.9\n            - 4.4.4.4\n";
    assert!(text.contains(servers), "{text}");
    let paths: Vec<_> = outcome.changes.summary().into_keys().collect();
    assert_eq!(
        paths,
        [
            "machine.network.interfaces[interface=eth1].dhcp",
            "machine.network.interfaces[interface=eth1].mtu",
            "machine.network.nameservers[4.4.4.4]",
        ]
    );
}

#[test]
fn order_of_a_list_is_carried_over() {
    let swapped = (
        "- 1.1.1.1\n            - 9.9.9.9\n",
        "- 9.9.9.9\n            - 1.1.1.1\n",
    );
    let desired = edited(&[swapped]);
    let live = edited(&[("- 9.9.9.9\n", "- 9.9.9.9\n            - 8.8.8.8\n")]);
    let text = report(&base(), &desired, &live, OnConflict::Error)
        .result
        .emit();
    let servers = "- 9.9.9.9\n            - 1.1.1.1\n            - 8.8.8.8\n";
    assert!(text.contains(servers), "{text}");
}

#[test]
fn item_removed_by_us_keeps_what_others_put_into_it() {
    let without = "            - interface: eth1\n              dhcp: true\n";
    let desired = edited(&[(without, "")]);
    let outcome = report(&base(), &desired, &base(), OnConflict::Error);
    assert!(outcome.result == desired);
    let live = edited(&[("dhcp: true", "mtu: 1300\n              dhcp: true")]);
    let text = report(&base(), &desired, &live, OnConflict::Error)
        .result
        .emit();
    assert!(
        text.contains("- interface: eth1\n              mtu: 1300\n        nameservers"),
        "{text}"
    );
}

#[test]
fn documents_come_and_go_one_by_one() {
    let mirror = "---\napiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: docker.io\nendpoints:\n    - url: https://mirror.lan\n";
    let other = "---\napiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: quay.io\nskipFallback: true\n";
    let both = format!("{mirror}{other}");
    let live = edited(&[(mirror, &both)]);
    let desired = edited(&[(mirror, "")]);
    let outcome = report(&base(), &desired, &live, OnConflict::Error);
    assert_eq!(outcome.result.emit(), edited(&[(mirror, other)]).emit());
    let drift: Vec<_> = outcome.drift.summary().into_keys().collect();
    assert_eq!(drift, ["RegistryMirrorConfig/quay.io.skipFallback"]);
}

#[test]
fn item_that_others_removed_is_a_conflict_that_take_restores() {
    let without = "            - interface: eth0\n              addresses:\n                - 10.0.0.2/24\n              mtu: 1500\n";
    let live = edited(&[(without, "")]);
    let desired = edited(&[("mtu: 1500", "mtu: 9000")]);
    let kept = report(&base(), &desired, &live, OnConflict::Error);
    assert!(kept.result == live && kept.conflicts.len() == 1);
    let taken = report(&base(), &desired, &live, OnConflict::Take)
        .result
        .emit();
    assert!(
        taken.contains("- interface: eth0\n") && taken.contains("mtu: 9000\n"),
        "{taken}"
    );
}

#[test]
fn revert_writes_exactly_what_is_desired() {
    let live = edited(&[OTHER_SYSCTL, FORWARD]);
    let outcome = three_way(
        Some(&base()),
        &base(),
        &live,
        OnConflict::Error,
        Drift::Revert,
    )
    .ok()
    .unwrap();
    assert!(outcome.result == base() && outcome.drift.is_empty());
    assert_eq!(outcome.changes.differences().len(), 2);
}

#[test]
fn without_a_last_configuration_ours_is_set_and_foreign_additions_stay() {
    let desired = edited(&[FORWARD]);
    let live = edited(&[OTHER_SYSCTL]);
    let outcome = three_way(None, &desired, &live, OnConflict::Error, Drift::Report)
        .ok()
        .unwrap();
    assert_eq!(
        outcome.result.emit(),
        edited(&[FORWARD, OTHER_SYSCTL]).emit()
    );
    assert!(outcome.conflicts.is_empty());
}

#[test]
fn without_a_last_configuration_keep_only_adds() {
    let desired = edited(&[FORWARD, OTHER_SYSCTL]);
    let live = base();
    let outcome = three_way(None, &desired, &live, OnConflict::Keep, Drift::Report)
        .ok()
        .unwrap();
    assert_eq!(outcome.result.emit(), edited(&[OTHER_SYSCTL]).emit());
    assert_eq!(outcome.drift.differences().len(), 1);
}

#[test]
fn dangers_are_named_with_their_paths() {
    let desired = edited(&[
        HOSTNAME,
        ("type: controlplane", "type: worker"),
        ("- 10.0.0.2/24", "- 10.0.0.3/24"),
    ]);
    let outcome = report(&base(), &desired, &base(), OnConflict::Error);
    let dangers = dangers(&outcome.changes);
    let names: Vec<_> = dangers.keys().map(|danger| danger.as_str()).collect();
    assert_eq!(names, ["hostname", "node_ip", "machine_type"]);
    let address = "machine.network.interfaces[interface=eth0].addresses[10.0.0.2/24]";
    assert_eq!(dangers[&Danger::NodeIp], [address]);
    assert_eq!(effect(&outcome.changes), Effect::Reboot);
}

#[test]
fn secrets_are_replaced_in_what_is_shown() {
    let desired = edited(&[("aaaaaa.0123456789abcdef", "bbbbbb.0123456789abcdef")]);
    let outcome = report(&base(), &desired, &base(), OnConflict::Error);
    let summary = outcome.changes.summary();
    let wanted = Some("**REDACTED** -> **REDACTED**");
    assert_eq!(summary.get("machine.token").map(String::as_str), wanted);
}
