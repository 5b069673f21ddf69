use std::time::Duration;

use framework::prelude::*;
use serde_json::json;
use talos_client::health::{self, Check, Level};
use talos_client::{Client, Endpoint};

use super::TalosHealth;
use super::api;
use super::cluster;
use super::machines::{Unusable, Why, machines};
use super::model::{Health, Machines};
use super::verdict::{self, Beyond, Finding};
use crate::shared::fake_api::FakeApi;
use crate::shared::kubernetes_access::KubernetesAccess;
use crate::shared::stand_in;
use crate::shared::testing::{core, data, told};

fn model(control_planes: &[(&str, &str)]) -> Health {
    let group: Machines = control_planes
        .iter()
        .map(|&(name, address)| (name.to_owned(), Field::Known(vec![address.into()])))
        .collect();
    Health {
        control_planes: Field::Known(group),
        workers: Field::Null,
        client_configuration: Field::Known(stand_in::credentials().into()),
        kubernetes: Field::Null,
        level: Field::Null,
        require: Field::Null,
        timeouts: Field::Null,
        healthy: Field::Null,
        checks: Field::Null,
    }
}

fn unusable(model: &Health) -> Vec<(String, String)> {
    let found: Vec<Unusable> = machines(&data(), model).err().unwrap_or_default();
    found
        .into_iter()
        .map(|machine| (machine.name, machine.why.reason))
        .collect()
}

#[test]
fn placeholders_are_not_called() {
    let found = unusable(&model(&[("cp01", "cp01.invalid"), ("cp02", "10.0.0.2")]));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].0, "all machines");
    assert!(
        found[0].1.contains("`client_configuration`"),
        "{}",
        found[0].1
    );
    assert_eq!(found[1].0, "cp01");
    assert!(found[1].1.contains("`endpoints`"), "{}", found[1].1);
}

#[test]
fn a_cluster_without_machines_is_not_healthy() {
    assert_eq!(unusable(&model(&[])).len(), 1);
}

#[test]
fn unusable_inputs_are_a_check_that_fails() {
    let mut model = model(&[]);
    let finding = Finding::unusable(vec![Unusable {
        name: "cp01".to_owned(),
        why: Why {
            reason: "is a placeholder".to_owned(),
            placeholder: true,
        },
    }]);
    let wrong = verdict::describe(&mut model, vec![finding]).unwrap();
    assert!(wrong.contains("cp01: is a placeholder"), "{wrong}");
    assert_eq!(model.healthy, Field::Known(false));
    let check = &model.checks.get().unwrap()["inputs to be usable"];
    assert_eq!(check.nodes.all_known().unwrap(), ["cp01"]);
}

#[test]
fn all_checks_passed_is_healthy() {
    let check = |ok| Check {
        name: "etcd to be healthy",
        ok,
        message: "OK".to_owned(),
        nodes: Vec::new(),
    };
    let mut healthy = model(&[]);
    assert!(verdict::describe(&mut healthy, vec![check(true).into()]).is_none());
    assert_eq!(healthy.healthy, Field::Known(true));
    assert!(
        verdict::describe(&mut healthy, vec![check(true).into(), check(false).into()]).is_some()
    );
}

#[test]
fn levels_include_those_before() {
    assert_eq!(verdict::level(Some("node")), (Level::Node, Beyond::Talos));
    assert_eq!(
        verdict::level(Some("control_plane")),
        (Level::ControlPlane, Beyond::Talos)
    );
    assert_eq!(
        verdict::level(Some("kubernetes")),
        (Level::ControlPlane, Beyond::Kubernetes)
    );
    assert_eq!(verdict::level(None), (Level::ControlPlane, Beyond::Cluster));
}

#[tokio::test]
async fn placeholders_warn_even_where_health_is_required() {
    let mut config = model(&[("cp01", "10.0.0.1")]);
    let read = core("").read::<TalosHealth>(&config).await.unwrap();
    assert_eq!(read.value.healthy, Field::Known(false));
    assert!(
        told(&read.warnings).contains("TS-CLUSTER-UNHEALTHY: c1"),
        "{}",
        told(&read.warnings)
    );
    config.require = Field::Known(true);
    let read = core("").read::<TalosHealth>(&config).await.unwrap();
    assert_eq!(read.value.healthy, Field::Known(false));
    assert!(
        told(&read.warnings).contains("`client_configuration` is a placeholder"),
        "{}",
        told(&read.warnings)
    );
}

/// An API server with a cluster of two: the first is well, the second cordoned and not ready, and of CoreDNS half is there.
async fn cluster() -> FakeApi {
    let api = FakeApi::start().await;
    let node = |name: &str, address: &str, ready: &str, unschedulable: bool| {
        let path = format!("/api/v1/nodes/{name}");
        let node = json!({"metadata": {"name": name}, "spec": {"unschedulable": unschedulable}, "status": {
            "addresses": [{"type": "InternalIP", "address": address}],
            "conditions": [{"type": "Ready", "status": ready}]}});
        api.put(&path, node);
    };
    node("one", "127.0.0.1", "True", false);
    node("two", "127.0.0.2", "False", true);
    api.put(
        "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
        json!({"metadata": {"name": "coredns"}, "spec": {"replicas": 2}, "status": {"readyReplicas": 1}}),
    );
    api
}

/// What the Kubernetes API says of machines that do not answer themselves: name, whether it passed, and on which machines not.
async fn asked(api: &FakeApi) -> Vec<(String, bool, Vec<String>, String)> {
    let model = Health {
        kubernetes: api.access(),
        ..model(&[])
    };
    let calls = kubernetes::Cx::new(Duration::from_secs(5));
    let access = api::api(&data(), &model, &calls).await;
    let access = access.ok().flatten().unwrap();
    let machine = |name: &str, address: &str| health::Node {
        name: name.to_owned(),
        // Nobody listens there.
        client: Client::builder(vec![Endpoint::parse("127.0.0.1:1").unwrap()])
            .build()
            .unwrap(),
        control_plane: true,
        addresses: vec![address.to_owned()],
    };
    let machines = [
        machine("a", "127.0.0.1"),
        machine("b", "127.0.0.2"),
        machine("c", "127.0.0.3"),
    ];
    let cx = talos_client::Cx::new(Duration::from_millis(300));
    let mut found = api::look(&access, &machines, &cx).await;
    found.extend(cluster::look_with(&access).await);
    let found = found.into_iter();
    found
        .map(|finding| (finding.name, finding.ok, finding.nodes, finding.message))
        .collect()
}

#[tokio::test]
async fn with_credentials_of_its_own_the_kubernetes_api_is_asked() {
    let found = asked(&cluster().await).await;
    let told: Vec<_> = found
        .iter()
        .map(|(name, ok, nodes, _)| (name.as_str(), *ok, nodes.join(" ")))
        .collect();
    let wanted = [
        ("all k8s nodes to report", false, "c"),
        ("all k8s nodes to report ready", false, "b"),
        ("all k8s nodes to report schedulable", false, "b"),
        ("kube-proxy to report ready", true, ""),
        ("coredns to report ready", false, "coredns"),
    ];
    let wanted = wanted.map(|(name, ok, nodes)| (name, ok, nodes.to_owned()));
    assert_eq!(told, wanted);
    assert!(found[0].3.contains("TS-NODE-"), "{}", found[0].3);
}

#[tokio::test]
async fn an_api_that_says_no_is_a_check_that_fails_with_the_reason() {
    let api = cluster().await;
    api.forbid("/api/v1/nodes");
    let found = asked(&api).await;
    let (_, ok, nodes, message) = &found[0];
    assert!(!ok && nodes == &["kubernetes"]);
    assert!(message.contains("TS-K8S-PERMISSION"), "{message}");
}

#[tokio::test]
async fn placeholder_credentials_count_at_the_levels_that_use_them() {
    let mut access = KubernetesAccess::absent();
    access.kubeconfig = Field::Known(Secret::new("mock".to_owned()));
    for (level, counts) in [("cluster", true), ("kubernetes", true), ("node", false)] {
        let config = Health {
            kubernetes: Field::Known(access.clone()),
            level: level.into(),
            require: Field::Known(true),
            ..model(&[("cp01", "mock")])
        };
        let read = core("").read::<TalosHealth>(&config).await.unwrap();
        let said = told(&read.warnings);
        assert_eq!(
            said.contains("`kubernetes.kubeconfig` is a placeholder"),
            counts,
            "{said}"
        );
        assert_eq!(read.value.healthy, Field::Known(false));
    }
}
