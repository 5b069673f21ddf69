//! What a FluxInstance and its sync show, as attributes and as drift.

use std::collections::BTreeMap;

use framework::prelude::*;
use kubernetes::{Client, Code, Cx, Id, condition, flux};
use serde_json::Value;

use super::model::FluxInstance;
use super::plan::Private;
use super::secrets::digest;
use super::spec::instance;
use crate::shared::change::text_map;
use crate::shared::kubernetes as operation;

/// The instance's name.
pub fn instance_id(namespace: &str) -> Id {
    Id::new(flux::API_VERSION, "FluxInstance", namespace, flux::INSTANCE)
}

/// Source and Kustomization, as far as they are there.
pub async fn sync_objects(
    client: &Client,
    calls: &Cx,
    model: &FluxInstance,
) -> kubernetes::Result<Vec<Value>> {
    let Some(sync) = model.sync.get() else {
        return Ok(Vec::new());
    };
    let kind = sync.kind.as_str().unwrap_or("GitRepository");
    let mut found = Vec::new();
    for id in flux::sync_objects(model.namespace.text(), kind, model.sync_name()) {
        found.extend(client.find(calls, &id).await?);
    }
    Ok(found)
}

/// Fills the computed attributes. What nobody told is kept.
pub fn describe(state: &mut FluxInstance, instance: &Value, sync: &[Value]) {
    let text = |value: &Value| Field::from(value.as_str().map(str::to_owned));
    let status = &instance["status"];
    state.revision = text(&status["lastAppliedRevision"]);
    let version = state
        .revision
        .as_str()
        .and_then(|revision| revision.split('@').next());
    state.installed_version = version
        .map(|version| version.trim_start_matches('v').to_owned())
        .into();
    let kustomization = sync.iter().find(|object| object["kind"] == "Kustomization");
    state.sync_revision = kustomization.map_or(Field::Null, |object| {
        text(&object["status"]["lastAppliedRevision"])
    });
    state.sync_path = match state.sync.get() {
        Some(sync) => sync.path.clone(),
        None => Field::Null,
    };
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let conditions = conditions.filter_map(|found| {
        let line = format!(
            "{} {}",
            found["status"].as_str()?,
            found["reason"].as_str()?
        );
        Some((found["type"].as_str()?.to_owned(), line))
    });
    state.conditions = text_map(conditions.collect());
    let components = status["components"].as_array().into_iter().flatten();
    let components = components.filter_map(|component| {
        let part = |name: &str| component[name].as_str();
        Some((
            part("name")?.to_owned(),
            format!("{}:{}", part("repository")?, part("tag")?),
        ))
    });
    state.components_status = text_map(components.collect());
}

/// Whether the instance is ready now, as far as it says. The operator says `Unknown` for a moment each hour: that is not unready.
pub fn ready(before: &Field<bool>, instance: &Value) -> Field<bool> {
    match condition(instance, "Ready") {
        Some(found) if found.is("Unknown") => before.clone(),
        Some(found) => found.is("True").into(),
        None => Field::Known(false),
    }
}

/// What applying would change, and secrets that are not as they were written.
pub async fn drift(
    client: &Client,
    calls: &Cx,
    state: &FluxInstance,
    live: &Value,
    private: &Private,
) -> kubernetes::Result<BTreeMap<String, String>> {
    let mut drift = BTreeMap::new();
    if let Ok(object) = instance(state) {
        let paths = operation::would_change(client, calls, &object, live).await?;
        drift.extend(
            paths
                .into_iter()
                .map(|(path, line)| (format!("FluxInstance {path}"), line)),
        );
    }
    for (name, written) in &private.secrets {
        let id = Id::new("v1", "Secret", state.namespace.text(), name);
        match client.find(calls, &id).await {
            Ok(Some(secret)) if digest(&secret, &private.salt) == *written => {}
            Ok(Some(_)) => {
                drift.insert(format!("Secret {name}"), "(secret) -> (secret)".to_owned());
            }
            Ok(None) => {
                drift.insert(format!("Secret {name}"), "(absent) -> applied".to_owned());
            }
            Err(error) if error.code == Code::Permission => {}
            Err(error) => return Err(error),
        }
    }
    Ok(drift)
}
