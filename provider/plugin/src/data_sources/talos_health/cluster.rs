//! The level `cluster`: what Talos runs in Kubernetes for everybody, read from the first API server that answers, or with the
//! credentials of the configuration.

use futures::future::join_all;
use kubernetes::Id;
use serde_json::Value;
use talos_client::{Cx, health};

use super::api::{Api, told};
use super::verdict::Finding;
use crate::shared::api_server::ApiServer;

/// Name of the check, what the objects are and how they are chosen, and the fields that hold the wanted and the ready number.
struct Workload {
    check: &'static str,
    kind: &'static str,
    plural: &'static str,
    label: (&'static str, &'static str),
    wanted: &'static str,
    ready: &'static str,
}

const WORKLOADS: [Workload; 2] = [
    Workload {
        check: "kube-proxy to report ready",
        kind: "DaemonSet",
        plural: "daemonsets",
        label: ("k8s-app", "kube-proxy"),
        wanted: "/status/desiredNumberScheduled",
        ready: "/status/numberReady",
    },
    Workload {
        check: "coredns to report ready",
        kind: "Deployment",
        plural: "deployments",
        label: ("k8s-app", "kube-dns"),
        wanted: "/spec/replicas",
        ready: "/status/readyReplicas",
    },
];

impl Workload {
    fn path(&self) -> String {
        let (label, value) = self.label;
        format!(
            "/apis/apps/v1/namespaces/kube-system/{}?labelSelector={label}%3D{value}",
            self.plural
        )
    }
}

/// One finding per workload; where a cluster does not run it, it passes.
pub async fn look(nodes: &[health::Node], cx: &Cx) -> Vec<Finding> {
    let mut answers = vec![None, None];
    for node in nodes.iter().filter(|node| node.control_plane) {
        let Ok(Some(server)) = ApiServer::of(&node.client, cx).await else {
            continue;
        };
        for (answer, workload) in answers.iter_mut().zip(&WORKLOADS) {
            *answer = server.get(&workload.path()).await;
        }
        if answers.iter().all(Option::is_some) {
            break;
        }
    }
    let findings = WORKLOADS.iter().zip(&answers);
    findings
        .map(|(workload, answer)| finding(workload, items(answer.as_deref())))
        .collect()
}

/// The same with the credentials of the configuration.
pub async fn look_with(api: &Api) -> Vec<Finding> {
    let look = |workload: &'static Workload| async move {
        let kind = Id::new("apps/v1", workload.kind, "kube-system", "");
        let (label, value) = workload.label;
        let selector = format!("{label}={value}");
        let list = api.client.list(&api.calls, &kind, &selector).await;
        finding(workload, list.map_err(|error| told(&error)))
    };
    join_all(WORKLOADS.iter().map(look)).await
}

fn items(answer: Option<&[u8]>) -> Result<Vec<Value>, String> {
    let list = answer.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let mut list = list.ok_or("no API server answers")?;
    match list["items"].take() {
        Value::Array(items) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

fn finding(workload: &Workload, items: Result<Vec<Value>, String>) -> Finding {
    let failures = match items {
        Err(why) => vec![("cluster".to_owned(), why)],
        Ok(items) => short(workload, &items),
    };
    Finding::of(workload.check, failures)
}

/// The objects that have fewer ready than wanted.
fn short(workload: &Workload, items: &[Value]) -> Vec<(String, String)> {
    let number = |item: &Value, at: &str| item.pointer(at).and_then(Value::as_u64).unwrap_or(0);
    items
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
        let found = finding(&WORKLOADS[1], items(Some(list)));
        assert!(!found.ok);
        assert_eq!(found.message, "coredns: 1 of 2 are ready");
    }

    #[test]
    fn what_a_cluster_does_not_run_passes() {
        assert!(finding(&WORKLOADS[0], items(Some(br#"{"items":[]}"#))).ok);
        assert!(!finding(&WORKLOADS[0], items(None)).ok);
    }

    #[test]
    fn an_api_server_is_asked_by_label() {
        assert_eq!(
            WORKLOADS[0].path(),
            "/apis/apps/v1/namespaces/kube-system/daemonsets?labelSelector=k8s-app%3Dkube-proxy"
        );
    }
}
