//! Nodes: what the kubelet and Talos write about a machine.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::client::Api;
use super::moment;
use super::settings::NodeSettings;

/// A node as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub name: String,
    pub uuid: String,
    pub addresses: Vec<IpAddr>,
    pub settings: NodeSettings,
    /// Whether its pods have a network.
    pub network: bool,
}

/// Which labels, annotations and taints Talos set (reference: `pkg/machinery/constants` of Talos).
const OWNED: [&str; 3] = [
    "talos.dev/owned-labels",
    "talos.dev/owned-annotations",
    "talos.dev/owned-taints",
];

impl Node {
    /// Registers the node, or brings it in line with the configuration.
    ///
    /// # Errors
    /// The API server refuses.
    pub(super) async fn apply(&self, api: &Api) -> Result<(), String> {
        let path = format!("/api/v1/nodes/{}", self.name);
        let found = api.send("GET", &path, "application/json", None).await?;
        let live = match found.status {
            404 => {
                let new = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": self.name, "labels": self.fixed_labels() } });
                api.send("POST", "/api/v1/nodes", "application/json", Some(&new))
                    .await?
                    .good()?
            }
            _ => found.good()?,
        };
        if let Some(patch) = self.patch(&live) {
            api.merge(&path, &patch).await?;
        }
        let status = self.status(&live);
        if live["status"]["conditions"] != status["conditions"]
            || live["status"]["addresses"] != status["addresses"]
            || live["status"]["nodeInfo"]["kubeletVersion"] != status["nodeInfo"]["kubeletVersion"]
        {
            api.merge(&format!("{path}/status"), &json!({ "status": status }))
                .await?;
        }
        Ok(())
    }

    /// Tells that the kubelet is alive.
    ///
    /// # Errors
    /// The API server refuses.
    pub(super) async fn renew(&self, api: &Api) -> Result<(), String> {
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        let spec = json!({ "holderIdentity": self.name, "leaseDurationSeconds": 40, "renewTime": moment::now_micro() });
        let path = format!("{leases}/{}", self.name);
        let answer = api
            .send(
                "PATCH",
                &path,
                "application/merge-patch+json",
                Some(&json!({ "spec": spec })),
            )
            .await?;
        if answer.status != 404 {
            return answer.good().map(drop);
        }
        let lease = json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": self.name, "namespace": "kube-node-lease" }, "spec": spec });
        api.create(leases, &lease).await
    }

    fn fixed_labels(&self) -> BTreeMap<String, String> {
        let labels = [
            ("beta.kubernetes.io/arch", "amd64"),
            ("beta.kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/hostname", self.name.as_str()),
            ("kubernetes.io/os", "linux"),
        ];
        labels
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// What differs from the configuration; none where nothing does. What others set stays.
    fn patch(&self, live: &Value) -> Option<Value> {
        let taints = owned_taints(&self.settings);
        let keys: Vec<String> = taints
            .iter()
            .map(|taint| taint["key"].as_str().unwrap_or_default().to_owned())
            .collect();
        let mut labels = changes(live, "labels", OWNED[0], &self.settings.labels);
        let mut annotations = changes(live, "annotations", OWNED[1], &self.settings.annotations);
        for (name, value) in self.fixed_labels() {
            if live["metadata"]["labels"][&name] != value {
                labels.insert(name, value.into());
            }
        }
        let owned = [
            (OWNED[0], names(self.settings.labels.keys())),
            (OWNED[1], names(self.settings.annotations.keys())),
            (OWNED[2], names(keys.iter())),
        ];
        let before = listed(live, OWNED[2]);
        for (annotation, value) in owned {
            if live["metadata"]["annotations"][annotation]
                .as_str()
                .unwrap_or("[]")
                != value
            {
                annotations.insert(annotation.to_owned(), value.into());
            }
        }
        let foreign = live["spec"]["taints"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|taint| {
                let key = taint["key"].as_str().unwrap_or_default();
                !before.iter().any(|own| own == key) && !keys.iter().any(|own| own == key)
            });
        let wanted: Vec<Value> = foreign.cloned().chain(taints).collect();
        let mut patch = Map::new();
        if !labels.is_empty() || !annotations.is_empty() {
            patch.insert(
                "metadata".to_owned(),
                json!({ "labels": labels, "annotations": annotations }),
            );
        }
        let same = live["spec"]["taints"]
            .as_array()
            .map_or(wanted.is_empty(), |live| same_taints(live, &wanted));
        if !same {
            patch.insert("spec".to_owned(), json!({ "taints": wanted }));
        }
        (!patch.is_empty()).then_some(Value::Object(patch))
    }

    /// Internal addresses: one of each family, out of the subnets that the configuration allows.
    pub(super) fn internal(&self) -> Vec<IpAddr> {
        let allowed = |address: &&IpAddr| {
            let subnets = &self.settings.valid_subnets;
            subnets.is_empty() || subnets.iter().any(|subnet| contains(subnet, **address))
        };
        let first = |wide: bool| {
            self.addresses
                .iter()
                .filter(allowed)
                .find(|address| address.is_ipv6() == wide)
        };
        let mut found: Vec<IpAddr> = [first(false), first(true)]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        // The family that was named first comes first.
        found.sort_by_key(|address| self.addresses.iter().position(|own| own == address));
        found
    }

    fn status(&self, live: &Value) -> Value {
        let internal = self.internal();
        let mut addresses: Vec<Value> = internal
            .iter()
            .map(|address| json!({ "type": "InternalIP", "address": address }))
            .collect();
        addresses.push(json!({ "type": "Hostname", "address": self.name }));
        let ready = match self.network {
            true => ("True", "KubeletReady", "kubelet is posting ready status"),
            false => (
                "False",
                "KubeletNotReady",
                "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
            ),
        };
        let conditions = [
            (
                "MemoryPressure",
                (
                    "False",
                    "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available",
                ),
            ),
            (
                "DiskPressure",
                (
                    "False",
                    "KubeletHasNoDiskPressure",
                    "kubelet has no disk pressure",
                ),
            ),
            (
                "PIDPressure",
                (
                    "False",
                    "KubeletHasSufficientPID",
                    "kubelet has sufficient PID available",
                ),
            ),
            ("Ready", ready),
        ];
        let resources =
            json!({ "cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "64Gi" });
        json!({
            "addresses": addresses,
            "allocatable": resources,
            "capacity": resources,
            "conditions": conditions.map(|(name, state)| condition(live, name, state)),
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": self.uuid,
                "containerRuntimeVersion": "containerd://2.1.6",
                "kernelVersion": "6.12.0-talos",
                "kubeProxyVersion": "",
                "kubeletVersion": self.settings.kubelet_version,
                "machineID": self.uuid.replace('-', ""),
                "operatingSystem": "linux",
                "osImage": "Talos",
                "systemUUID": self.uuid,
            },
        })
    }
}

/// A condition; one that did not change keeps its moments.
fn condition(live: &Value, name: &str, (status, reason, message): (&str, &str, &str)) -> Value {
    let before = live["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    let before = before
        .into_iter()
        .find(|condition| condition["type"] == name);
    let same = before.filter(|before| before["status"] == status && before["reason"] == reason);
    match same {
        Some(before) => before.clone(),
        None => {
            let now = moment::now();
            json!({ "type": name, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now, "lastTransitionTime": now })
        }
    }
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&String> = names.collect();
    json!(names).to_string()
}

/// What an annotation of ours lists.
fn listed(live: &Value, annotation: &str) -> Vec<String> {
    let text = live["metadata"]["annotations"][annotation]
        .as_str()
        .unwrap_or("[]");
    serde_json::from_str(text).unwrap_or_default()
}

/// Labels or annotations to set, and, as nulls, those of ours to remove.
fn changes(
    live: &Value,
    part: &str,
    owned: &str,
    wanted: &BTreeMap<String, String>,
) -> Map<String, Value> {
    let gone = listed(live, owned)
        .into_iter()
        .filter(|name| !wanted.contains_key(name))
        .map(|name| (name, Value::Null));
    let new = wanted
        .iter()
        .filter(|(name, value)| live["metadata"][part][name.as_str()].as_str() != Some(value));
    gone.chain(new.map(|(name, value)| (name.clone(), value.clone().into())))
        .collect()
}

fn owned_taints(settings: &NodeSettings) -> Vec<Value> {
    let taints = settings
        .taints
        .iter()
        .map(|(key, value, effect)| match value.as_str() {
            "" => json!({ "key": key, "effect": effect }),
            value => json!({ "key": key, "value": value, "effect": effect }),
        });
    taints.collect()
}

/// Whether two lists hold the same taints; the server adds moments to some.
fn same_taints(live: &[Value], wanted: &[Value]) -> bool {
    let key = |taint: &Value| {
        (
            taint["key"].to_string(),
            taint["value"].to_string(),
            taint["effect"].to_string(),
        )
    };
    let set = |taints: &[Value]| {
        taints
            .iter()
            .map(key)
            .collect::<std::collections::BTreeSet<_>>()
    };
    set(live) == set(wanted)
}

/// Whether a subnet (`10.0.0.0/8`) holds an address.
fn contains(subnet: &str, address: IpAddr) -> bool {
    let Some((base, length)) = subnet.trim_start_matches('!').split_once('/') else {
        return false;
    };
    let (Ok(base), Ok(length)) = (base.parse::<IpAddr>(), length.parse::<u32>()) else {
        return false;
    };
    let inside = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            length == 0
                || (u32::from(base) ^ u32::from(address))
                    .checked_shr(32_u32.saturating_sub(length))
                    .unwrap_or(0)
                    == 0
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            length == 0
                || (u128::from(base) ^ u128::from(address))
                    .checked_shr(128_u32.saturating_sub(length))
                    .unwrap_or(0)
                    == 0
        }
        _ => false,
    };
    inside != subnet.starts_with('!')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Node {
        Node {
            name: "cp01".to_owned(),
            uuid: "0-1".to_owned(),
            addresses: ["fd00::11", "10.0.0.11", "10.0.0.10"]
                .map(|text| text.parse().unwrap())
                .into(),
            settings: NodeSettings {
                labels: [("a".to_owned(), "b".to_owned())].into(),
                taints: vec![("t".to_owned(), String::new(), "NoSchedule".to_owned())],
                ..NodeSettings::default()
            },
            network: true,
        }
    }

    #[test]
    fn a_label_that_left_the_configuration_goes_and_a_foreign_one_stays() {
        let live = json!({ "metadata": {
            "labels": { "a": "b", "gone": "x", "foreign": "y", "kubernetes.io/hostname": "cp01" },
            "annotations": { OWNED[0]: "[\"a\",\"gone\"]" },
        }, "spec": { "taints": [{ "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" }] } });
        let patch = node().patch(&live).unwrap();
        assert_eq!(patch["metadata"]["labels"]["gone"], Value::Null);
        assert!(
            patch["metadata"]["labels"]
                .as_object()
                .unwrap()
                .contains_key("gone")
        );
        assert!(
            !patch["metadata"]["labels"]
                .as_object()
                .unwrap()
                .contains_key("foreign")
        );
        assert_eq!(patch["metadata"]["annotations"][OWNED[0]], "[\"a\"]");
        let keys: Vec<&str> = patch["spec"]["taints"]
            .as_array()
            .unwrap()
            .iter()
            .map(|taint| taint["key"].as_str().unwrap())
            .collect();
        assert_eq!(keys, ["node.kubernetes.io/not-ready", "t"]);
    }

    #[test]
    fn what_is_in_line_is_left_alone() {
        let mut labels: BTreeMap<String, String> = node().fixed_labels();
        labels.insert("a".to_owned(), "b".to_owned());
        let live = json!({ "metadata": { "labels": labels, "annotations": { OWNED[0]: "[\"a\"]", OWNED[2]: "[\"t\"]" } },
            "spec": { "taints": [{ "key": "t", "effect": "NoSchedule" }] } });
        assert_eq!(node().patch(&live), None);
    }

    #[test]
    fn one_address_of_each_family_is_internal() {
        let texts: Vec<String> = node().internal().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["fd00::11", "10.0.0.11"]);
        let mut picky = node();
        picky.settings.valid_subnets = vec!["fd00::/64".to_owned()];
        assert_eq!(picky.internal().len(), 1);
    }

    #[test]
    fn subnets_hold_their_addresses() {
        let address: IpAddr = "10.1.2.3".parse().unwrap();
        assert!(contains("10.1.0.0/16", address) && !contains("10.2.0.0/16", address));
        assert!(contains("10.1.2.3/32", address) && contains("0.0.0.0/0", address));
        assert!(!contains("!10.1.0.0/16", address) && !contains("fd00::/8", address));
    }
}
