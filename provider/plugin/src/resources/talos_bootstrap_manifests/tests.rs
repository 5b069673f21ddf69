use std::collections::BTreeMap;

use framework::prelude::*;
use framework::testing::{Change, MiniCore};

use super::TalosBootstrapManifests;
use super::model::BootstrapManifests;
use super::plan::{Private, objects, validate};
use crate::shared::change::text_map;
use crate::shared::testing::{data, told};

const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: network}\ndata: {a: '1'}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: network}\n";

fn config(mode: &str, text: &str) -> BootstrapManifests {
    BootstrapManifests {
        id: Field::Null,
        manifests: text_map(BTreeMap::from([(
            "10-settings".to_owned(),
            text.to_owned(),
        )])),
        mode: mode.into(),
        handoff: Field::Null,
        wait: Field::Null,
        kubernetes: Field::Null,
        timeouts: Field::Null,
        objects: Field::Null,
    }
}

fn applied(
    core: &MiniCore<crate::provider::TalosStack>,
    mode: &str,
    private: Private,
) -> framework::testing::Object<TalosBootstrapManifests> {
    let mut object = core.object::<TalosBootstrapManifests>();
    let state = BootstrapManifests {
        id: "uid".into(),
        handoff: Field::Known(true),
        wait: Field::Known(true),
        objects: text_map(BTreeMap::from([(
            "ConfigMap/network/settings".to_owned(),
            "applied".to_owned(),
        )])),
        ..config(mode, SETTINGS)
    };
    object.assume(&state, &private).unwrap();
    object
}

#[test]
fn what_others_need_comes_first_within_a_text() {
    let model = config("once", SETTINGS);
    let kinds: Vec<String> = objects(&model)
        .unwrap()
        .iter()
        .map(|object| object["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["Namespace", "ConfigMap"]);
}

#[test]
fn a_damaged_manifest_is_named_and_a_placeholder_is_none() {
    let found = |text: &str| {
        let mut found = Diagnostics::new();
        validate(&config("once", text), &mut found);
        told(&found)
    };
    assert_eq!(found(SETTINGS), "");
    assert_eq!(found("mock"), "");
    assert!(found("kind: ConfigMap\n").contains("manifests.10-settings"));
}

#[tokio::test]
async fn a_plan_tells_changes_by_object_and_path_and_what_comes_of_them() {
    let core = MiniCore::with_data(data());
    for (mode, said) in [
        ("always", "These changes are applied"),
        ("once", "stays as it is"),
    ] {
        let object = applied(&core, mode, Private::default());
        assert_eq!(
            object
                .plan_only(Some(&config(mode, SETTINGS)))
                .unwrap()
                .change,
            Change::None
        );
        let plan = object
            .plan_only(Some(&config(mode, &SETTINGS.replace("'1'", "'2'"))))
            .unwrap();
        let told = told(&plan.warnings);
        assert!(
            told.contains("ConfigMap/network/settings data.a: 1 -> 2") && told.contains(said),
            "{told}"
        );
    }
}

#[tokio::test]
async fn drift_is_put_back_only_where_objects_are_kept() {
    let core = MiniCore::with_data(data());
    let drift = || {
        BTreeMap::from([(
            "ConfigMap/network/settings data.a".to_owned(),
            "2 -> 1".to_owned(),
        )])
    };
    let change = |mode: &str| {
        let private = Private {
            drift: drift(),
            ..Private::default()
        };
        applied(&core, mode, private)
            .plan_only(Some(&config(mode, SETTINGS)))
            .unwrap()
            .change
    };
    assert_eq!(change("always"), Change::Update);
    assert_eq!(change("once"), Change::None);
}
