//! Taking over what a release of Helm installed, without uninstalling it.

use kubernetes::{Client, Cx, Id};
use serde_json::{Value, json};

/// Annotations by which Helm marks what it installed.
const NAME: &str = "meta.helm.sh/release-name";
const NAMESPACE: &str = "meta.helm.sh/release-namespace";

/// A release, as the objects that it installed name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    name: String,
    namespace: String,
}

impl Release {
    /// The release that marked an object; `None` where none did.
    pub fn of(object: &Value) -> Option<Self> {
        let metadata = &object["metadata"];
        let mark = |name: &str| metadata["annotations"][name].as_str();
        let namespace = mark(NAMESPACE).or_else(|| metadata["namespace"].as_str());
        Some(Self {
            name: mark(NAME)?.to_owned(),
            namespace: namespace.unwrap_or_default().to_owned(),
        })
    }

    /// Takes Helm's marks off the objects, and removes the release. By the mark of the last object alone the release is known: it
    /// goes after all else, so that a run that was interrupted is resumed.
    ///
    /// # Errors
    /// Whatever the server says.
    pub async fn forget(
        &self,
        client: &Client,
        calls: &Cx,
        objects: &[Id],
        last: &Id,
    ) -> kubernetes::Result<()> {
        for id in objects.iter().filter(|id| *id != last) {
            client.merge(calls, id, &unmarked()).await?;
        }
        let secrets = Id::new("v1", "Secret", &self.namespace, "");
        let selector = format!("owner=helm,name={}", self.name);
        for mut secret in client.list(calls, &secrets, &selector).await? {
            // Members of a list do not say what they are.
            secret["apiVersion"] = "v1".into();
            secret["kind"] = "Secret".into();
            client.delete(calls, &secret).await?;
        }
        client.merge(calls, last, &unmarked()).await.map(|_| ())
    }
}

/// What takes Helm's marks off an object.
fn unmarked() -> Value {
    json!({"metadata": {
        "annotations": {NAME: null, NAMESPACE: null},
        "labels": {"app.kubernetes.io/managed-by": null, "helm.sh/chart": null},
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_where_its_objects_say() {
        let marked = |annotations: Value| {
            let metadata = json!({"namespace": "flux-system", "annotations": annotations});
            Release::of(&json!({"metadata": metadata}))
        };
        let release = |namespace: &str| {
            Some(Release {
                name: "flux".to_owned(),
                namespace: namespace.to_owned(),
            })
        };
        assert_eq!(marked(json!({NAME: "flux"})), release("flux-system"));
        assert_eq!(
            marked(json!({NAME: "flux", NAMESPACE: "tools"})),
            release("tools")
        );
        assert_eq!(marked(json!({NAMESPACE: "tools"})), None);
    }
}
