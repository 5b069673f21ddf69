use std::collections::BTreeMap;

use framework::prelude::*;
use framework::testing::{Change, MiniCore};
use serde_json::json;

use super::TalosBootstrapManifests;
use super::model::BootstrapManifests;
use super::plan::{Private, objects, validate};
use crate::shared::change::text_map;
use crate::shared::fake_api::FakeApi;
use crate::shared::testing::{data, told, told_by};

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
    let found = |text: &str| told_by(validate, &config("once", text));
    assert_eq!(found(SETTINGS), "");
    assert_eq!(found("mock"), "");
    assert!(found("kind: ConfigMap\n").contains("manifests.10-settings"));
}

#[test]
fn an_object_in_two_places_is_refused_where_they_differ() {
    let found = |other: &str| {
        let mut config = config("always", SETTINGS);
        let all = config.manifests.get_mut().unwrap();
        all.insert("20-more".to_owned(), other.into());
        told_by(validate, &config)
    };
    assert_eq!(found(SETTINGS), "");
    assert_eq!(found("mock"), "");
    let told = found(&SETTINGS.replace("'1'", "'2'"));
    assert!(
        told.contains("ConfigMap/network/settings is in manifests.10-settings")
            && told.contains("manifests.20-more"),
        "{told}"
    );
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

const AT: &str = "/api/v1/namespaces/network/configmaps/settings";

/// The configuration against a fake API server, and nothing waited for.
fn reaching(api: &FakeApi, mode: &str) -> BootstrapManifests {
    BootstrapManifests {
        kubernetes: api.access(),
        wait: Field::Known(false),
        ..config(mode, SETTINGS)
    }
}

fn of_helm() -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "network", "uid": "one",
        "managedFields": [{"manager": kubernetes::MANAGER}, {"manager": "helm"}],
        "annotations": {"meta.helm.sh/release-name": "network"}}})
}

fn objects_of(object: &framework::testing::Object<TalosBootstrapManifests>) -> Vec<String> {
    let state = object.state().unwrap();
    let objects = state.objects.get().unwrap().iter();
    objects
        .map(|(name, what)| format!("{name} {}", what.text()))
        .collect()
}

#[tokio::test]
async fn at_the_first_sign_of_another_owner_nothing_is_written_any_more() {
    for mode in ["once", "always"] {
        let api = FakeApi::start().await;
        api.put(AT, of_helm());
        let core = MiniCore::with_data(data());
        let mut object = core.object::<TalosBootstrapManifests>();
        // The namespace comes first, and is not there: it would be made.
        object.apply(Some(&reaching(&api, mode))).await.unwrap();
        assert_eq!(api.writes(), Vec::<String>::new());
        let handed_off = [
            "ConfigMap/network/settings handed_off",
            "Namespace/network handed_off",
        ];
        assert_eq!(objects_of(&object), handed_off);
        // The refresh sees the same, and no plan wants anything of it.
        let plan = object.plan(Some(&reaching(&api, mode))).await.unwrap();
        assert_eq!(plan.change, Change::None);
        assert_eq!(objects_of(&object), handed_off);
        object.apply(None).await.unwrap();
        assert_eq!(api.writes(), Vec::<String>::new());
    }
    let api = FakeApi::start().await;
    api.put(AT, of_helm());
    let core = MiniCore::with_data(data());
    let refusing = BootstrapManifests {
        handoff: Field::Known(false),
        ..reaching(&api, "always")
    };
    let mut object = core.object::<TalosBootstrapManifests>();
    let refused = object.apply(Some(&refusing)).await.err().unwrap();
    assert!(told(&refused).contains("the Helm release network"));
    assert_eq!(api.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failure_taints_only_what_was_not_there_before() {
    for there in [false, true] {
        let api = FakeApi::start().await;
        if there {
            api.put(
                AT,
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "network"}}),
            );
        }
        api.refuse(AT);
        let core = MiniCore::with_data(data());
        let mut object = core.object::<TalosBootstrapManifests>();
        let done = object.apply(Some(&reaching(&api, "always"))).await;
        assert_eq!(done.is_ok(), there);
        assert_eq!(object.is_tainted(), !there);
        let plan = object.plan_only(Some(&reaching(&api, "always"))).unwrap();
        let next = if there {
            Change::Update
        } else {
            Change::Replace
        };
        assert_eq!(plan.change, next);
    }
}

#[tokio::test]
async fn only_what_is_still_ours_is_deleted() {
    let api = FakeApi::start().await;
    let core = MiniCore::with_data(data());
    let mut object = core.object::<TalosBootstrapManifests>();
    object.apply(Some(&reaching(&api, "always"))).await.unwrap();
    api.writes();
    object.apply(None).await.unwrap();
    assert_eq!(api.writes(), [format!("DELETE {AT}")]);
}
