//! What a control plane's kubelet tells of its static pods.

use serde_json::{Value, json};

use super::client::Api;
use super::settings::Settings;

/// Publishes the pods of API server, controller-manager and scheduler of a node.
///
/// # Errors
/// The API server refuses.
pub(super) async fn publish(api: &Api, node: &str, settings: &Settings) -> Result<(), String> {
    let owner = api.get(&format!("/api/v1/nodes/{node}")).await?;
    let uid = owner["metadata"]["uid"].as_str().unwrap_or_default();
    let names = [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ];
    for (name, image) in names.iter().zip(&settings.images) {
        let path = format!("/api/v1/namespaces/kube-system/pods/{name}-{node}");
        let live = api.send("GET", &path, "application/json", None).await?;
        if live.status == 200 {
            if live.body["spec"]["containers"][0]["image"] == **image {
                continue;
            }
            api.send(
                "DELETE",
                &path,
                "application/json",
                Some(&json!({ "gracePeriodSeconds": 0 })),
            )
            .await?;
        }
        api.create(
            "/api/v1/namespaces/kube-system/pods",
            &pod(name, node, uid, image),
        )
        .await?;
    }
    Ok(())
}

/// The mirror of a static pod (labels: `controllers/k8s/control_plane_static_pod.go` of Talos).
fn pod(name: &str, node: &str, owner: &str, image: &str) -> Value {
    let hash = format!("{name}-{image}");
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("{name}-{node}"),
            "namespace": "kube-system",
            "labels": {
                "app.kubernetes.io/component": "control-plane",
                "app.kubernetes.io/managed-by": "Talos",
                "app.kubernetes.io/name": name,
                "k8s-app": name,
                "tier": "control-plane",
            },
            "annotations": {
                "kubernetes.io/config.hash": hash,
                "kubernetes.io/config.mirror": hash,
                "kubernetes.io/config.source": "file",
            },
            "ownerReferences": [{ "apiVersion": "v1", "kind": "Node", "name": node, "uid": owner, "controller": true }],
        },
        "spec": {
            "containers": [{ "name": name, "image": image }],
            "enableServiceLinks": false,
            "hostNetwork": true,
            "nodeName": node,
            "priorityClassName": "system-cluster-critical",
            "tolerations": [{ "operator": "Exists", "effect": "NoExecute" }],
        },
    })
}
