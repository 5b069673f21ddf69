//! The level `kubernetes`: what each machine has read about itself from the API server. The default: [`super::api`] asks with
//! credentials of the configuration.
//!
//! Talos keeps a node's own status as the resource `NodeStatuses.kubernetes.talos.dev` in namespace `k8s` of every
//! machine (machinery, `resources/k8s/node_status.go`), so that no Kubernetes client is needed.

use futures::future::join_all;
use talos_client::{Cx, Kind, Resource, health};

use super::verdict::Finding;

const NODE_STATUS: Kind = Kind {
    namespace: "k8s",
    resource_type: "NodeStatuses.kubernetes.talos.dev",
};

/// What one machine says of its node.
pub(super) struct Registration {
    /// Name of the machine.
    pub machine: String,
    /// Its node, or why nobody can say.
    pub status: Result<Status, String>,
}

pub(super) enum Status {
    /// The API server knows no such node, or the machine could not ask it.
    Absent,
    /// As registered.
    Node { ready: bool, unschedulable: bool },
}

const REPORT: &str = "all k8s nodes to report";

/// The checks where nobody answered.
pub(super) fn unanswered(whom: &str, why: &str) -> Vec<Finding> {
    let mut all = findings(&[]);
    if let Some(first) = all.first_mut() {
        *first = Finding::of(REPORT, vec![(whom.to_owned(), why.to_owned())]);
    }
    all
}

/// Asks all machines at once.
pub async fn look(nodes: &[health::Node], cx: &Cx) -> Vec<Finding> {
    let ask = |node: &health::Node| {
        let (client, cx, machine) = (node.client.clone(), cx.clone(), node.name.clone());
        async move {
            let status = client.list(&cx, &NODE_STATUS).await;
            Registration {
                machine,
                status: status
                    .map(|list| read(&list))
                    .map_err(|error| error.summary()),
            }
        }
    };
    findings(&join_all(nodes.iter().map(ask)).await)
}

fn read(list: &[Resource]) -> Status {
    let Some(resource) = list.first() else {
        return Status::Absent;
    };
    let flag =
        |name: &str| resource.spec.get(name).and_then(serde_json::Value::as_bool) == Some(true);
    Status::Node {
        ready: flag("nodeReady"),
        unschedulable: flag("unschedulable"),
    }
}

/// Three checks; a machine that fails an earlier one is not repeated in the later ones.
pub(super) fn findings(registrations: &[Registration]) -> Vec<Finding> {
    let failing =
        |why: &dyn Fn(&Result<Status, String>) -> Option<String>| -> Vec<(String, String)> {
            registrations
                .iter()
                .filter_map(|entry| Some((entry.machine.clone(), why(&entry.status)?)))
                .collect()
        };
    vec![
        Finding::of(
            REPORT,
            failing(&|status| match status {
                Err(reason) => Some(reason.clone()),
                Ok(Status::Absent) => Some("not registered with the API server".to_owned()),
                Ok(Status::Node { .. }) => None,
            }),
        ),
        Finding::of(
            "all k8s nodes to report ready",
            failing(&|status| match status {
                Ok(Status::Node { ready: false, .. }) => Some("not ready".to_owned()),
                _ => None,
            }),
        ),
        Finding::of(
            "all k8s nodes to report schedulable",
            failing(&|status| match status {
                Ok(Status::Node {
                    unschedulable: true,
                    ..
                }) => Some("cordoned".to_owned()),
                _ => None,
            }),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(name: &str, status: Result<Status, String>) -> Registration {
        Registration {
            machine: name.to_owned(),
            status,
        }
    }

    #[test]
    fn each_fault_is_in_one_check_by_machine() {
        let found = findings(&[
            machine(
                "a",
                Ok(Status::Node {
                    ready: true,
                    unschedulable: false,
                }),
            ),
            machine("b", Ok(Status::Absent)),
            machine(
                "c",
                Ok(Status::Node {
                    ready: false,
                    unschedulable: false,
                }),
            ),
            machine(
                "d",
                Ok(Status::Node {
                    ready: true,
                    unschedulable: true,
                }),
            ),
            machine("e", Err("TS-NODE-UNREACHABLE".to_owned())),
        ]);
        let nodes: Vec<_> = found.iter().map(|finding| finding.nodes.clone()).collect();
        assert_eq!(nodes, [vec!["b", "e"], vec!["c"], vec!["d"]]);
        assert!(found.iter().all(|finding| !finding.ok));
    }

    #[test]
    fn a_cluster_that_is_well_passes() {
        let found = findings(&[machine(
            "a",
            Ok(Status::Node {
                ready: true,
                unschedulable: false,
            }),
        )]);
        assert!(
            found
                .iter()
                .all(|finding| finding.ok && finding.message == "OK")
        );
    }
}
