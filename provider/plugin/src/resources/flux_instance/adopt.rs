//! The spec of a FluxInstance as attributes, for an import: what `spec.rs` makes of them, read back. What has no attribute
//! is not read, and the next plan says nothing of it, since it compares what attributes make. Pure.

use framework::prelude::*;
use serde_json::Value;

use super::model::{Cluster, Distribution, FluxInstance, Sops, Sync};
use crate::shared::kustomize_patch::{KustomizePatch, PatchTarget};

/// Fills the attributes.
pub fn adopt(state: &mut FluxInstance, spec: &Value) {
    state.distribution = Field::Known(distribution(&spec["distribution"]));
    let components = spec["components"].as_array();
    let components: Option<Vec<Field<String>>> =
        components.map(|list| list.iter().map(text).collect());
    state.components = components.into();
    state.cluster = spec.get("cluster").map(cluster).into();
    state.sync = spec.get("sync").map(sync).into();
    let patches = spec["kustomize"]["patches"].as_array();
    let mut others = Vec::new();
    for patch in patches.into_iter().flatten() {
        if !is_taken(state, patch) {
            others.push(KustomizePatch {
                patch: text(&patch["patch"]),
                target: patch.get("target").map(target).into(),
            });
        }
    }
    if !others.is_empty() {
        state.kustomize_patches = Field::Known(others);
    }
}

fn text(value: &Value) -> Field<String> {
    value.as_str().map(str::to_owned).into()
}

fn distribution(given: &Value) -> Distribution {
    Distribution {
        version: text(&given["version"]),
        registry: text(&given["registry"]),
        artifact: text(&given["artifact"]),
        variant: text(&given["variant"]),
    }
}

fn cluster(given: &Value) -> Cluster {
    Cluster {
        r#type: text(&given["type"]),
        size: text(&given["size"]),
        domain: text(&given["domain"]),
        multitenant: given["multitenant"].as_bool().into(),
        network_policy: given["networkPolicy"].as_bool().into(),
    }
}

fn sync(given: &Value) -> Sync {
    Sync {
        kind: text(&given["kind"]),
        url: text(&given["url"]),
        r#ref: text(&given["ref"]),
        path: text(&given["path"]),
        name: text(&given["name"]),
        interval: text(&given["interval"]),
        pull_secret: text(&given["pullSecret"]),
        provider: text(&given["provider"]),
        retry_interval: Field::Null,
    }
}

fn target(given: &Value) -> PatchTarget {
    PatchTarget {
        group: text(&given["group"]),
        version: text(&given["version"]),
        kind: text(&given["kind"]),
        name: text(&given["name"]),
        namespace: text(&given["namespace"]),
        label_selector: text(&given["labelSelector"]),
        annotation_selector: text(&given["annotationSelector"]),
    }
}

/// Takes up a patch that other attributes stand for: decryption and retries of the sync's Kustomization. False for any other.
fn is_taken(state: &mut FluxInstance, patch: &Value) -> bool {
    let target = &patch["target"];
    if target["kind"] != "Kustomization" || target["name"] != state.sync_name() {
        return false;
    }
    let operations: Option<Vec<Value>> = patch["patch"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    let read: Option<Vec<Meaning>> =
        operations.and_then(|operations| operations.iter().map(meaning).collect());
    for meaning in read.iter().flatten() {
        match meaning {
            Meaning::Decryption(secret) => {
                state.sops = Field::Known(Sops {
                    age_key: Field::Null,
                    age_key_wo: Field::Null,
                    age_key_wo_version: Field::Null,
                    secret_name: secret.as_str().into(),
                });
            }
            Meaning::Retry(interval) => {
                if let Some(sync) = state.sync.get_mut() {
                    sync.retry_interval = interval.as_str().into();
                }
            }
        }
    }
    read.is_some()
}

/// What an operation of ours is for.
enum Meaning {
    /// Name of the secret with the age key.
    Decryption(String),
    /// Interval.
    Retry(String),
}

fn meaning(operation: &Value) -> Option<Meaning> {
    let value = &operation["value"];
    match (operation["op"].as_str()?, operation["path"].as_str()?) {
        ("add", "/spec/decryption") if value["provider"] == "sops" => Some(Meaning::Decryption(
            value["secretRef"]["name"].as_str()?.to_owned(),
        )),
        ("add", "/spec/retryInterval") => Some(Meaning::Retry(value.as_str()?.to_owned())),
        _ => None,
    }
}
