use std::collections::BTreeSet;

use framework::prelude::*;
use framework::testing::{Change, MiniCore, Object};
use talos_config::document::Config;
use talos_config::generate::{Input, Role, generate};
use talos_config::tables::Line;

use super::TalosMachineApply;
use super::model::{MachineApply, OnDestroy};
use super::plan::Private;
use crate::provider::{ProviderModel, TalosStack};
use crate::shared::change;
use crate::shared::config_text::pack;
use crate::shared::stand_in;
use crate::shared::testing::{data, forgetful, told};

fn base() -> String {
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
    generate(&input).unwrap().emit()
}

fn with(text: &str, patch: &str) -> String {
    let mut config = Config::load(text, Line::V1_12).unwrap();
    let patch = talos_config::merge::Patch::load(patch, Line::V1_12).unwrap();
    config.apply_patches(&[patch]).unwrap();
    config.emit()
}

fn config(text: &str) -> MachineApply {
    MachineApply {
        id: Field::Null,
        machine_configuration: Field::Known(Secret::new(text.to_owned())),
        mode: Field::Null,
        drift: Field::Null,
        on_conflict: Field::Null,
        plan_effect: Field::Null,
        changes: Field::Null,
        drift_found: Field::Null,
        ..MachineApply::imported("cp01=10.0.0.1").unwrap()
    }
}

/// A machine that was applied `last` and has `live` now.
fn applied(core: &MiniCore<TalosStack>, last: &str, live: &str) -> Object<TalosMachineApply> {
    let mut object = core.object::<TalosMachineApply>();
    let state = MachineApply {
        config_hash: change::digest_of(&Config::load(last, Line::V1_12).unwrap(), last).into(),
        machine_configuration: Field::Known(Secret::new(last.to_owned())),
        machine_uuid: "u".into(),
        hostname: "cp01".into(),
        addresses: Field::Known(Vec::new()),
        stage: "running".into(),
        talos_version: "v1.12.6".into(),
        boot_id: "b".into(),
        endpoint: "10.0.0.1".into(),
        ..MachineApply::imported("cp01=10.0.0.1").unwrap()
    };
    let private = Private {
        last_applied: pack(last),
        live: pack(live),
        maintenance: false,
        unfinished: false,
    };
    object.assume(&state, &private).unwrap();
    object
}

fn core() -> MiniCore<TalosStack> {
    MiniCore::configure(ProviderModel::empty())
        .unwrap_or_else(|problems| panic!("{problems:?}"))
        .value
}

fn changes(model: &MachineApply) -> Vec<(String, String)> {
    let map = model.changes.get().unwrap();
    map.iter()
        .map(|(path, line)| (path.clone(), line.text().to_owned()))
        .collect()
}

const OURS: &str = "machine:\n  sysctls:\n    net.core.somaxconn: \"1024\"\n";
const THEIRS: &str = "machine:\n  sysctls:\n    net.core.somaxconn: \"4096\"\n";
const LABEL: &str = "machine:\n  nodeLabels:\n    rack: r1\n";

#[test]
fn what_others_added_is_kept_and_reported() {
    let (core, base) = (core(), base());
    let object = applied(&core, &base, &with(&base, LABEL));
    let planned = object.plan_only(Some(&config(&base))).unwrap();
    assert_eq!(planned.change, Change::None);
    let warning = planned.warnings.iter().next().unwrap();
    assert!(warning.summary.starts_with("TS-DRIFT: cp01"), "{warning:?}");
    assert!(
        warning.detail.contains("machine.nodeLabels") && warning.detail.contains("(none) -> r1"),
        "{warning:?}"
    );
}

#[test]
fn an_update_carries_over_exactly_what_changed() {
    let (core, base) = (core(), base());
    let object = applied(&core, &base, &with(&base, LABEL));
    let planned = object.plan_only(Some(&config(&with(&base, OURS)))).unwrap();
    assert_eq!(planned.change, Change::Update);
    let model = planned.model.unwrap();
    let changes = changes(&model);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].1, "(none) -> 1024");
    assert_eq!(model.plan_effect.text(), "live");
    assert!(model.stage.is_unknown() && model.addresses.is_unknown());
    // No reboot: the machine stays in its boot and at its version.
    assert_eq!(model.boot_id.as_str(), Some("b"));
    assert_eq!(model.talos_version.as_str(), Some("v1.12.6"));
}

#[test]
fn changed_on_both_sides_is_an_error_unless_somebody_decides() {
    let (core, base) = (core(), base());
    let ours = with(&base, OURS);
    let object = applied(&core, &base, &with(&base, THEIRS));
    let Err(problems) = object.plan_only(Some(&config(&ours))) else {
        panic!("both changed the path")
    };
    let text = format!("{problems:?}");
    assert!(
        text.contains("TS-CONFLICT: cp01") && text.contains("1024") && text.contains("4096"),
        "{text}"
    );
    for (how, wanted) in [("take", Change::Update), ("keep", Change::Update)] {
        let config = MachineApply {
            on_conflict: how.into(),
            ..config(&ours)
        };
        let planned = object.plan_only(Some(&config)).unwrap();
        assert_eq!(planned.change, wanted, "{how}");
        let written = changes(&planned.model.unwrap());
        assert_eq!(
            written.len(),
            usize::from(how == "take"),
            "{how}: {written:?}"
        );
    }
}

#[test]
fn reverting_writes_the_desired_configuration() {
    let (core, base) = (core(), base());
    let object = applied(&core, &base, &with(&base, LABEL));
    let config = MachineApply {
        drift: "revert".into(),
        ..config(&base)
    };
    let planned = object.plan_only(Some(&config)).unwrap();
    assert_eq!(planned.change, Change::Update);
    assert_eq!(changes(&planned.model.unwrap())[0].1, "r1 -> (none)");
}

#[test]
fn a_live_machine_keeps_its_identity_unless_it_is_allowed_by_name() {
    let (core, base) = (core(), base());
    let named = "apiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\nhostname: other\n";
    let object = applied(&core, &base, &base);
    let wanted = config(&with(&base, named));
    let Err(problems) = object.plan_only(Some(&wanted)) else {
        panic!("the host name changes")
    };
    assert!(format!("{problems:?}").contains("TS-CHANGE-REFUSED"));
    let allowed = MachineApply {
        allow_change: Field::Known(BTreeSet::from(["hostname".to_owned()])),
        ..wanted
    };
    assert_eq!(
        object.plan_only(Some(&allowed)).unwrap().change,
        Change::Update
    );
}

#[test]
fn a_reboot_is_announced_or_refused_as_the_mode_says() {
    let (core, base) = (core(), base());
    let object = applied(&core, &base, &base);
    let files = "machine:\n  udev:\n    rules:\n      - SUBSYSTEM==\"net\"\n";
    let wanted = config(&with(&base, files));
    let planned = object.plan_only(Some(&wanted)).unwrap();
    let model = planned.model.unwrap();
    assert_eq!(model.plan_effect.text(), "reboot");
    assert!(model.boot_id.is_unknown());
    assert!(format!("{:?}", planned.warnings).contains("TS-REBOOT: cp01"));
    let live_only = MachineApply {
        mode: "no_reboot".into(),
        ..wanted
    };
    let Err(problems) = object.plan_only(Some(&live_only)) else {
        panic!("the mode forbids it")
    };
    assert!(format!("{problems:?}").contains("TS-REBOOT-NEEDED"));
}

#[test]
fn placeholders_are_planned_and_nothing_moves() {
    let (core, base) = (core(), base());
    let object = applied(&core, &base, &base);
    let planned = object.plan_only(Some(&config("mock"))).unwrap();
    assert!(format!("{:?}", planned.warnings).contains("TS-PLACEHOLDER: cp01"));
}

#[test]
fn another_clusters_machine_is_one_error_however_much_would_change() {
    let (core, base) = (core(), base());
    let other = "machine: { token: other.token, ca: { crt: QQ==, key: QQ== } }\n\
                 cluster: { id: other, secret: other, secretboxEncryptionSecret: other }\n";
    let object = applied(&core, &base, &base);
    let planned = object.plan_only(Some(&config(&with(&base, other))));
    let refused = planned.err().unwrap();
    let summaries: Vec<_> = refused
        .iter()
        .map(|problem| problem.summary.clone())
        .collect();
    assert_eq!(
        summaries,
        ["TS-CHANGE-REFUSED: cp01: a live machine's cluster_id would change"]
    );
    assert!(
        refused
            .iter()
            .all(|problem| problem.detail.contains("cluster.id"))
    );
}

#[tokio::test]
async fn what_was_applied_last_outlives_the_loss_of_private_state() {
    let (core, base) = (core(), base());
    let mut object = core.object::<TalosMachineApply>();
    let first = with(&base, OURS);
    let state = MachineApply {
        machine_configuration: Field::Known(Secret::new(base)),
        config_patches: Field::Known(vec![OURS.into()]),
        endpoints: Field::Known(vec!["cp01.invalid".into()]),
        ..MachineApply::imported("cp01=10.0.0.1").unwrap()
    };
    object.assume(&state, &Private::default()).unwrap();
    object.refresh().await.unwrap();
    let private = object.private().unwrap();
    assert_eq!(
        crate::shared::config_text::unpack(&private.last_applied).unwrap(),
        first
    );
}

#[tokio::test]
async fn a_machine_that_nobody_called_is_not_forgotten() {
    let core = MiniCore::with_data(forgetful(data()));
    let mut object = core.object::<TalosMachineApply>();
    let state = MachineApply {
        endpoints: Field::Known(vec!["cp01.invalid".into()]),
        on_destroy: Field::Known(OnDestroy {
            reset: Field::Known(true),
            graceful: Field::Null,
            reboot: Field::Null,
            wipe_labels: Field::Null,
        }),
        ..MachineApply::imported("cp01=10.0.0.1").unwrap()
    };
    object.assume(&state, &Private::default()).unwrap();
    let plan = object.plan_only(None).unwrap();
    let failed = told(&object.apply_plan(None, &plan).await.err().unwrap());
    assert!(failed.contains("TS-PLACEHOLDER"), "{failed}");
    assert!(object.state().is_some());
}

#[test]
fn drift_that_becomes_desired_is_planned_to_be_gone() {
    let (core, base) = (core(), base());
    let object = applied(&core, &base, &with(&base, OURS));
    let planned = object.plan_only(Some(&config(&with(&base, OURS)))).unwrap();
    assert_eq!(planned.change, Change::Update);
    let model = planned.model.unwrap();
    assert!(model.stage.is_known(), "nothing is written to the machine");
    assert!(
        model.drift_found.get().unwrap().is_empty(),
        "nothing differs any more"
    );
}

#[test]
fn a_write_that_was_not_seen_to_arrive_is_planned_again() {
    let (core, base) = (core(), base());
    let wanted = with(&base, OURS);
    let mut object = applied(&core, &wanted, &base);
    let state = object.state().unwrap();
    let private = Private {
        last_applied: pack(&base),
        live: pack(&base),
        maintenance: false,
        unfinished: true,
    };
    object.assume(&state, &private).unwrap();
    let planned = object.plan_only(Some(&config(&wanted))).unwrap();
    assert_eq!(planned.change, Change::Update);
    let model = planned.model.unwrap();
    assert_eq!(changes(&model).len(), 1);
    assert!(model.boot_id.is_unknown(), "what it did is not known");

    let arrived = Private {
        live: pack(&wanted),
        ..private
    };
    object.assume(&state, &arrived).unwrap();
    let planned = object.plan_only(Some(&config(&wanted))).unwrap();
    assert_eq!(planned.change, Change::Update);
    assert!(changes(&planned.model.unwrap()).is_empty());
}

#[test]
fn a_name_that_allows_nothing_is_refused() {
    let core = core();
    let object = core.object::<TalosMachineApply>();
    let typo = MachineApply {
        allow_change: Field::Known(BTreeSet::from(["hostnames".to_owned()])),
        ..config(&base())
    };
    assert!(object.validate(&typo).is_err());
}

#[test]
fn an_interrupted_first_write_does_not_count_as_applied() {
    let base = base();
    let state = config(&with(&base, OURS));
    let mut private = Private {
        unfinished: true,
        ..Private::default()
    };
    private.recall(&state);
    assert!(private.last_applied.is_empty());
    let mut lost = Private::default();
    lost.recall(&state);
    assert!(!lost.last_applied.is_empty());
}

#[test]
fn the_disk_of_an_installed_machine_is_never_wiped() {
    let (core, base) = (core(), base());
    let wipes = base.replace("wipe: false", "wipe: true");
    assert_ne!(wipes, base);
    let object = applied(&core, &base, &base);
    let refused = object.plan_only(Some(&config(&wipes))).err().unwrap();
    assert!(told(&refused).contains("TS-WIPE-REFUSED"), "{refused:?}");
}

#[test]
fn placeholders_in_addresses_are_warned_about() {
    let core = core();
    let object = core.object::<TalosMachineApply>();
    let nowhere = MachineApply {
        endpoints: Field::Known(vec!["cp01.invalid".into()]),
        ..config(&base())
    };
    let planned = object.plan_only(Some(&nowhere)).unwrap();
    let warned = told(&planned.warnings);
    assert!(warned.contains("TS-PLACEHOLDER: cp01"), "{warned}");
    assert!(warned.contains("endpoints"), "{warned}");
}

#[test]
fn another_name_makes_another_id_whatever_else_changes() {
    let (core, base) = (core(), base());
    let object = applied(&core, &base, &base);
    for text in [base.clone(), with(&base, OURS)] {
        let renamed = MachineApply {
            node: "cp09".into(),
            ..config(&text)
        };
        let planned = object.plan_only(Some(&renamed)).unwrap();
        assert!(planned.model.unwrap().id.is_unknown());
    }
}
