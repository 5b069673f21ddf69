//! Kinds and their paths, by discovery: asked for once per group, and again when a kind is new.

use std::sync::PoisonError;

use serde_json::Value;

use crate::client::Client;
use crate::error::{Code, Error, Result};
use crate::object::Id;
use client_core::Cx;

/// One kind of a group and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    name: String,
    plural: String,
    namespaced: bool,
}

impl Client {
    /// Path of an object; an object of a namespaced kind without a namespace is in `default`.
    ///
    /// # Errors
    /// [`Code::KindUnknown`] when the cluster does not serve the kind.
    pub async fn path(&self, cx: &Cx, id: &Id) -> Result<String> {
        let kind = self.kind(cx, id).await?;
        Ok(format!("{}/{}", collection(id, &kind), id.name))
    }

    /// Path of all objects of the kind, in the namespace of `id` where it names one.
    ///
    /// # Errors
    /// As [`Client::path`].
    pub async fn collection(&self, cx: &Cx, id: &Id) -> Result<String> {
        let kind = self.kind(cx, id).await?;
        if id.namespace.is_empty() {
            return Ok(format!("{}/{}", root(id), kind.plural));
        }
        Ok(collection(id, &kind))
    }

    /// The same object with the namespace that it really has: none, or `default` where none was said.
    ///
    /// # Errors
    /// As [`Client::path`].
    pub async fn placed(&self, cx: &Cx, id: &Id) -> Result<Id> {
        let kind = self.kind(cx, id).await?;
        let mut id = id.clone();
        if !kind.namespaced {
            id.namespace.clear();
        } else if id.namespace.is_empty() {
            "default".clone_into(&mut id.namespace);
        }
        Ok(id)
    }

    async fn kind(&self, cx: &Cx, id: &Id) -> Result<Kind> {
        if let Some(kind) = self.known_kind(id) {
            return Ok(kind);
        }
        let path = root(id);
        let missing = || {
            let seen = format!("{} has no kind {}", id.api_version, id.kind);
            Error::new(
                Code::KindUnknown,
                format!("looking for {id} at {}", self.host()),
                seen,
            )
        };
        let list = self
            .get(cx, &path)
            .await
            .map_err(|error| match error.code {
                Code::KindUnknown | Code::Gone => missing(),
                _ => error,
            })?;
        let found = kinds(&list);
        let kind = found.iter().find(|kind| kind.name == id.kind).cloned();
        let mut known = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.api_version.clone(), found);
        kind.ok_or_else(missing)
    }

    fn known_kind(&self, id: &Id) -> Option<Kind> {
        let known = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let kinds = known.get(&id.api_version)?;
        kinds.iter().find(|kind| kind.name == id.kind).cloned()
    }
}

fn root(id: &Id) -> String {
    if id.api_version.contains('/') {
        format!("/apis/{}", id.api_version)
    } else {
        format!("/api/{}", id.api_version)
    }
}

fn collection(id: &Id, kind: &Kind) -> String {
    let root = root(id);
    if !kind.namespaced {
        return format!("{root}/{}", kind.plural);
    }
    let namespace = if id.namespace.is_empty() {
        "default"
    } else {
        &id.namespace
    };
    format!("{root}/namespaces/{namespace}/{}", kind.plural)
}

/// The kinds of an APIResourceList, without their subresources.
fn kinds(list: &Value) -> Vec<Kind> {
    let resources = list["resources"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let read = |resource: &Value| {
        let plural = resource["name"]
            .as_str()
            .filter(|name| !name.contains('/'))?;
        Some(Kind {
            name: resource["kind"].as_str()?.to_owned(),
            plural: plural.to_owned(),
            namespaced: resource["namespaced"].as_bool()?,
        })
    };
    resources.iter().filter_map(read).collect()
}
