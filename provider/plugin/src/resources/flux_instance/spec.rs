//! The FluxInstance object, from configuration. Pure.

use framework::prelude::*;
use kubernetes::flux;
use serde_json::{Map, Value, json};

use super::model::FluxInstance;
use super::secrets::{pull_secret, sops_secret};
use crate::shared::kustomize_patch::{KustomizePatch, PatchTarget};
use crate::shared::placeholder::stands_in;

/// The object as it is applied.
///
/// # Errors
/// When `extra_spec` is no YAML object.
pub fn instance(config: &FluxInstance) -> Result<Value, String> {
    let mut spec = Map::new();
    put(&mut spec, "distribution", distribution(config));
    let components = config
        .components
        .all_known()
        .filter(|list| !list.is_empty());
    put(
        &mut spec,
        "components",
        components.map(Value::from).unwrap_or(Value::Null),
    );
    put(&mut spec, "cluster", cluster(config));
    put(&mut spec, "sync", sync(config));
    let patches = patches(config);
    if !patches.is_empty() {
        spec.insert("kustomize".to_owned(), json!({"patches": patches}));
    }
    let mut spec = Value::Object(spec);
    if let Some(text) = config.extra_spec.as_str() {
        lay_over(&mut spec, extra(text)?);
    }
    Ok(json!({
        "apiVersion": flux::API_VERSION,
        "kind": "FluxInstance",
        "metadata": {"name": flux::INSTANCE, "namespace": config.namespace.text()},
        "spec": spec,
    }))
}

/// `extra_spec` as an object.
///
/// # Errors
/// When it is none.
pub fn extra(text: &str) -> Result<Value, String> {
    let wrapped = format!(
        "apiVersion: v1\nkind: Spec\nmetadata: {{name: spec}}\nspec:\n{}",
        indented(text)
    );
    let mut objects = kubernetes::parse("extra_spec", &wrapped).map_err(|error| error.seen)?;
    match objects.pop().map(|mut object| object["spec"].take()) {
        Some(Value::Null) => Ok(json!({})),
        Some(spec @ Value::Object(_)) => Ok(spec),
        _ => Err("it is no object".to_owned()),
    }
}

/// Whether `extra_spec` stands in for something; empty text adds nothing.
pub fn is_mock(text: &str) -> bool {
    stands_in(text)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Members of `over` win, objects are merged.
fn lay_over(target: &mut Value, over: Value) {
    match (target, over) {
        (Value::Object(target), Value::Object(over)) => {
            for (name, value) in over {
                lay_over(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, over) => *target = over,
    }
}

fn put(target: &mut Map<String, Value>, name: &str, value: Value) {
    if !value.is_null() {
        target.insert(name.to_owned(), value);
    }
}

fn text(field: &Field<String>) -> Value {
    field.as_str().map_or(Value::Null, Value::from)
}

/// An object of the members that are there; null where there is none.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut map = Map::new();
    for (name, value) in members {
        put(&mut map, name, value);
    }
    if map.is_empty() {
        Value::Null
    } else {
        Value::Object(map)
    }
}

fn distribution(config: &FluxInstance) -> Value {
    let Some(given) = config.distribution.get() else {
        return Value::Null;
    };
    object([
        (
            "version",
            given.version.as_str().map_or(Value::Null, |version| {
                version.trim_start_matches('v').into()
            }),
        ),
        (
            "registry",
            given.registry.as_str().unwrap_or("ghcr.io/fluxcd").into(),
        ),
        ("artifact", text(&given.artifact)),
        ("variant", text(&given.variant)),
    ])
}

fn cluster(config: &FluxInstance) -> Value {
    let Some(given) = config.cluster.get() else {
        return Value::Null;
    };
    let flag = |field: &Field<bool>| field.get().map_or(Value::Null, |flag| (*flag).into());
    object([
        ("type", text(&given.r#type)),
        ("size", text(&given.size)),
        ("domain", text(&given.domain)),
        ("multitenant", flag(&given.multitenant)),
        ("networkPolicy", flag(&given.network_policy)),
    ])
}

fn sync(config: &FluxInstance) -> Value {
    let Some(given) = config.sync.get() else {
        return Value::Null;
    };
    object([
        (
            "kind",
            given.kind.as_str().unwrap_or("GitRepository").into(),
        ),
        ("url", text(&given.url)),
        ("ref", text(&given.r#ref)),
        ("path", text(&given.path)),
        ("name", text(&given.name)),
        ("interval", text(&given.interval)),
        (
            "pullSecret",
            pull_secret(config).map_or(Value::Null, Value::from),
        ),
        ("provider", text(&given.provider)),
    ])
}

/// Ours first, for what a sync has no member for; their order is fixed, so that the object is the same each time.
fn patches(config: &FluxInstance) -> Vec<Value> {
    let mut patches = Vec::new();
    let mut operations = Vec::new();
    if let Some(sops) = config.sops.get() {
        let name = sops_secret(sops);
        operations.push(json!({"op": "add", "path": "/spec/decryption", "value": {"provider": "sops", "secretRef": {"name": name}}}));
    }
    if let Some(interval) = config
        .sync
        .get()
        .and_then(|sync| sync.retry_interval.as_str())
    {
        operations.push(json!({"op": "add", "path": "/spec/retryInterval", "value": interval}));
    }
    if !operations.is_empty() {
        // JSON is YAML.
        patches.push(json!({
            "patch": Value::Array(operations).to_string(),
            "target": {"kind": "Kustomization", "name": config.sync_name()},
        }));
    }
    patches.extend(
        config
            .kustomize_patches
            .get()
            .into_iter()
            .flatten()
            .map(patch),
    );
    patches
}

fn patch(given: &KustomizePatch) -> Value {
    object([
        ("patch", text(&given.patch)),
        ("target", given.target.get().map_or(Value::Null, target)),
    ])
}

fn target(given: &PatchTarget) -> Value {
    object([
        ("group", text(&given.group)),
        ("version", text(&given.version)),
        ("kind", text(&given.kind)),
        ("name", text(&given.name)),
        ("namespace", text(&given.namespace)),
        ("labelSelector", text(&given.label_selector)),
        ("annotationSelector", text(&given.annotation_selector)),
    ])
}
