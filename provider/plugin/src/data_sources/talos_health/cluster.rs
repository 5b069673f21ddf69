//! The level `cluster`: what Talos runs in Kubernetes for everybody, read from the first API server that answers.

use serde_json::Value;
use talos_client::{Cx, health};

use super::verdict::Finding;
use crate::shared::api_server::ApiServer;

/// Name of the check, where the objects are, and the fields that hold the wanted and the ready number.
struct Workload {
    check: &'static str,
    path: &'static str,
    wanted: &'static str,
    ready: &'static str,
}

const WORKLOADS: [Workload; 2] = [
    Workload {
        check: "kube-proxy to report ready",
        path: "/apis/apps/v1/namespaces/kube-system/daemonsets?labelSelector=k8s-app%3Dkube-proxy",
        wanted: "/status/desiredNumberScheduled",
        ready: "/status/numberReady",
    },
    Workload {
        check: "coredns to report ready",
        path: "/apis/apps/v1/namespaces/kube-system/deployments?labelSelector=k8s-app%3Dkube-dns",
        wanted: "/spec/replicas",
        ready: "/status/readyReplicas",
    },
];

/// One finding per workload; where a cluster does not run it, it passes.
pub async fn look(nodes: &[health::Node], cx: &Cx) -> Vec<Finding> {
    let mut answers = vec![None, None];
    for node in nodes.iter().filter(|node| node.control_plane) {
        let Ok(Some(server)) = ApiServer::of(&node.client, cx).await else {
            continue;
        };
        for (answer, workload) in answers.iter_mut().zip(&WORKLOADS) {
            *answer = server.get(workload.path).await;
        }
        if answers.iter().all(Option::is_some) {
            break;
        }
    }
    let findings = WORKLOADS.iter().zip(&answers);
    findings
        .map(|(workload, answer)| finding(workload, answer.as_deref()))
        .collect()
}

fn finding(workload: &Workload, answer: Option<&[u8]>) -> Finding {
    let list = answer.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let failures = match list {
        None => vec![("cluster".to_owned(), "no API server answers".to_owned())],
        Some(list) => short(workload, &list),
    };
    Finding::of(workload.check, failures)
}

/// The objects that have fewer ready than wanted.
fn short(workload: &Workload, list: &Value) -> Vec<(String, String)> {
    let items = list["items"].as_array().map(Vec::as_slice);
    let number = |item: &Value, at: &str| item.pointer(at).and_then(Value::as_u64).unwrap_or(0);
    items
        .unwrap_or_default()
        .iter()
        .filter_map(|item| {
            let (wanted, ready) = (number(item, workload.wanted), number(item, workload.ready));
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            (ready < wanted).then(|| (name.to_owned(), format!("{ready} of {wanted} are ready")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_ready_than_wanted_is_told_by_name() {
        let list = br#"{"items":[{"metadata":{"name":"coredns"},"spec":{"replicas":2},"status":{"readyReplicas":1}}]}"#;
        let found = finding(&WORKLOADS[1], Some(list));
        assert!(!found.ok);
        assert_eq!(found.message, "coredns: 1 of 2 are ready");
    }

    #[test]
    fn what_a_cluster_does_not_run_passes() {
        assert!(finding(&WORKLOADS[0], Some(br#"{"items":[]}"#)).ok);
        assert!(!finding(&WORKLOADS[0], None).ok);
    }
}
