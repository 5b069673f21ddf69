//! From published manifests and attributes to the objects that are applied. Pure.

use std::collections::BTreeMap;

use framework::prelude::*;
use kubernetes::flux::OPERATOR;
use serde_json::{Value, json};

use super::model::{FluxOperator, OperatorResources, Texts, Toleration};
use super::patches::{self, Unfit};

/// The operator's container in the published manifests.
const CONTAINER: &str = "manager";

/// The namespace that the published manifests name.
const PUBLISHED: &str = "flux-system";

/// The objects, in the order in which they are applied. `selector` is that of a Deployment that is there: it cannot be changed, so
/// pods and Service follow it.
///
/// # Errors
/// A patch that does not fit.
pub fn render(
    manifests: &[Value],
    model: &FluxOperator,
    selector: &BTreeMap<String, String>,
) -> Result<Vec<Value>, Unfit> {
    let objects = manifests.iter().cloned().map(|mut object| {
        clean(&mut object);
        place(&mut object, model.namespace.text());
        match object["kind"].as_str() {
            Some("Namespace") => {
                let more = texts(&model.namespace_labels);
                add(&mut object, &["metadata", "labels"], &more);
            }
            _ if is_operator(&object) => {
                deployment(&mut object, model, selector);
            }
            Some("Service") if object["metadata"]["name"] == OPERATOR => {
                add(&mut object, &["spec", "selector"], selector);
            }
            _ => {}
        }
        object
    });
    let mut objects = patches::apply(objects.collect(), model)?;
    objects.iter_mut().for_each(clean);
    Ok(kubernetes::ordered(objects))
}

/// Whether an object is the operator's Deployment.
pub fn is_operator(object: &Value) -> bool {
    object["kind"] == "Deployment" && object["metadata"]["name"] == OPERATOR
}

/// What nobody may apply: status, and what generators leave behind.
fn clean(object: &mut Value) {
    if let Some(members) = object.as_object_mut() {
        members.remove("status");
    }
    for at in ["/metadata", "/spec/template/metadata"] {
        if let Some(metadata) = object.pointer_mut(at).and_then(Value::as_object_mut) {
            metadata.retain(|name, value| name != "creationTimestamp" || !value.is_null());
        }
    }
}

/// Moves an object from the published namespace to another.
fn place(object: &mut Value, namespace: &str) {
    if object["kind"] == "Namespace" && object["metadata"]["name"] == PUBLISHED {
        object["metadata"]["name"] = namespace.into();
    }
    if object["metadata"]["namespace"] == PUBLISHED {
        object["metadata"]["namespace"] = namespace.into();
    }
    // Indexing would add the member where it is missing.
    let subjects = object.get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects.into_iter().flatten() {
        if subject["namespace"] == PUBLISHED {
            subject["namespace"] = namespace.into();
        }
    }
}

fn deployment(object: &mut Value, model: &FluxOperator, selector: &BTreeMap<String, String>) {
    let spec = &mut object["spec"];
    if let Some(replicas) = model.replicas.get() {
        spec["replicas"] = (*replicas).into();
    }
    add(spec, &["selector", "matchLabels"], selector);
    add(spec, &["template", "metadata", "labels"], selector);
    let pod = &mut spec["template"]["spec"];
    add(pod, &["nodeSelector"], &texts(&model.node_selector));
    if let Some(list) = model.tolerations.get() {
        pod["tolerations"] = list.iter().map(toleration).collect();
    }
    if let Some(names) = model.image_pull_secrets.get() {
        pod["imagePullSecrets"] = names.iter().map(|name| json!({"name": name})).collect();
    }
    let Some(container) = pod["containers"].get_mut(0) else {
        return;
    };
    environment(container, &texts(&model.env));
    if let Some(resources) = model.resources.get() {
        resize(container, resources);
    }
}

/// Adds variables, or gives them another value.
fn environment(container: &mut Value, variables: &BTreeMap<String, String>) {
    if variables.is_empty() {
        return;
    }
    let mut list = container["env"].as_array().cloned().unwrap_or_default();
    list.retain(|variable| {
        !variable["name"]
            .as_str()
            .is_some_and(|name| variables.contains_key(name))
    });
    list.extend(
        variables
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value})),
    );
    container["env"] = list.into();
}

fn resize(container: &mut Value, resources: &OperatorResources) {
    for (member, given) in [
        ("requests", &resources.requests),
        ("limits", &resources.limits),
    ] {
        add(container, &["resources", member], &texts(given));
    }
}

fn toleration(given: &Toleration) -> Value {
    let members = [
        ("key", &given.key),
        ("operator", &given.operator),
        ("value", &given.value),
        ("effect", &given.effect),
    ];
    let members = members
        .into_iter()
        .filter_map(|(name, field)| Some((name.to_owned(), field.as_str()?.into())));
    Value::Object(members.collect())
}

/// Adds to the map of texts at a path, which is made where it is missing; nothing is made for nothing.
fn add(object: &mut Value, path: &[&str], more: &BTreeMap<String, String>) {
    if more.is_empty() {
        return;
    }
    let target = path.iter().fold(object, |place, name| &mut place[*name]);
    for (name, value) in more {
        target[name.as_str()] = value.as_str().into();
    }
}

/// A map of texts without what is null or unknown.
pub fn texts(field: &Texts) -> BTreeMap<String, String> {
    let entries = field.get().into_iter().flatten();
    entries
        .filter_map(|(name, value)| Some((name.clone(), value.cloned()?)))
        .collect()
}

/// Name and namespace of the operator's Deployment.
pub fn deployment_id(namespace: &str) -> kubernetes::Id {
    kubernetes::Id::new("apps/v1", "Deployment", namespace, OPERATOR)
}

/// The tag of an image, without a `v` in front.
pub fn version_of(image: &str) -> Option<String> {
    let image = image.split('@').next()?;
    let (rest, tag) = image.rsplit_once(':')?;
    (!tag.contains('/') && !rest.is_empty()).then(|| tag.trim_start_matches('v').to_owned())
}

/// Image of the operator in its Deployment: a patch may have put another container before it.
pub fn image_of(deployment: &Value) -> Field<String> {
    let containers = &deployment["spec"]["template"]["spec"]["containers"];
    let containers = containers.as_array().map(Vec::as_slice).unwrap_or_default();
    let operator = containers.iter().find(|one| one["name"] == CONTAINER);
    let image = operator.or(containers.first());
    let image = image.and_then(|container| container["image"].as_str());
    image.map(str::to_owned).into()
}
