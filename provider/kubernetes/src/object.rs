//! Objects as JSON, and what names them.

use std::fmt;

use serde_json::Value;

use crate::error::{Code, Error, Result};

/// What names an object in a cluster. `namespace` is empty where it has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Namespace, or empty.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Id {
    /// The name of an object.
    ///
    /// # Errors
    /// [`Code::Manifest`] when apiVersion, kind or metadata.name is missing.
    pub fn of(object: &Value) -> Result<Id> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        let id = Id {
            api_version: text(&object["apiVersion"]),
            kind: text(&object["kind"]),
            namespace: text(&metadata["namespace"]),
            name: text(&metadata["name"]),
        };
        for (member, value) in [
            ("apiVersion", &id.api_version),
            ("kind", &id.kind),
            ("metadata.name", &id.name),
        ] {
            if value.is_empty() {
                let seen = format!("{id} has no {member}");
                return Err(Error::new(Code::Manifest, "reading the manifests", seen));
            }
        }
        Ok(id)
    }

    /// An object of a known kind.
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Id {
        Id {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// API group; empty for the core one.
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// Reads what [`fmt::Display`] writes, with the apiVersion beside it.
    pub fn parse(api_version: &str, text: &str) -> Option<Id> {
        let mut parts = text.split('/');
        let (kind, second, third) = (parts.next()?, parts.next()?, parts.next());
        let (namespace, name) = third.map_or(("", second), |name| (second, name));
        Some(Id::new(api_version, kind, namespace, name))
    }
}

/// `Kind/namespace/name`, or `Kind/name` where there is no namespace.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |text: &str| {
            if text.is_empty() {
                "?".to_owned()
            } else {
                text.to_owned()
            }
        };
        if self.namespace.is_empty() {
            write!(f, "{}/{}", part(&self.kind), part(&self.name))
        } else {
            write!(
                f,
                "{}/{}/{}",
                part(&self.kind),
                self.namespace,
                part(&self.name)
            )
        }
    }
}
