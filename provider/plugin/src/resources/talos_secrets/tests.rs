use framework::prelude::*;
use framework::testing::{Change, MiniCore};
use talos_config::pki::Timestamp;

use super::TalosSecrets;
use super::model::TalosSecretsModel;
use super::resource::due;
use crate::provider::{ProviderModel, TalosStack};
use crate::shared::testing::told;

fn core() -> MiniCore<TalosStack> {
    let config = ProviderModel {
        cluster_name: "c".into(),
        ..ProviderModel::empty()
    };
    MiniCore::configure(config)
        .unwrap_or_else(|problems| panic!("{problems:?}"))
        .value
}

fn config(version: &str) -> TalosSecretsModel {
    TalosSecretsModel {
        talos_version: version.into(),
        deletion_protection: Field::Null,
        ..TalosSecretsModel::imported()
    }
}

fn plain(version: &str) -> TalosSecretsModel {
    TalosSecretsModel {
        contract: Field::Null,
        ..config(version)
    }
}

#[tokio::test]
async fn generated_once_and_never_replaced_by_a_version() {
    let core = core();
    let mut object = core.object::<TalosSecrets>();
    object.apply(Some(&plain("v1.12.1"))).await.unwrap();
    let made = object.state().unwrap();
    assert_eq!(made.contract.text(), "v1.12");
    assert_eq!(made.id.text(), "c");
    assert_eq!(made.fingerprints.get().unwrap().len(), 5);

    for version in ["v1.12.1", "v1.12", "1.11.0", "v1.12.6"] {
        object.apply(Some(&plain(version))).await.unwrap();
        let state = object.state().unwrap();
        assert!(state.machine_secrets == made.machine_secrets, "{version}");
        assert!(
            state.client_configuration == made.client_configuration,
            "{version}"
        );
        assert_eq!(state.contract.text(), "v1.12");
    }
    assert_eq!(
        object.plan(Some(&plain("v1.12.6"))).await.unwrap().change,
        Change::None
    );
}

#[tokio::test]
async fn protected_from_destruction_until_it_is_switched_off() {
    let core = core();
    let mut object = core.object::<TalosSecrets>();
    object.apply(Some(&plain("v1.12.6"))).await.unwrap();
    let Err(problems) = object.plan(None).await else {
        panic!("destroy must be refused")
    };
    assert!(format!("{problems:?}").contains("TS-SECRETS-PROTECTED"));

    let open = TalosSecretsModel {
        deletion_protection: Field::Known(false),
        ..plain("v1.12.6")
    };
    object.apply(Some(&open)).await.unwrap();
    object.apply(None).await.unwrap();
    assert!(object.state().is_none());
}

#[tokio::test]
async fn adopts_a_bundle_and_refuses_another_one() {
    let core = core();
    let mut first = core.object::<TalosSecrets>();
    first.apply(Some(&plain("v1.12.6"))).await.unwrap();
    let text = first.state().unwrap().secrets_yaml;

    let adopting = TalosSecretsModel {
        secrets_yaml_wo: text.clone(),
        ..plain("v1.12.6")
    };
    let mut second = core.object::<TalosSecrets>();
    second.apply(Some(&adopting)).await.unwrap();
    let state = second.state().unwrap();
    assert!(state.machine_secrets == first.state().unwrap().machine_secrets);
    assert!(state.secrets_yaml_wo.is_null());
    assert!(state.secrets_yaml == text);

    let mut other = core.object::<TalosSecrets>();
    other.apply(Some(&plain("v1.12.6"))).await.unwrap();
    let Err(problems) = other.plan(Some(&adopting)).await else {
        panic!("other secrets must be refused")
    };
    assert!(format!("{problems:?}").contains("TS-SECRETS-CHANGE"));
}

#[tokio::test]
async fn the_client_certificate_is_renewed_in_time() {
    let core = core();
    let mut object = core.object::<TalosSecrets>();
    object.apply(Some(&plain("v1.12.6"))).await.unwrap();
    let state = object.state().unwrap();
    let now = crate::shared::entropy::now();
    assert!(!due(&state, now).by_default);
    assert!(!due(&state, now.plus_seconds(8000 * 3600)).by_default);
    assert!(due(&state, now.plus_seconds(8041 * 3600)).by_default);
    assert!(due(&state, Timestamp(i64::MAX)).by_default);
}

#[test]
fn schemas_keep_cores_rules() {
    let problems = framework::testing::schema_problems::<TalosStack>();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[tokio::test]
async fn placeholders_are_planned_with_a_warning_and_refused_at_apply() {
    let text = |value: &str| Field::Known(Secret::new(value.to_owned()));
    let placeholders = [
        plain("mock"),
        plain(""),
        TalosSecretsModel {
            secrets_yaml: text("mock"),
            ..plain("v1.12.6")
        },
        TalosSecretsModel {
            secrets_yaml_wo: text(""),
            ..plain("v1.12.6")
        },
    ];
    for config in placeholders {
        let core = core();
        let mut object = core.object::<TalosSecrets>();
        let planned = object.plan(Some(&config)).await.unwrap();
        let warned = told(&planned.warnings);
        assert!(warned.contains("TS-PLACEHOLDER"), "{warned}");
        let refused = told(&object.apply(Some(&config)).await.err().unwrap());
        assert!(refused.contains("TS-PLACEHOLDER"), "{refused}");
        assert!(object.state().is_none());
    }
}
