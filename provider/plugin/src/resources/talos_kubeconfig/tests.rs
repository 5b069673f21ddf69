use framework::prelude::*;
use framework::testing::{Change, MiniCore};
use talos_config::secrets::Bundle;

use super::TalosKubeconfig;
use super::model::Kubeconfig;
use super::plan::Private;
use crate::provider::{ProviderModel, TalosStack};
use crate::shared::entropy::{OsRandom, now};
use crate::shared::lifetime::Due;
use crate::shared::machine_secrets::MachineSecrets;
use crate::shared::testing::told;

fn config() -> Kubeconfig {
    let mut random = OsRandom::new().unwrap();
    let bundle = Bundle::generate(6, now(), &mut random).unwrap();
    Kubeconfig {
        id: Field::Null,
        cluster_name: "c".into(),
        cluster_endpoint: "https://10.0.0.1:6443".into(),
        machine_secrets: Field::Known(MachineSecrets::of(&bundle)),
        user: Field::Null,
        organizations: Field::Null,
        ttl: Field::Null,
        renew_before: Field::Null,
        timeouts: Field::Null,
        kubeconfig: Field::Null,
        kubernetes_client_configuration: Field::Null,
        expires_at: Field::Null,
    }
}

fn core() -> MiniCore<TalosStack> {
    MiniCore::configure(ProviderModel::empty())
        .unwrap_or_else(|problems| panic!("{problems:?}"))
        .value
}

#[tokio::test]
async fn minted_once_until_an_input_changes() {
    let (core, config) = (core(), config());
    let mut object = core.object::<TalosKubeconfig>();
    object.apply(Some(&config)).await.unwrap();
    let first = object.state().unwrap();
    assert_eq!(first.id.text(), "c/admin");
    assert_eq!(
        object.plan(Some(&config)).await.unwrap().change,
        Change::None
    );

    let later = Kubeconfig {
        renew_before: GoDuration::parse("24h").into(),
        ..config.clone()
    };
    object.apply(Some(&later)).await.unwrap();
    assert!(object.state().unwrap().kubeconfig == first.kubeconfig);

    let moved = Kubeconfig {
        cluster_endpoint: "https://10.0.0.2:6443".into(),
        ..config.clone()
    };
    object.apply(Some(&moved)).await.unwrap();
    assert!(object.state().unwrap().kubeconfig != first.kubeconfig);
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_planned_anew() {
    let (core, config) = (core(), config());
    let mut object = core.object::<TalosKubeconfig>();
    object.apply(Some(&config)).await.unwrap();
    let state = object.state().unwrap();
    let due = Due {
        within_margin: true,
        by_default: true,
    };
    object.assume(&state, &Private { due }).unwrap();
    let planned = object.plan_only(Some(&config)).unwrap();
    assert_eq!(planned.change, Change::Update);
    assert!(format!("{:?}", planned.warnings).contains("TS-CERT-RENEW"));
}

#[tokio::test]
async fn only_a_margin_that_is_given_may_be_longer_than_the_life() {
    let (core, config) = (core(), config());
    let short = Kubeconfig {
        ttl: GoDuration::parse("1h").into(),
        ..config
    };
    let mut object = core.object::<TalosKubeconfig>();
    object.apply(Some(&short)).await.unwrap();
    let planned = object.plan(Some(&short)).await.unwrap();
    assert_eq!(planned.change, Change::None);

    let given = Kubeconfig {
        renew_before: GoDuration::parse("2h").into(),
        ..short
    };
    let planned = object.plan(Some(&given)).await.unwrap();
    assert_eq!(planned.change, Change::Update);
    assert!(planned.model.unwrap().kubeconfig.is_unknown());
}

#[tokio::test]
async fn no_certificate_of_no_length() {
    let empty = Kubeconfig {
        ttl: GoDuration::parse("0s").into(),
        ..config()
    };
    let core = core();
    let mut object = core.object::<TalosKubeconfig>();
    let found = told(&object.plan(Some(&empty)).await.err().unwrap());
    assert!(found.contains("ttl is shorter than a second"), "{found}");
}

#[tokio::test]
async fn placeholders_are_planned_with_a_warning_and_refused_at_apply() {
    let given = config();
    let placeholders = [
        Kubeconfig {
            cluster_endpoint: "https://cluster.invalid:6443".into(),
            ..given.clone()
        },
        Kubeconfig {
            cluster_name: "mock".into(),
            ..given.clone()
        },
        Kubeconfig {
            machine_secrets: Field::Known(MachineSecrets {
                cluster: Field::Null,
                secrets: Field::Null,
                trustdinfo: Field::Null,
                certs: Field::Null,
            }),
            ..given
        },
    ];
    for config in placeholders {
        let core = core();
        let mut object = core.object::<TalosKubeconfig>();
        let planned = object.plan(Some(&config)).await.unwrap();
        let warned = told(&planned.warnings);
        assert!(warned.contains("TS-PLACEHOLDER"), "{warned}");
        let refused = told(&object.apply(Some(&config)).await.err().unwrap());
        assert!(refused.contains("TS-PLACEHOLDER"), "{refused}");
        assert!(object.state().is_none());
    }
}
