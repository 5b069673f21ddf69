use std::collections::BTreeMap;

use framework::prelude::*;
use framework::testing::{Change, MiniCore};
use serde_json::{Value, json};

use super::FluxOperatorResource;
use super::model::{FluxOperator, OperatorResources, OperatorSource, Toleration};
use super::plan::{Private, validate};
use super::render::{render, version_of};
use crate::shared::change::text_map;
use crate::shared::fake_api::FakeApi;
use crate::shared::kubernetes::between;
use crate::shared::kubernetes_access::KubernetesAccess;
use crate::shared::packed;
use crate::shared::testing::{data, forgetful, told, told_by};

mod patches;

const MANIFESTS: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: flux-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: flux-operator, namespace: flux-system, creationTimestamp: null}
spec:
  replicas: 1
  selector: {matchLabels: {app.kubernetes.io/name: flux-operator}}
  template:
    metadata: {labels: {app.kubernetes.io/name: flux-operator}, creationTimestamp: null}
    spec:
      containers:
      - name: manager
        image: ghcr.io/controlplaneio-fluxcd/flux-operator:v0.58.1
        env: [{name: RUNTIME_NAMESPACE, value: x}]
status: {replicas: 1}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: admin}
subjects: [{kind: ServiceAccount, name: flux-operator, namespace: flux-system}]
---
apiVersion: v1
kind: Service
metadata: {name: flux-operator, namespace: flux-system}
spec: {selector: {app.kubernetes.io/name: flux-operator}}
"#;

fn config() -> FluxOperator {
    FluxOperator {
        id: Field::Null,
        version: "0.58.1".into(),
        namespace: Field::Null,
        source: Field::Known(OperatorSource {
            oci: Field::Null,
            url: Field::Null,
            path: Field::Null,
            manifests: MANIFESTS.into(),
            digest: Field::Null,
        }),
        adopt: Field::Null,
        wait: Field::Null,
        delete_crds: Field::Null,
        delete_namespace: Field::Null,
        ready: Field::Null,
        ..FluxOperator::imported("flux-system")
    }
}

fn texts<const N: usize>(pairs: [(&str, &str); N]) -> Field<BTreeMap<String, Field<String>>> {
    text_map(
        pairs
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into(),
    )
}

fn rendered(model: &FluxOperator, selector: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let manifests = kubernetes::parse("x", MANIFESTS).unwrap();
    let objects = render(&manifests, model, selector).unwrap().into_iter();
    objects
        .map(|object| (object["kind"].as_str().unwrap().to_owned(), object))
        .collect()
}

#[test]
fn attributes_become_fields_of_the_objects() {
    let model = FluxOperator {
        namespace: "gitops".into(),
        namespace_labels: texts([("a", "b")]),
        replicas: Field::Known(2),
        env: texts([("RUNTIME_NAMESPACE", "y"), ("Z", "1")]),
        resources: Field::Known(OperatorResources {
            requests: texts([("cpu", "1")]),
            limits: Field::Null,
        }),
        tolerations: Field::Known(vec![Toleration {
            key: "k".into(),
            operator: "Exists".into(),
            value: Field::Null,
            effect: Field::Null,
        }]),
        ..config()
    };
    let selector = BTreeMap::from([(
        "app.kubernetes.io/instance".to_owned(),
        "flux-operator".to_owned(),
    )]);
    let objects = rendered(&model, &selector);
    assert_eq!(
        objects["Namespace"]["metadata"],
        json!({"name": "gitops", "labels": {"a": "b"}})
    );
    assert_eq!(
        objects["ClusterRoleBinding"]["subjects"][0]["namespace"],
        "gitops"
    );
    let deployment = &objects["Deployment"];
    assert_eq!(
        deployment["metadata"],
        json!({"name": "flux-operator", "namespace": "gitops"})
    );
    assert!(deployment.get("status").is_none());
    assert_eq!(deployment["spec"]["replicas"], 2);
    let pod = &deployment["spec"]["template"];
    let both = json!({"app.kubernetes.io/name": "flux-operator", "app.kubernetes.io/instance": "flux-operator"});
    assert_eq!(deployment["spec"]["selector"]["matchLabels"], both);
    assert_eq!(pod["metadata"]["labels"], both);
    assert_eq!(objects["Service"]["spec"]["selector"], both);
    assert_eq!(
        pod["spec"]["tolerations"],
        json!([{"key": "k", "operator": "Exists"}])
    );
    let container = &pod["spec"]["containers"][0];
    assert_eq!(
        container["env"],
        json!([{"name": "RUNTIME_NAMESPACE", "value": "y"}, {"name": "Z", "value": "1"}])
    );
    assert_eq!(container["resources"], json!({"requests": {"cpu": "1"}}));
}

#[test]
fn without_attributes_the_manifests_stay_as_they_were_published() {
    let model = FluxOperator {
        namespace: "flux-system".into(),
        ..config()
    };
    let objects = rendered(&model, &BTreeMap::new());
    for published in kubernetes::parse("x", MANIFESTS).unwrap() {
        let kind = published["kind"].as_str().unwrap();
        let mut wanted = published.clone();
        if kind == "Deployment" {
            // What generators leave behind is nobody's to apply.
            wanted.as_object_mut().unwrap().remove("status");
            for at in ["/metadata", "/spec/template/metadata"] {
                let metadata = wanted.pointer_mut(at).unwrap().as_object_mut().unwrap();
                metadata.remove("creationTimestamp");
            }
        }
        assert_eq!(objects[kind], wanted);
    }
}

#[test]
fn versions_are_read_from_images() {
    assert_eq!(version_of("ghcr.io/a/b:v0.58.1").as_deref(), Some("0.58.1"));
    assert_eq!(
        version_of("ghcr.io:5000/a/b:0.58.1@sha256:00").as_deref(),
        Some("0.58.1")
    );
    assert_eq!(version_of("ghcr.io:5000/a/b"), None);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let found = |change: &dyn Fn(&mut FluxOperator)| {
        let mut config = config();
        change(&mut config);
        told_by(validate, &config)
    };
    assert_eq!(found(&|_| ()), "");
    assert!(found(&|config| config.version = "latest".into()).contains("is no version"));
    assert!(found(&|config| config.version = "0.x".into()).contains("is no version"));
    assert!(found(&|config| config.replicas = Field::Known(-1)).contains("replicas is -1"));
    let two = |config: &mut FluxOperator| config.source.get_mut().unwrap().url = "https://x".into();
    assert!(found(&two).contains("more than one source"));
    let damaged =
        |config: &mut FluxOperator| config.source.get_mut().unwrap().manifests = "a: [".into();
    assert!(found(&damaged).contains("TS-K8S-MANIFEST"));
    let digest = |config: &mut FluxOperator| config.source.get_mut().unwrap().digest = "abc".into();
    assert!(found(&digest).contains("no digest"));
}

#[test]
fn changes_are_told_by_object_and_path() {
    let base = FluxOperator {
        namespace: "flux-system".into(),
        ..config()
    };
    let more = FluxOperator {
        replicas: Field::Known(3),
        ..base.clone()
    };
    let list = |model: &FluxOperator| {
        rendered(model, &BTreeMap::new())
            .into_values()
            .collect::<Vec<_>>()
    };
    let changes = between(&list(&base), &list(&more));
    let wanted = BTreeMap::from([(
        "Deployment/flux-system/flux-operator spec.replicas".to_owned(),
        "1 -> 3".to_owned(),
    )]);
    assert_eq!(changes, wanted);
}

/// A state as an apply leaves it.
fn applied(
    core: &MiniCore<crate::provider::TalosStack>,
    private: Private,
) -> framework::testing::Object<FluxOperatorResource> {
    let mut object = core.object::<FluxOperatorResource>();
    let state = FluxOperator {
        source: config().source,
        version: "0.58.1".into(),
        ready: Field::Known(true),
        image: "i".into(),
        installed_version: "0.58.1".into(),
        artifact_digest: "sha256:0".into(),
        inventory: text_map(BTreeMap::new()),
        changes: text_map(BTreeMap::new()),
        ..FluxOperator::imported("flux-system")
    };
    object.assume(&state, &private).unwrap();
    object
}

fn kept() -> Private {
    Private {
        manifests: packed::pack(&kubernetes::parse("x", MANIFESTS).unwrap()),
        ..Private::default()
    }
}

#[tokio::test]
async fn a_plan_shows_the_change_and_another_without_one_shows_nothing() {
    let core = MiniCore::with_data(data());
    let object = applied(&core, kept());
    assert_eq!(
        object.plan_only(Some(&config())).unwrap().change,
        Change::None
    );
    let more = FluxOperator {
        replicas: Field::Known(2),
        ..config()
    };
    let plan = object.plan_only(Some(&more)).unwrap();
    assert_eq!(plan.change, Change::Update);
    let changes = plan.model.unwrap().changes;
    assert_eq!(
        changes,
        texts([(
            "Deployment/flux-system/flux-operator spec.replicas",
            "1 -> 2"
        )])
    );
}

#[tokio::test]
async fn drift_and_unfinished_work_are_planned_and_another_cluster_is_refused() {
    let core = MiniCore::with_data(data());
    let drift = BTreeMap::from([(
        "Deployment/a/b spec.replicas".to_owned(),
        "0 -> 1".to_owned(),
    )]);
    let plan = applied(&core, Private { drift, ..kept() })
        .plan_only(Some(&config()))
        .unwrap();
    assert_eq!(plan.change, Change::Update);
    assert!(
        told(&plan.warnings).contains("TS-K8S-DRIFT"),
        "{}",
        told(&plan.warnings)
    );
    let plan = applied(
        &core,
        Private {
            unfinished: true,
            ..kept()
        },
    )
    .plan_only(Some(&config()))
    .unwrap();
    assert_eq!(plan.change, Change::Update);
    let refused = applied(
        &core,
        Private {
            other: "uid".to_owned(),
            ..kept()
        },
    )
    .plan_only(Some(&config()));
    assert!(told(&refused.err().unwrap()).contains("TS-K8S-OTHER-CLUSTER"));
}

#[tokio::test]
async fn placeholders_are_told_at_plan_and_refused_at_apply() {
    use crate::shared::kubernetes_access::KubernetesAccess;
    let mut access = KubernetesAccess::absent();
    access.kubeconfig = Field::Known(Secret::new("mock".to_owned()));
    let config = FluxOperator {
        kubernetes: Field::Known(access),
        ..config()
    };
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    let plan = object.plan(Some(&config)).await.unwrap();
    assert_eq!(plan.change, Change::Create);
    assert!(
        told(&plan.warnings).contains("TS-PLACEHOLDER"),
        "{}",
        told(&plan.warnings)
    );
    let refused = object.apply_plan(Some(&config), &plan).await;
    assert!(told(&refused.err().unwrap()).contains("TS-PLACEHOLDER"));
    assert!(object.state().is_none());
}

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/flux-system/deployments/flux-operator";
const SERVICE: &str = "/api/v1/namespaces/flux-system/services/flux-operator";
const NAMESPACE: &str = "/api/v1/namespaces/flux-system";
const RELEASE: &str = "/api/v1/namespaces/flux-system/secrets/sh.helm.release.v1.flux-operator.v1";

/// The configuration against a fake API server, and nothing waited for.
fn reaching(api: &FakeApi) -> FluxOperator {
    FluxOperator {
        kubernetes: api.access(),
        adopt: "helm".into(),
        wait: Field::Known(false),
        ..config()
    }
}

/// Puts the operator as a release of Helm leaves it, once we had applied it before.
fn put_release(api: &FakeApi) {
    let release = json!({"meta.helm.sh/release-name": "flux-operator"});
    for object in kubernetes::parse("x", MANIFESTS).unwrap() {
        let mut object = object;
        object["metadata"]["annotations"] = release.clone();
        object["metadata"]["managedFields"] =
            json!([{"manager": kubernetes::MANAGER}, {"manager": "helm"}]);
        match object["kind"].as_str() {
            Some("Deployment") => api.put(DEPLOYMENT, object),
            Some("Service") => api.put(SERVICE, object),
            _ => {}
        }
    }
    api.put(
        RELEASE,
        json!({"metadata": {"namespace": "flux-system", "name": "sh.helm.release.v1.flux-operator.v1", "uid": "one"}}),
    );
}

fn is_marked(api: &FakeApi, path: &str) -> bool {
    !api.at(path).unwrap()["metadata"]["annotations"]["meta.helm.sh/release-name"].is_null()
}

#[tokio::test]
async fn taking_over_from_helm_is_resumed_where_it_was_interrupted() {
    let api = FakeApi::start().await;
    put_release(&api);
    api.refuse(RELEASE);
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    // What ran before is not tainted: the failure is a warning, and the next plan goes on.
    let plan = object.plan(Some(&reaching(&api))).await.unwrap();
    let warned = object.apply_plan(Some(&reaching(&api)), &plan).await;
    assert!(told(&warned.unwrap()).contains("TS-K8S-PERMISSION"));
    assert!(!object.is_tainted());
    assert!(is_marked(&api, DEPLOYMENT) && !is_marked(&api, SERVICE));
    api.refuse("");
    let plan = object.apply(Some(&reaching(&api))).await.unwrap();
    assert_eq!(plan.change, Change::Update);
    assert!(!is_marked(&api, DEPLOYMENT));
    assert_eq!(api.at(RELEASE), None);
}

#[tokio::test]
async fn a_fresh_installation_of_which_nothing_was_written_is_an_error() {
    let api = FakeApi::start().await;
    api.refuse(NAMESPACE);
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    let failed = object.apply(Some(&reaching(&api))).await.err().unwrap();
    assert!(told(&failed).contains("TS-K8S-PERMISSION"));
    assert!(object.state().is_none());
}

#[tokio::test]
async fn a_fresh_installation_that_fails_is_an_error() {
    let api = FakeApi::start().await;
    api.refuse(DEPLOYMENT);
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    let failed = object.apply(Some(&reaching(&api))).await.err().unwrap();
    assert!(told(&failed).contains("TS-K8S-PERMISSION"));
    assert!(object.is_tainted());
}

#[tokio::test]
async fn a_lost_operator_is_made_again_while_an_instance_lives() {
    let api = FakeApi::start().await;
    let instance = "/apis/fluxcd.controlplane.io/v1/namespaces/flux-system/fluxinstances/flux";
    api.put(
        instance,
        json!({"metadata": {"name": "flux", "namespace": "flux-system"}}),
    );
    api.refuse(DEPLOYMENT);
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    let done = object.apply(Some(&reaching(&api))).await.unwrap();
    assert_eq!(done.change, Change::Create);
    assert!(!object.is_tainted());
    // What is destroyed first would be refused because of the instance.
    api.refuse("");
    let done = object.apply(Some(&reaching(&api))).await.unwrap();
    assert_eq!(done.change, Change::Update);
    assert!(api.at(DEPLOYMENT).is_some());
    let plan = object.plan(Some(&reaching(&api))).await.unwrap();
    assert_eq!(plan.change, Change::None);
}

#[tokio::test]
async fn what_others_took_over_is_not_deleted() {
    let api = FakeApi::start().await;
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    let config = FluxOperator {
        delete_namespace: Field::Known(true),
        ..reaching(&api)
    };
    object.apply(Some(&config)).await.unwrap();
    let mark = |path: &str, kind: &str, mark: &str, value: &str| {
        let mut marked = api.at(path).unwrap();
        marked["metadata"][kind][mark] = value.into();
        api.put(path, marked);
    };
    mark(SERVICE, "annotations", "meta.helm.sh/release-name", "a");
    // Flux's own mark, which outlives the instance, does not keep the namespace.
    mark(NAMESPACE, "labels", "fluxcd.controlplane.io/name", "flux");
    let plan = object.plan(None).await.unwrap();
    let warned = told(&object.apply_plan(None, &plan).await.unwrap());
    assert!(
        warned.contains("TS-LEFT-BEHIND")
            && warned.contains("Service/flux-system/flux-operator belongs to the Helm release a"),
        "{warned}"
    );
    assert!(api.at(SERVICE).is_some());
    assert_eq!((api.at(DEPLOYMENT), api.at(NAMESPACE)), (None, None));
}

#[tokio::test]
async fn without_its_deployment_the_rest_is_not_forgotten() {
    let api = FakeApi::start().await;
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    object.apply(Some(&reaching(&api))).await.unwrap();
    api.remove(DEPLOYMENT);
    let plan = object.plan(Some(&reaching(&api))).await.unwrap();
    assert_eq!(plan.change, Change::Update);
    let said = told(&plan.warnings);
    assert!(
        said.contains("Deployment/flux-system/flux-operator: applied -> (absent)"),
        "{said}"
    );
    assert_eq!(object.state().unwrap().ready, Field::Known(false));
    object.apply(None).await.unwrap();
    let binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/admin";
    assert_eq!((api.at(SERVICE), api.at(binding)), (None, None));
    // Where nothing of it is left, it is gone.
    object.apply(Some(&reaching(&api))).await.unwrap();
    for path in [DEPLOYMENT, SERVICE, binding] {
        api.remove(path);
    }
    let plan = object.plan(Some(&reaching(&api))).await.unwrap();
    assert_eq!(plan.change, Change::Create);
}

#[tokio::test]
async fn definitions_are_not_deleted_from_under_what_the_operator_holds() {
    let api = FakeApi::start().await;
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    let config = FluxOperator {
        delete_crds: Field::Known(true),
        ..reaching(&api)
    };
    object.apply(Some(&config)).await.unwrap();
    let held = "/apis/fluxcd.controlplane.io/v1/resourcesets/apps";
    api.put(
        held,
        json!({"metadata": {"name": "apps", "namespace": "a", "finalizers": ["fluxcd.controlplane.io/finalizer"]}}),
    );
    api.writes();
    let refused = told(&object.apply(None).await.err().unwrap());
    assert!(
        refused.contains("TS-K8S-STUCK") && refused.contains("ResourceSet a/apps"),
        "{refused}"
    );
    assert_eq!(api.writes(), Vec::<String>::new());
    api.remove(held);
    object.apply(None).await.unwrap();
    assert_eq!(api.at(DEPLOYMENT), None);
}

/// Destroys an operator that was applied, where what is out of reach may be forgotten; what is told, and whether it is forgotten.
async fn destroyed_through(api: &FakeApi, access: Field<KubernetesAccess>) -> (String, bool) {
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    object.apply(Some(&reaching(api))).await.unwrap();
    let state = FluxOperator {
        kubernetes: access,
        ..object.state().unwrap()
    };
    let private = object.private().unwrap();
    let core = MiniCore::with_data(forgetful(data()));
    let mut object = core.object::<FluxOperatorResource>();
    object.assume(&state, &private).unwrap();
    let plan = object.plan_only(None).unwrap();
    let told = match object.apply_plan(None, &plan).await {
        Ok(warned) => told(&warned),
        Err(failed) => told(&failed),
    };
    (told, object.state().is_none())
}

#[tokio::test]
async fn a_cluster_that_answers_or_was_not_asked_is_not_forgotten() {
    let api = FakeApi::start().await;
    let settings = |change: fn(&mut KubernetesAccess)| {
        let mut access = KubernetesAccess::absent();
        change(&mut access);
        Field::Known(access)
    };
    let kept = [
        (Field::Null, "TS-K8S-SETTINGS"),
        (
            settings(|access| access.kubeconfig_path = "/no/such/file".into()),
            "TS-K8S-KUBECONFIG",
        ),
        (
            settings(|access| access.host = "cluster.invalid".into()),
            "TS-PLACEHOLDER",
        ),
    ];
    for (access, why) in kept {
        let (told, forgotten) = destroyed_through(&api, access).await;
        assert!(told.contains(why) && !forgotten, "{told}");
    }
    let other = FakeApi::start().await;
    other.put(
        "/api/v1/namespaces/kube-system",
        json!({"metadata": {"uid": "another"}}),
    );
    let (told, forgotten) = destroyed_through(&api, other.access()).await;
    assert!(
        told.contains("TS-K8S-OTHER-CLUSTER") && !forgotten,
        "{told}"
    );
    other.forbid("/api/v1/namespaces/kube-system");
    let (told, forgotten) = destroyed_through(&api, other.access()).await;
    assert!(told.contains("TS-K8S-PERMISSION") && !forgotten, "{told}");
    // Nobody listens there.
    let dead = settings(|access| access.host = "http://127.0.0.1:1".into());
    let (told, forgotten) = destroyed_through(&api, dead).await;
    assert!(
        told.contains("TS-LEFT-BEHIND") && told.contains("TS-K8S-UNREACHABLE") && forgotten,
        "{told}"
    );
}
