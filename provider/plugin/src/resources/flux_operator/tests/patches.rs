//! `patches`, from plan to the API server.

use super::*;
use crate::shared::kustomize_patch::{KustomizePatch, PatchTarget};

fn target(kind: &str) -> Field<PatchTarget> {
    Field::Known(PatchTarget {
        group: Field::Null,
        version: Field::Null,
        kind: kind.into(),
        name: Field::Null,
        namespace: Field::Null,
        label_selector: Field::Null,
        annotation_selector: Field::Null,
    })
}

fn patch(text: &str, target: Field<PatchTarget>) -> KustomizePatch {
    KustomizePatch {
        patch: text.into(),
        target,
    }
}

/// A container beside the operator's, and a priority: a strategic merge that names its object.
const SIDECAR: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: flux-operator}\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n      - {name: sidecar, image: 'example.com/sidecar:v9'}\n      - {name: manager, env: [{name: RUNTIME_NAMESPACE, $patch: delete}, {name: X, value: '1'}]}\n";
/// Operations on the Service.
const ANNOTATED: &str = "[{op: add, path: /metadata/annotations, value: {a: b}}]";
const NO_BINDING: &str = "$patch: delete";

fn with(patches: Vec<KustomizePatch>) -> FluxOperator {
    FluxOperator {
        patches: Field::Known(patches),
        ..config()
    }
}

fn all() -> Vec<KustomizePatch> {
    vec![
        patch(SIDECAR, Field::Null),
        patch(ANNOTATED, target("Service")),
        patch(NO_BINDING, target("ClusterRoleBinding")),
    ]
}

#[test]
fn patches_come_after_all_other_attributes() {
    let model = FluxOperator {
        namespace: "gitops".into(),
        replicas: Field::Known(2),
        env: texts([("X", "0")]),
        ..with(all())
    };
    let objects = rendered(&model, &BTreeMap::new());
    let deployment = &objects["Deployment"];
    assert_eq!(deployment["spec"]["replicas"], 3);
    let containers = &deployment["spec"]["template"]["spec"]["containers"];
    let published = "ghcr.io/controlplaneio-fluxcd/flux-operator:v0.58.1";
    assert_eq!(
        containers,
        &json!([
            {"name": "sidecar", "image": "example.com/sidecar:v9"},
            {"name": "manager", "image": published, "env": [{"name": "X", "value": "1"}]},
        ])
    );
    assert_eq!(objects["Service"]["metadata"]["annotations"]["a"], "b");
    assert!(!objects.contains_key("ClusterRoleBinding"));
    // The operator is known by its own container, wherever a patch put it.
    let image = crate::resources::flux_operator::render::image_of(deployment);
    assert_eq!(image.as_str(), Some(published));
}

#[tokio::test]
async fn a_plan_shows_what_patches_change() {
    let core = MiniCore::with_data(data());
    let plan = applied(&core, kept())
        .plan_only(Some(&with(all())))
        .unwrap();
    assert_eq!(plan.change, Change::Update);
    let changes = plan.model.unwrap().changes;
    let changes = changes.get().unwrap();
    let of = |path: &str| changes[path].text().to_owned();
    let deployment = "Deployment/flux-system/flux-operator spec";
    assert_eq!(of(&format!("{deployment}.replicas")), "1 -> 3");
    assert!(of(&format!("{deployment}.template.spec.containers[sidecar]")).contains("sidecar:v9"));
    assert_eq!(of("ClusterRoleBinding/admin"), "applied -> (absent)");
    assert!(of("Service/flux-system/flux-operator metadata.annotations").contains("\"a\":\"b\""));
}

/// What a plan for a fresh installation says is wrong.
fn refused(config: &FluxOperator) -> Diagnostics {
    let core = MiniCore::with_data(data());
    let object = core.object::<FluxOperatorResource>();
    let planned = object.plan_only(Some(config));
    planned.err().unwrap_or_default()
}

#[tokio::test]
async fn a_patch_that_does_not_fit_is_refused_at_plan_by_its_place() {
    let good = patch(ANNOTATED, target("Service"));
    let cases = [
        (patch(NO_BINDING, target("DaemonSet")), "matches nothing"),
        (
            patch(NO_BINDING, target("Deployment")),
            "takes the Deployment of the operator away",
        ),
        (
            patch("[{op: remove, path: /spec/nothing}]", target("Service")),
            "operation 0, remove /spec/nothing",
        ),
        (
            patch("[{op: remove, path: /spec}]", Field::Null),
            "without a target",
        ),
        (patch("a: [", target("Service")), "is no YAML"),
    ];
    for (bad, part) in cases {
        let found = refused(&with(vec![good.clone(), bad]));
        let said = told(&found);
        assert!(
            said.contains("TS-PATCH-REFUSED")
                && said.contains("patches[1]")
                && said.contains(part)
                && said.contains("Cure: "),
            "{part}: {said}"
        );
        let path = found.iter().next().unwrap().path.clone().unwrap();
        assert_eq!(path.to_string(), "patches[1]");
    }
    // An installation that is there is judged by the manifests that state keeps.
    let core = MiniCore::with_data(data());
    let mut config = with(vec![patch(NO_BINDING, target("Pod"))]);
    config.source = config.source.map(|source| OperatorSource {
        oci: "oci://example.com/a".into(),
        manifests: Field::Null,
        ..source
    });
    let mut object = applied(&core, kept());
    let state = FluxOperator {
        source: config.source.clone(),
        ..object.state().unwrap()
    };
    object.assume(&state, &kept()).unwrap();
    let found = object.plan_only(Some(&config)).err().unwrap();
    assert!(
        told(&found).contains("patches[0] matches nothing"),
        "{}",
        told(&found)
    );
}

#[tokio::test]
async fn a_patch_that_is_not_known_yet_leaves_the_changes_open() {
    let core = MiniCore::with_data(data());
    let config = with(vec![KustomizePatch {
        patch: Field::Unknown,
        target: target("Service"),
    }]);
    let plan = applied(&core, kept()).plan_only(Some(&config)).unwrap();
    assert!(plan.model.unwrap().changes.is_unknown());
    let found = refused(&FluxOperator {
        patches: Field::Unknown,
        ..config
    });
    assert!(found.is_empty(), "{}", told(&found));
}

#[tokio::test]
async fn what_is_planned_is_applied_and_nothing_is_left_to_do() {
    let api = FakeApi::start().await;
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxOperatorResource>();
    object.apply(Some(&reaching(&api))).await.unwrap();
    let patched = FluxOperator {
        patches: Field::Known(all()),
        ..reaching(&api)
    };
    object.apply(Some(&patched)).await.unwrap();
    assert_eq!(api.at(DEPLOYMENT).unwrap()["spec"]["replicas"], 3);
    assert_eq!(
        api.at(SERVICE).unwrap()["metadata"]["annotations"]["a"],
        "b"
    );
    let binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/admin";
    assert_eq!(api.at(binding), None);
    let state = object.state().unwrap();
    assert_eq!(state.installed_version.as_str(), Some("0.58.1"));
    let plan = object.plan(Some(&patched)).await.unwrap();
    assert_eq!(plan.change, Change::None, "{}", told(&plan.warnings));
    // Without the patch the object is back.
    object.apply(Some(&reaching(&api))).await.unwrap();
    assert!(api.at(binding).is_some());
}

#[tokio::test]
async fn placeholders_are_told_at_plan_and_refused_before_anything_is_dialled() {
    type Change = fn(&mut FluxOperator);
    let cases: [(&str, Change); 4] = [
        ("version", |config| config.version = "mock".into()),
        ("source", |config| {
            config.source.get_mut().unwrap().manifests = "mock".into();
        }),
        ("source", |config| {
            config.source.get_mut().unwrap().digest = "mock".into();
        }),
        ("patches", |config| {
            config.patches = Field::Known(vec![patch("mock", Field::Null)]);
        }),
    ];
    for (attribute, change) in cases {
        let api = FakeApi::start().await;
        let mut config = reaching(&api);
        change(&mut config);
        let core = MiniCore::with_data(data());
        let mut object = core.object::<FluxOperatorResource>();
        let plan = object.plan(Some(&config)).await.unwrap();
        let said = told(&plan.warnings);
        assert!(
            said.contains(&format!("a placeholder in {attribute}")),
            "{said}"
        );
        let refused = object.apply_plan(Some(&config), &plan).await;
        assert!(told(&refused.err().unwrap()).contains("TS-PLACEHOLDER"));
        assert_eq!(api.writes(), Vec::<String>::new());
    }
}
