//! Manifests of the configuration, applied as Talos 1.12 applies them: namespaces first, then
//! definitions, then the rest; what is there already is never touched.

use std::collections::BTreeMap;

use serde_json::Value;

use super::client::Api;

/// Objects that are still to be created.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    left: Vec<Value>,
    /// Plural name and whether it has namespaces, by group version and kind.
    kinds: BTreeMap<(String, String), (String, bool)>,
}

/// Objects of a text of several documents.
///
/// # Errors
/// The text is no YAML.
pub(super) fn objects(text: &str) -> Result<Vec<Value>, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    let flat = documents
        .into_iter()
        .flat_map(|document| match document["items"].as_array() {
            Some(items)
                if document["kind"]
                    .as_str()
                    .is_some_and(|kind| kind.ends_with("List")) =>
            {
                items.clone()
            }
            _ => vec![document],
        });
    Ok(flat.filter(|object| object["kind"].is_string()).collect())
}

impl Manifests {
    /// Takes up objects to create.
    pub(super) fn of(mut objects: Vec<Value>) -> Self {
        objects.sort_by_key(|object| match object["kind"].as_str() {
            Some("Namespace") => 0,
            Some("CustomResourceDefinition") => 1,
            _ => 2,
        });
        Self {
            left: objects,
            kinds: BTreeMap::new(),
        }
    }

    /// Takes up more.
    pub(super) fn add(&mut self, objects: Vec<Value>) {
        let mut all = std::mem::take(&mut self.left);
        all.extend(objects);
        self.left = Self::of(all).left;
    }

    /// Creates what can be created now; the rest stays for the next call.
    pub(super) async fn apply(&mut self, api: &Api) {
        let mut left = Vec::new();
        for object in std::mem::take(&mut self.left) {
            if self.create(api, &object).await.is_err() {
                left.push(object);
            }
        }
        self.left = left;
    }

    async fn create(&mut self, api: &Api, object: &Value) -> Result<(), String> {
        let part = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        let (version, kind) = (part("apiVersion"), part("kind"));
        let root = if version.contains('/') {
            format!("/apis/{version}")
        } else {
            format!("/api/{version}")
        };
        let key = (version, kind);
        if !self.kinds.contains_key(&key) {
            self.discover(api, &root, &key.0).await?;
        }
        let (plural, namespaced) = self.kinds.get(&key).ok_or("no such kind")?;
        let namespace = object["metadata"]["namespace"]
            .as_str()
            .unwrap_or("default");
        let path = match namespaced {
            true => format!("{root}/namespaces/{namespace}/{plural}"),
            false => format!("{root}/{plural}"),
        };
        api.create(&path, object).await
    }

    async fn discover(&mut self, api: &Api, root: &str, version: &str) -> Result<(), String> {
        let list = api.get(root).await?;
        for resource in list["resources"].as_array().into_iter().flatten() {
            let (Some(name), Some(kind)) = (resource["name"].as_str(), resource["kind"].as_str())
            else {
                continue;
            };
            if !name.contains('/') {
                let namespaced = resource["namespaced"] == true;
                self.kinds.insert(
                    (version.to_owned(), kind.to_owned()),
                    (name.to_owned(), namespaced),
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_and_definitions_come_first_and_lists_are_opened() {
        let text = "
kind: ConfigMap
---
kind: List
items: [{ kind: CustomResourceDefinition }, { kind: Namespace }]
---
";
        let manifests = Manifests::of(objects(text).unwrap());
        let kinds: Vec<&str> = manifests
            .left
            .iter()
            .map(|object| object["kind"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            ["Namespace", "CustomResourceDefinition", "ConfigMap"]
        );
    }
}
