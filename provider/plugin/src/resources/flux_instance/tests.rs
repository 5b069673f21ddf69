use std::collections::BTreeMap;

use framework::prelude::*;
use framework::testing::{Change, MiniCore};
use serde_json::json;

use super::FluxInstanceResource;
use super::adopt::adopt;
use super::model::{Cluster, Distribution, FluxInstance, GitAuth, Sops, Sync};
use super::plan::{Private, validate};
use super::secrets::{digests, is_age_key, secrets};
use super::spec::instance;
use crate::shared::change::text_map;
use crate::shared::fake_api::FakeApi;
use crate::shared::kustomize_patch::KustomizePatch;
use crate::shared::testing::{data, told, told_by};

mod credentials;

const KEY: &str = "# public key: age1\nAGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ\n";

fn secret(text: &str) -> Field<Secret<String>> {
    Field::Known(Secret::new(text.to_owned()))
}

fn config() -> FluxInstance {
    FluxInstance {
        id: Field::Null,
        namespace: Field::Null,
        distribution: Field::Known(Distribution {
            version: "v2.7.5".into(),
            registry: Field::Null,
            artifact: Field::Null,
            variant: Field::Null,
        }),
        sync: Field::Known(Sync {
            kind: Field::Null,
            url: "https://git.example.com/a.git".into(),
            r#ref: "refs/heads/main".into(),
            path: "clusters/a".into(),
            name: Field::Null,
            interval: Field::Null,
            pull_secret: Field::Null,
            provider: Field::Null,
            retry_interval: "10s".into(),
        }),
        sops: Field::Known(Sops {
            age_key: Field::Null,
            age_key_wo: secret(KEY),
            age_key_wo_version: Field::Null,
            secret_name: Field::Null,
        }),
        adopt: Field::Null,
        wait: Field::Null,
        on_destroy: Field::Null,
        ready: Field::Null,
        ..FluxInstance::imported("flux-system")
    }
}

fn auth() -> GitAuth {
    GitAuth {
        username: Field::Null,
        password: Field::Null,
        password_wo: secret("hunter2"),
        bearer_token: Field::Null,
        bearer_token_wo: Field::Null,
        identity: Field::Null,
        identity_wo: Field::Null,
        known_hosts: Field::Null,
        github_app: Field::Null,
    }
}

fn placed(config: FluxInstance) -> FluxInstance {
    FluxInstance {
        namespace: "flux-system".into(),
        ..config
    }
}

#[test]
fn attributes_become_the_spec() {
    let mut model = placed(config());
    model.cluster = Field::Known(Cluster {
        r#type: "kubernetes".into(),
        size: Field::Null,
        domain: Field::Null,
        multitenant: Field::Null,
        network_policy: Field::Known(false),
    });
    model.git_auth = Field::Known(auth());
    model.kustomize_patches = Field::Known(vec![KustomizePatch {
        patch: "p".into(),
        target: Field::Null,
    }]);
    model.extra_spec = "sync:\n  interval: 5m\nmigrateResources: false\n".into();
    let object = instance(&model).unwrap();
    let decryption = r#"[{"op":"add","path":"/spec/decryption","value":{"provider":"sops","secretRef":{"name":"sops-age"}}},{"op":"add","path":"/spec/retryInterval","value":"10s"}]"#;
    assert_eq!(
        object["metadata"],
        json!({"name": "flux", "namespace": "flux-system"})
    );
    assert_eq!(
        object["spec"],
        json!({
            "distribution": {"version": "2.7.5", "registry": "ghcr.io/fluxcd"},
            "cluster": {"type": "kubernetes", "networkPolicy": false},
            "sync": {"kind": "GitRepository", "url": "https://git.example.com/a.git", "ref": "refs/heads/main", "path": "clusters/a",
                "pullSecret": "flux-system", "interval": "5m"},
            "kustomize": {"patches": [
                {"patch": decryption, "target": {"kind": "Kustomization", "name": "flux-system"}},
                {"patch": "p"},
            ]},
            "migrateResources": false,
        })
    );
    assert!(!object.to_string().contains("AGE-SECRET") && !object.to_string().contains("hunter2"));
    model.extra_spec = "- a\n".into();
    assert!(instance(&model).is_err());
}

#[test]
fn secrets_hold_what_flux_reads() {
    let model = FluxInstance {
        git_auth: Field::Known(auth()),
        ..placed(config())
    };
    let made = secrets(&model, "flux-system");
    assert_eq!(made.keys().collect::<Vec<_>>(), ["flux-system", "sops-age"]);
    assert_eq!(
        made["flux-system"]["data"],
        json!({"username": "Z2l0", "password": "aHVudGVyMg=="})
    );
    assert!(made["sops-age"]["data"]["age.agekey"].is_string());
    let digests = |salt: &str| digests(&made, salt);
    assert_ne!(digests("a"), digests("b"));
    assert_eq!(digests("a"), digests("a"));
}

#[test]
fn keys_and_contradictions_are_told_before_anything_is_touched() {
    let found = |change: &dyn Fn(&mut FluxInstance)| {
        let mut config = config();
        change(&mut config);
        told_by(validate, &config)
    };
    assert_eq!(found(&|_| ()), "");
    assert!(
        found(&|config| config.sops.get_mut().unwrap().age_key_wo = Field::Null)
            .contains("TS-FLUX-SOPS-MISSING")
    );
    let wrong =
        found(&|config| config.sops.get_mut().unwrap().age_key_wo = secret("age1notthesecretone"));
    assert!(
        wrong.contains("TS-FLUX-SOPS-FORMAT") && !wrong.contains("notthesecretone"),
        "{wrong}"
    );
    assert!(
        found(&|config| config.sops.get_mut().unwrap().age_key = secret(KEY))
            .contains("given twice")
    );
    assert!(found(&|config| config.sync = Field::Null).contains("sops without sync"));
    assert!(
        found(&|config| config.sync.get_mut().unwrap().interval = "soon".into())
            .contains("sync.interval")
    );
    assert!(
        found(&|config| config.sync.get_mut().unwrap().provider = "gcp".into()).contains("gcp")
    );
    assert!(found(&|config| config.extra_spec = "[]".into()).contains("extra_spec"));
    assert!(found(&|config| config.sops.get_mut().unwrap().age_key_wo = secret("mock")).is_empty());
    assert!(is_age_key(KEY) && !is_age_key("AGE-SECRET-KEY-1SHORT"));
}

/// A state as an apply with `config` leaves it.
fn applied(
    core: &MiniCore<crate::provider::TalosStack>,
    private: Private,
) -> framework::testing::Object<FluxInstanceResource> {
    let mut object = core.object::<FluxInstanceResource>();
    let mut state = placed(config());
    state.id = "flux-system/flux".into();
    state.sops.get_mut().unwrap().age_key_wo = Field::Null;
    state.sops.get_mut().unwrap().secret_name = "sops-age".into();
    state.sync.get_mut().unwrap().kind = "GitRepository".into();
    state.distribution.get_mut().unwrap().registry = "ghcr.io/fluxcd".into();
    (state.adopt, state.wait, state.on_destroy) =
        ("none".into(), "ready".into(), "uninstall".into());
    state.ready = Field::Known(true);
    state.sync_path = "clusters/a".into();
    state.conditions = text_map(BTreeMap::new());
    state.components_status = text_map(BTreeMap::new());
    object.assume(&state, &private).unwrap();
    object
}

fn written() -> Private {
    let salt = "salt".to_owned();
    Private {
        secrets: digests(&secrets(&config(), "flux-system"), &salt),
        salt,
        ..Private::default()
    }
}

#[tokio::test]
async fn a_key_that_nobody_stores_is_noticed_when_it_changes() {
    let core = MiniCore::with_data(data());
    let plan = applied(&core, written())
        .plan_only(Some(&config()))
        .unwrap();
    assert_eq!(plan.change, Change::None, "{}", told(&plan.warnings));
    let mut other = config();
    other.sops.get_mut().unwrap().age_key_wo = secret(&KEY.replace('Q', "P"));
    let plan = applied(&core, written()).plan_only(Some(&other)).unwrap();
    assert_eq!(plan.change, Change::Update);
    let told = told(&plan.warnings);
    assert!(
        told.contains("TS-FLUX-SECRET")
            && told.contains("sops-age")
            && !told.contains("AGE-SECRET"),
        "{told}"
    );
}

#[tokio::test]
async fn a_placeholder_in_place_of_the_key_says_nothing_of_it() {
    let core = MiniCore::with_data(data());
    let mut mock = config();
    mock.sops.get_mut().unwrap().age_key_wo = secret("mock");
    let plan = applied(&core, written()).plan_only(Some(&mock)).unwrap();
    let told = told(&plan.warnings);
    assert_eq!(plan.change, Change::None, "{told}");
    assert!(
        told.contains("placeholder") && !told.contains("TS-FLUX-SECRET"),
        "{told}"
    );
}

#[tokio::test]
async fn changes_are_told_by_path_and_the_name_of_the_sync_stays() {
    let core = MiniCore::with_data(data());
    let mut other = config();
    other.sync.get_mut().unwrap().path = "clusters/b".into();
    let plan = applied(&core, written()).plan_only(Some(&other)).unwrap();
    assert_eq!(plan.change, Change::Update);
    assert!(
        told(&plan.warnings).contains("spec.sync.path: clusters/a -> clusters/b"),
        "{}",
        told(&plan.warnings)
    );
    assert_eq!(plan.model.unwrap().sync_path.as_str(), Some("clusters/b"));
    let mut renamed = config();
    renamed.sync.get_mut().unwrap().name = "other".into();
    let refused = applied(&core, written()).plan_only(Some(&renamed));
    assert!(told(&refused.err().unwrap()).contains("TS-K8S-IMMUTABLE"));
}

#[tokio::test]
async fn unfinished_work_goes_on_and_another_cluster_is_refused() {
    let core = MiniCore::with_data(data());
    let plan = applied(
        &core,
        Private {
            unfinished: true,
            ..written()
        },
    )
    .plan_only(Some(&config()))
    .unwrap();
    assert_eq!(plan.change, Change::Update);
    let refused = applied(
        &core,
        Private {
            other: "uid".to_owned(),
            ..written()
        },
    )
    .plan_only(Some(&config()));
    assert!(told(&refused.err().unwrap()).contains("TS-K8S-OTHER-CLUSTER"));
}

const SECRET: &str = "/api/v1/namespaces/flux-system/secrets/sops-age";
const INSTANCE: &str = "/apis/fluxcd.controlplane.io/v1/namespaces/flux-system/fluxinstances/flux";

/// A fake API server with an operator that runs, and the configuration against it.
async fn reaching(wait: &str) -> (FakeApi, FluxInstance) {
    let api = FakeApi::start().await;
    api.put(
        "/apis/apps/v1/namespaces/flux-system/deployments/flux-operator",
        json!({"spec": {"replicas": 1}, "status": {"availableReplicas": 1}}),
    );
    let config = FluxInstance {
        kubernetes: api.access(),
        wait: wait.into(),
        ..config()
    };
    (api, config)
}

#[tokio::test]
async fn a_secret_that_somebody_else_made_outlives_the_instance() {
    for ours in [false, true] {
        let (api, config) = reaching("none").await;
        if !ours {
            api.put(SECRET, secrets(&config, "flux-system")["sops-age"].clone());
        }
        let core = MiniCore::with_data(data());
        let mut object = core.object::<FluxInstanceResource>();
        object.apply(Some(&config)).await.unwrap();
        assert_eq!(api.writes().contains(&format!("PATCH {SECRET}")), ours);
        object.apply(None).await.unwrap();
        assert_eq!(api.at(INSTANCE), None);
        assert_eq!(api.at(SECRET).is_some(), !ours);
    }
}

#[tokio::test]
async fn a_failure_taints_only_an_instance_that_was_not_there_before() {
    for there in [false, true] {
        let (api, config) = reaching("ready").await;
        if there {
            api.put(
                INSTANCE,
                json!({"apiVersion": "fluxcd.controlplane.io/v1", "kind": "FluxInstance",
                    "metadata": {"name": "flux", "namespace": "flux-system", "managedFields": [{"manager": kubernetes::MANAGER}]}}),
            );
        }
        let stalled = json!({"type": "Stalled", "status": "True", "reason": "BuildFailed", "message": "no such version"});
        api.status(INSTANCE, json!({"conditions": [stalled]}));
        let core = MiniCore::with_data(data());
        let mut object = core.object::<FluxInstanceResource>();
        let plan = object.plan(Some(&config)).await.unwrap();
        let done = object.apply_plan(Some(&config), &plan).await;
        assert_eq!(done.is_ok(), there);
        let found = done.unwrap_or_else(|failed| failed);
        assert!(told(&found).contains("no such version"), "{}", told(&found));
        assert_eq!(object.is_tainted(), !there);
    }
}

#[tokio::test]
async fn a_secret_that_may_have_been_written_is_known() {
    let (api, config) = reaching("none").await;
    api.refuse(SECRET);
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxInstanceResource>();
    let failed = told(&object.apply(Some(&config)).await.err().unwrap());
    assert!(failed.contains("TS-K8S-PERMISSION"), "{failed}");
    assert!(object.private().unwrap().secrets.contains_key("sops-age"));
    // It was written after all: destroying takes it away.
    api.put(
        SECRET,
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-age", "namespace": "flux-system", "uid": "one",
            "managedFields": [{"manager": kubernetes::MANAGER}]}}),
    );
    api.refuse("");
    object.apply(None).await.unwrap();
    assert_eq!(api.at(SECRET), None);
}

#[test]
fn what_flux_does_not_take_is_told_at_plan() {
    let found = |change: &dyn Fn(&mut FluxInstance)| {
        let mut config = config();
        change(&mut config);
        told_by(validate, &config)
    };
    let version = |text: &'static str| {
        found(&|config| config.distribution.get_mut().unwrap().version = text.into())
    };
    for fine in ["2.x", "*", "v2.7.5", ">=2.7.0 <2.9.0", "mock"] {
        assert_eq!(version(fine), "");
    }
    assert!(version("latest").contains("distribution.version is \"latest\""));
    let components = |name: &'static str| {
        found(&|config| {
            config.components = Field::Known(vec!["source-controller".into(), name.into()])
        })
    };
    assert_eq!(components("source-watcher"), "");
    assert!(components("kustomise-controller").contains("components has \"kustomise-controller\""));
    let reference =
        |name: &'static str| found(&|config| config.sync.get_mut().unwrap().r#ref = name.into());
    for fine in ["refs/tags/v1", "HEAD", "mock"] {
        assert_eq!(reference(fine), "");
    }
    assert!(reference("main").contains("refs/heads/main"));
    let interval =
        |text: &'static str| found(&|config| config.sync.get_mut().unwrap().interval = text.into());
    assert_eq!(interval("1h30m"), "");
    for wrong in ["0", "+1m", "5us"] {
        assert!(interval(wrong).contains("sync.interval"), "{wrong}");
    }
}

#[tokio::test]
async fn an_earlier_minor_version_is_refused_at_plan() {
    let core = MiniCore::with_data(data());
    let mut object = applied(&core, written());
    let state = FluxInstance {
        installed_version: "2.7.5".into(),
        ..object.state().unwrap()
    };
    object.assume(&state, &written()).unwrap();
    let planned = |version: &str| {
        let mut config = config();
        config.distribution.get_mut().unwrap().version = version.into();
        object.plan_only(Some(&config))
    };
    for fine in ["2.7.2", "2.8.0", "2.x", ">=2.6"] {
        assert!(planned(fine).is_ok(), "{fine}");
    }
    for wrong in ["2.6.4", "2.6.x", "v1.9.0"] {
        let told = told(&planned(wrong).err().unwrap());
        assert!(
            told.contains("TS-FLUX-BUILD")
                && told.contains("2.7.5 runs")
                && told.contains("keep 2.7"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn an_instance_of_helm_is_taken_over_without_uninstalling_it() {
    let (api, config) = reaching("none").await;
    let release = "/api/v1/namespaces/tools/secrets/sh.helm.release.v1.flux.v1";
    api.put(
        INSTANCE,
        json!({"apiVersion": "fluxcd.controlplane.io/v1", "kind": "FluxInstance", "metadata": {"name": "flux", "namespace": "flux-system",
            "uid": "one", "managedFields": [{"manager": "helm"}], "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "flux", "meta.helm.sh/release-namespace": "tools"}}}),
    );
    api.put(
        release,
        json!({"metadata": {"namespace": "tools", "name": "sh.helm.release.v1.flux.v1", "uid": "two"}}),
    );
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxInstanceResource>();
    let refused = told(&object.apply(Some(&config)).await.err().unwrap());
    assert!(
        refused.contains("TS-K8S-OWNED") && refused.contains("adopt = \"helm\""),
        "{refused}"
    );
    let adopting = FluxInstance {
        adopt: "helm".into(),
        ..config.clone()
    };
    object.apply(Some(&adopting)).await.unwrap();
    let live = api.at(INSTANCE).unwrap();
    assert_eq!(live["spec"]["distribution"]["version"], "2.7.5");
    let metadata = live["metadata"].to_string();
    assert!(
        !metadata.contains("meta.helm.sh") && !metadata.contains("Helm"),
        "{metadata}"
    );
    assert_eq!(api.at(release), None);
    // From then on it is ours.
    object.apply(Some(&config)).await.unwrap();
}

#[test]
fn an_import_reads_back_what_was_made() {
    let mut model = placed(config());
    model.components = Field::Known(vec!["source-controller".into()]);
    model.cluster = Field::Known(Cluster {
        r#type: "kubernetes".into(),
        size: "small".into(),
        domain: Field::Null,
        multitenant: Field::Known(true),
        network_policy: Field::Null,
    });
    model.sops.get_mut().unwrap().secret_name = "keys".into();
    model.kustomize_patches = Field::Known(vec![KustomizePatch {
        patch: "[{op: add, path: /spec/decryption, value: {provider: other}}]".into(),
        target: Field::Null,
    }]);
    let made = instance(&model).unwrap();
    let mut read = FluxInstance::imported("flux-system");
    adopt(&mut read, &made["spec"]);
    assert_eq!(instance(&read).unwrap(), made);
    assert_eq!(read.sops.get().unwrap().secret_name.as_str(), Some("keys"));
    assert_eq!(
        read.sync.get().unwrap().retry_interval.as_str(),
        Some("10s")
    );
    assert!(read.kustomize_patches == model.kustomize_patches);
}
