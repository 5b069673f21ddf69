use framework::prelude::*;
use talos_client::health::{Check, Level};

use super::TalosHealth;
use super::machines::{Unusable, Why, machines};
use super::model::{Health, Machines};
use super::verdict::{self, Beyond, Finding};
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
