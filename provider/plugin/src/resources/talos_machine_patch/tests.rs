use framework::prelude::*;
use talos_config::document::Config;
use talos_config::generate::{Input, Role, generate};
use talos_config::merge::Patch;
use talos_config::ownership::Record;
use talos_config::tables::Line;

use super::decide::{Decision, decide};
use super::model::MachinePatch;
use super::plan::{Private, packed};
use crate::shared::stand_in;

fn base() -> Config {
    let bundle = stand_in::secrets(&Field::Null)
        .unwrap_or_else(|_| panic!("there are stand-in secrets"))
        .bundle;
    let contract = talos_config::contract::Contract::new(1, 12);
    let endpoint = "https://10.0.0.1:6443";
    let input = Input::new(
        "c",
        endpoint,
        Role::ControlPlane,
        contract,
        "1.35.6",
        &bundle,
    );
    generate(&input).unwrap()
}

fn model() -> MachinePatch {
    MachinePatch::imported("cp01=10.0.0.1").unwrap()
}

fn patches(texts: &[&str]) -> Vec<Patch> {
    let load = |text: &&str| Patch::load(text, Line::V1_12).unwrap();
    texts.iter().map(load).collect()
}

fn laid(live: &Config, record: &Record, texts: &[&str]) -> Decision {
    decide(&model(), &patches(texts), record, live).unwrap_or_else(|found| panic!("{found:?}"))
}

fn parse(decision: &Decision) -> Config {
    Config::load(decision.text.expose(), Line::V1_12).unwrap()
}

const LABEL: &str = "machine:\n  nodeLabels:\n    rack: r1\n";
const SYSCTL: &str = "machine:\n  sysctls:\n    net.core.somaxconn: \"4096\"\n";
const SANS: &str = "machine:\n  certSANs:\n    - cp01.example.com\n";
const DELETE: &str = "cluster:\n  discovery:\n    $patch: delete\n";
const MIRROR: &str = "apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: docker.io\nendpoints:\n  - url: https://mirror.example.com\n";

#[test]
fn what_is_taken_back_leaves_every_byte_as_it_was() {
    let base = base();
    for texts in [
        vec![LABEL],
        vec![SYSCTL],
        vec![SANS],
        vec![DELETE],
        vec![MIRROR],
        vec![LABEL, SYSCTL, SANS, DELETE, MIRROR],
    ] {
        let on = laid(&base, &Record::default(), &texts);
        assert!(on.writes, "{texts:?}");
        let off = laid(&parse(&on), &on.record, &[]);
        assert_eq!(off.text.expose(), &base.emit(), "{texts:?}");
        assert!(off.record.is_empty());
    }
}

#[test]
fn applying_twice_writes_nothing() {
    let base = base();
    let texts = [LABEL, SYSCTL, SANS, DELETE, MIRROR];
    let on = laid(&base, &Record::default(), &texts);
    let again = laid(&parse(&on), &on.record, &texts);
    assert!(!again.writes, "{:?}", again.changes);
    assert_eq!(again.digest, on.digest);
    assert_eq!(again.owned, on.owned);
}

#[test]
fn a_lost_record_never_doubles_items_of_lists() {
    let on = laid(&base(), &Record::default(), &[SANS]);
    let again = laid(&parse(&on), &Record::default(), &[SANS]);
    assert!(!again.writes, "{:?}", again.changes);
}

#[test]
fn what_somebody_changed_since_stays_when_it_is_given_up() {
    let on = laid(&base(), &Record::default(), &[SYSCTL]);
    let theirs = on.text.expose().replace("\"4096\"", "\"8192\"");
    let live = Config::load(&theirs, Line::V1_12).unwrap();
    let off = laid(&live, &on.record, &[]);
    assert!(!off.writes);
    assert_eq!(off.kept.len(), 1, "{:?}", off.kept);
}

#[test]
fn what_somebody_changed_since_is_drift_while_it_is_owned() {
    let on = laid(&base(), &Record::default(), &[SYSCTL]);
    let theirs = on.text.expose().replace("\"4096\"", "\"8192\"");
    let live = Config::load(&theirs, Line::V1_12).unwrap();
    let now = laid(&live, &on.record, &[SYSCTL]);
    assert!(!now.writes);
    assert_eq!(
        now.drift.values().next().map(String::as_str),
        Some("4096 -> 8192")
    );

    let take = MachinePatch {
        on_conflict: "take".into(),
        ..model()
    };
    let taken = decide(&take, &patches(&[SYSCTL]), &on.record, &live).unwrap();
    assert!(taken.writes);
    assert_eq!(taken.text.expose(), on.text.expose());
}

#[test]
fn a_deletion_that_finds_nothing_is_told_and_does_no_harm() {
    let absent = "machine:\n  nodeLabels:\n    absent:\n      $patch: delete\n";
    let decision = laid(&base(), &Record::default(), &[LABEL, absent]);
    assert_eq!(decision.idle.len(), 1, "{:?}", decision.idle);
    assert_eq!(decision.changes.len(), 1, "{:?}", decision.changes);
}

#[test]
fn a_patch_that_does_not_fit_names_its_place() {
    let wrong = "- op: remove\n  path: /machine/nodeLabels/absent\n";
    let Err(problems) = decide(
        &model(),
        &patches(&[LABEL, wrong]),
        &Record::default(),
        &base(),
    ) else {
        panic!("JSON patches are refused where there are several documents")
    };
    let problem = problems.iter().next().unwrap();
    assert!(problem.summary.contains("TS-PATCH-REFUSED"), "{problem:?}");
    assert!(problem.summary.contains("patch 1"), "{problem:?}");
}

#[test]
fn an_interrupted_write_is_gone_on_with_whether_it_took_effect_or_not() {
    let base = base();
    let on = laid(&base, &Record::default(), &[SYSCTL]);
    let private = Private {
        record: on.record.clone(),
        previous: Some(Record::default()),
        ..Private::default()
    };
    let texts = patches(&[SYSCTL]);
    let arrived = parse(&on);
    assert!(private.record_for(&model(), &texts, &arrived) == &on.record);
    assert!(private.record_for(&model(), &texts, &base).is_empty());

    let lost = laid(
        &base,
        private.record_for(&model(), &texts, &base),
        &[SYSCTL],
    );
    assert!(lost.writes);
    let off = laid(&parse(&lost), &lost.record, &[]);
    assert_eq!(off.text.expose(), &base.emit());
}

#[test]
fn what_is_owned_survives_the_loss_of_private_state() {
    let base = base();
    let on = laid(&base, &Record::default(), &[SYSCTL, SANS, DELETE]);
    let state = MachinePatch {
        record: packed(&on.record, Some(&"first".to_owned())),
        ..model()
    };
    let mut private = Private::default();
    private.recall(&state);
    assert!(private.record == on.record);
    let off = laid(&parse(&on), &private.record, &[]);
    assert_eq!(off.text.expose(), &base.emit());
}

#[test]
fn a_machine_that_was_installed_anew_has_nothing_of_ours() {
    let on = laid(&base(), &Record::default(), &[SYSCTL]);
    let state = MachinePatch {
        record: packed(&on.record, Some(&"first".to_owned())),
        ..model()
    };
    let mut private = Private {
        is_whole: true,
        record: on.record.clone(),
        node_id: Some("first".to_owned()),
        ..Private::default()
    };
    private.meet(Some(&"first".to_owned()));
    assert!(!private.owns_nothing());
    private.meet(Some(&"second".to_owned()));
    private.recall(&state);
    assert!(private.owns_nothing());
    assert!(laid(&base(), &private.record, &[SYSCTL]).writes);
}

#[test]
fn a_list_that_grows_elsewhere_leaves_what_is_owned_the_same() {
    let base = base();
    let on = laid(&base, &Record::default(), &[SANS]);
    let front = on
        .text
        .expose()
        .replace("certSANs:\n", "certSANs:\n        - added.example.com\n");
    assert_ne!(&front, on.text.expose());
    let live = Config::load(&front, Line::V1_12).unwrap();
    let now = laid(&live, &on.record, &[SANS]);
    assert!(!now.writes, "{:?}", now.changes);
    assert_eq!(now.digest, on.digest);
}
