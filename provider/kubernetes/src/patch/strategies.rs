//! How Kubernetes merges the lists of its own kinds: a table.
//!
//! Source: `patchStrategy` and `patchMergeKey` of the types in k8s.io/api (core/v1, apps/v1, batch/v1, admissionregistration/v1) and
//! k8s.io/apimachinery (meta/v1), which the API server publishes as `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`
//! in its OpenAPI document. A list that is not here is replaced as a whole.

use serde_json::Value;

/// How a list takes up another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Items are objects, known by this member.
    ByKey(&'static str),
    /// Items are values, each there once.
    AsSet,
}

use Strategy::{AsSet, ByKey};

/// Lists of every kind.
const ALL: &[(&str, Strategy)] = &[
    ("metadata.finalizers", AsSet),
    ("metadata.ownerReferences", ByKey("uid")),
];

/// Lists of a pod, and of what pods are made from. Containers of each sort are alike.
const POD: &[(&str, Strategy)] = &[
    ("metadata.finalizers", AsSet),
    ("metadata.ownerReferences", ByKey("uid")),
    ("spec.containers", ByKey("name")),
    ("spec.containers.env", ByKey("name")),
    ("spec.containers.ports", ByKey("containerPort")),
    ("spec.containers.volumeDevices", ByKey("devicePath")),
    ("spec.containers.volumeMounts", ByKey("mountPath")),
    ("spec.hostAliases", ByKey("ip")),
    ("spec.imagePullSecrets", ByKey("name")),
    ("spec.resourceClaims", ByKey("name")),
    ("spec.schedulingGates", ByKey("name")),
    ("spec.topologySpreadConstraints", ByKey("topologyKey")),
    ("spec.volumes", ByKey("name")),
];

/// Lists of other kinds.
const OTHERS: &[(&str, &str, Strategy)] = &[
    ("Service", "spec.ports", ByKey("port")),
    ("ServiceAccount", "secrets", ByKey("name")),
    ("MutatingWebhookConfiguration", "webhooks", ByKey("name")),
    ("ValidatingWebhookConfiguration", "webhooks", ByKey("name")),
];

/// Where a kind holds a pod; `None` where it holds none.
fn pod_in(kind: &str) -> Option<&'static str> {
    match kind {
        "Pod" => Some(""),
        "Deployment"
        | "ReplicaSet"
        | "DaemonSet"
        | "StatefulSet"
        | "Job"
        | "ReplicationController" => Some("spec.template."),
        "CronJob" => Some("spec.jobTemplate.spec.template."),
        _ => None,
    }
}

/// The strategies of one kind.
pub struct Strategies {
    kind: String,
    /// Kinds that others defined have none.
    own: bool,
}

impl Strategies {
    /// Those of the kind of an object.
    pub fn of(object: &Value) -> Self {
        let text = |name: &str| object[name].as_str().unwrap_or_default();
        let group = text("apiVersion")
            .split_once('/')
            .map_or("", |(group, _)| group);
        Self {
            kind: text("kind").to_owned(),
            own: !group.contains('.') || group.ends_with(".k8s.io"),
        }
    }

    /// How the list at a path is merged; names are joined by dots, items have none. `None`: it is replaced.
    pub fn at(&self, path: &str) -> Option<Strategy> {
        if !self.own {
            return None;
        }
        if let Some(inside) = pod_in(&self.kind).and_then(|pod| path.strip_prefix(pod)) {
            let inside = inside
                .replace("spec.initContainers", "spec.containers")
                .replace("spec.ephemeralContainers", "spec.containers");
            if let Some(strategy) = find(POD, &inside) {
                return Some(strategy);
            }
        }
        let others = OTHERS
            .iter()
            .find(|(kind, at, _)| *kind == self.kind && *at == path);
        others
            .map(|(_, _, strategy)| *strategy)
            .or_else(|| find(ALL, path))
    }
}

fn find(table: &[(&str, Strategy)], path: &str) -> Option<Strategy> {
    let found = table.iter().find(|(at, _)| *at == path)?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_pods_are_found_wherever_a_kind_holds_them() {
        let at = |api_version: &str, kind: &str, path: &str| {
            Strategies::of(&json!({"apiVersion": api_version, "kind": kind})).at(path)
        };
        let env = Some(ByKey("name"));
        let deployed = "spec.template.spec.containers.env";
        assert_eq!(at("v1", "Pod", "spec.initContainers.env"), env);
        assert_eq!(at("apps/v1", "Deployment", deployed), env);
        assert_eq!(
            at(
                "batch/v1",
                "CronJob",
                "spec.jobTemplate.spec.template.spec.volumes"
            ),
            Some(ByKey("name"))
        );
        assert_eq!(
            at("apps/v1", "Deployment", "spec.template.spec.tolerations"),
            None
        );
        assert_eq!(at("v1", "Service", "spec.ports"), Some(ByKey("port")));
        assert_eq!(at("v1", "Service", "metadata.finalizers"), Some(AsSet));
        assert_eq!(at("example.com/v1", "Deployment", deployed), None);
        assert_eq!(
            at("rbac.authorization.k8s.io/v1", "ClusterRole", "rules"),
            None
        );
    }
}
