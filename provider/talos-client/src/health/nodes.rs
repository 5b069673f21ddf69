//! Checks of each machine for itself.

use serde_json::Value;

use super::{Check, Node, ask};
use crate::calls::{Resource, kind};
use crate::cx::Cx;
use crate::error::{Code, Error, Result};
use crate::facts::Stage;
use crate::yaml;

/// Least memory: what is demanded less 150 MiB that firmware and kernel may keep (Talos: pkg/cluster/check).
const CONTROL_PLANE_MEMORY: u64 = (1848 - 150) << 20;
const WORKER_MEMORY: u64 = (1024 - 150) << 20;
/// Least size of EPHEMERAL: a disk of 6 GiB less the partitions of boot, STATE and META.
const EPHEMERAL_SIZE: u64 = 3932 << 20;

/// What one machine failed, check by check; `None` is passed.
struct Findings {
    name: String,
    answers: Option<String>,
    memory: Option<String>,
    disk: Option<String>,
    diagnostics: Option<String>,
    kubelet: Option<String>,
    booted: Option<String>,
}

pub(super) async fn look(nodes: &[Node], cx: &Cx) -> Vec<Check> {
    let findings = ask(nodes, |node| {
        let cx = cx.clone();
        async move { examine(&node, &cx).await }
    })
    .await;
    let check = |name, pick: fn(&Findings) -> &Option<String>| {
        let failures = findings
            .iter()
            .filter_map(|found| Some((found.name.clone(), pick(found).clone()?)));
        Check::of(name, failures.collect())
    };
    vec![
        check("apid to be ready", |found| &found.answers),
        check("all nodes memory sizes", |found| &found.memory),
        check("all nodes disk sizes", |found| &found.disk),
        check("no diagnostics", |found| &found.diagnostics),
        check("kubelet to be healthy", |found| &found.kubelet),
        check("all nodes to finish boot sequence", |found| &found.booted),
    ]
}

async fn examine(node: &Node, cx: &Cx) -> Findings {
    let unknown = || Some("not known".to_owned());
    let container = match node.client.version(cx).await {
        Ok(version) => version.mode == "container",
        Err(error) => {
            return Findings {
                name: node.name.clone(),
                answers: Some(short(&error)),
                memory: unknown(),
                disk: unknown(),
                diagnostics: unknown(),
                kubelet: unknown(),
                booted: unknown(),
            };
        }
    };
    let (memory, disk, diagnostics, kubelet, booted) = tokio::join!(
        memory(node, container, cx),
        disk(node, container, cx),
        diagnostics(node, cx),
        kubelet(node, cx),
        booted(node, cx)
    );
    Findings {
        name: node.name.clone(),
        answers: None,
        memory,
        disk,
        diagnostics,
        kubelet,
        booted,
    }
}

/// An error as a few words.
pub(super) fn short(error: &Error) -> String {
    format!("{}: {}", error.code.as_str(), error.seen)
}

/// A check that could not be made is not passed.
fn verdict(result: Result<Option<String>>) -> Option<String> {
    result.unwrap_or_else(|error| Some(short(&error)))
}

async fn memory(node: &Node, container: bool, cx: &Cx) -> Option<String> {
    if container {
        return None;
    }
    let least = if node.control_plane {
        CONTROL_PLANE_MEMORY
    } else {
        WORKER_MEMORY
    };
    verdict(node.client.memory(cx).await.map(|size| {
        (size < least).then(|| {
            format!(
                "{} MiB of memory, at least {} MiB are needed",
                size >> 20,
                least >> 20
            )
        })
    }))
}

async fn disk(node: &Node, container: bool, cx: &Cx) -> Option<String> {
    if container {
        return None;
    }
    match node.client.get(cx, &kind::VOLUME, "EPHEMERAL").await {
        Ok(volume) => {
            let size = volume
                .and_then(|volume| volume.number(&["size"]))
                .unwrap_or_default();
            (size < EPHEMERAL_SIZE).then(|| {
                format!(
                    "EPHEMERAL has {} MiB, at least {} MiB are needed",
                    size >> 20,
                    EPHEMERAL_SIZE >> 20
                )
            })
        }
        Err(error) if error.code == Code::NodeRole => None,
        Err(error) => Some(short(&error)),
    }
}

async fn diagnostics(node: &Node, cx: &Cx) -> Option<String> {
    verdict(node.client.list(cx, &kind::DIAGNOSTIC).await.map(|found| {
        let told: Vec<_> = found
            .iter()
            .map(|found| found.text(&["message"]).unwrap_or_else(|| found.id.clone()))
            .collect();
        (!told.is_empty()).then(|| told.join(", "))
    }))
}

async fn kubelet(node: &Node, cx: &Cx) -> Option<String> {
    service(node, "kubelet", cx).await
}

/// Why a service is not running well.
pub(super) async fn service(node: &Node, id: &str, cx: &Cx) -> Option<String> {
    verdict(node.client.services(cx).await.map(|services| {
        match services.iter().find(|service| service.id == id) {
            None => Some(format!("no service {id}")),
            Some(service) if service.state == "Running" && service.healthy == Some(true) => None,
            Some(service) => Some(format!("{id} is {}: {}", service.state, service.message)),
        }
    }))
}

async fn booted(node: &Node, cx: &Cx) -> Option<String> {
    verdict(
        node.client
            .machine_status(cx)
            .await
            .map(|status| (status.stage != Stage::Running).then(|| status.to_string())),
    )
}

/// The API server, the controller manager and the scheduler of each control plane.
pub(super) async fn static_pods(control_planes: &[Node], cx: &Cx) -> Check {
    let failures = ask(control_planes, |node| {
        let cx = cx.clone();
        async move {
            let why = verdict(
                node.client
                    .list(&cx, &kind::STATIC_POD)
                    .await
                    .map(|pods| missing_pods(&pods)),
            );
            why.map(|why| (node.name, why))
        }
    });
    Check::of(
        "all control plane static pods to be running",
        failures.await.into_iter().flatten().collect(),
    )
}

fn missing_pods(pods: &[Resource]) -> Option<String> {
    let ready = |name: &str| {
        let prefix = format!("kube-system/{name}-");
        pods.iter()
            .any(|pod| pod.id.starts_with(&prefix) && is_ready(pod))
    };
    let missing: Vec<_> = [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]
    .into_iter()
    .filter(|name| !ready(name))
    .collect();
    (!missing.is_empty()).then(|| format!("not ready: {}", missing.join(", ")))
}

fn is_ready(pod: &Resource) -> bool {
    let conditions = yaml::at(&pod.spec, &["conditions"]).and_then(Value::as_array);
    let is =
        |condition: &Value, key, value| yaml::text_at(condition, &[key]).as_deref() == Some(value);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| is(condition, "type", "Ready") && is(condition, "status", "True"))
}
