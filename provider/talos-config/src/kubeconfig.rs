//! The file with which `kubectl` reaches a cluster.

use crate::pki::ClientCredentials;
use crate::secrets::Secret;
use crate::yaml::{self, Map, Value};

/// What a kubeconfig with one cluster, user and context says.
pub struct KubeConfig<'a> {
    /// Name of the cluster; user and context are `<user>@<cluster_name>`.
    pub cluster_name: &'a str,
    /// URL of the Kubernetes API.
    pub endpoint: &'a str,
    /// Name of the user, `admin` in what Talos hands out.
    pub user: &'a str,
    /// Who the user is.
    pub credentials: &'a ClientCredentials,
}

/// The text: the entries and names that `talosctl kubeconfig` gives, namespace `default`.
pub fn render(config: &KubeConfig<'_>) -> Secret {
    let context_name = format!("{}@{}", config.user, config.cluster_name);
    let credentials = config.credentials;
    let cluster = map([
        (
            "certificate-authority-data",
            credentials.ca_certificate.as_str().into(),
        ),
        ("server", config.endpoint.into()),
    ]);
    let context = map([
        ("cluster", config.cluster_name.into()),
        ("namespace", "default".into()),
        ("user", context_name.as_str().into()),
    ]);
    let user = map([
        (
            "client-certificate-data",
            credentials.client_certificate.as_str().into(),
        ),
        ("client-key-data", credentials.client_key.expose().into()),
    ]);
    let named = |name: &str, kind, value| map([("name", name.into()), (kind, value)]);
    let root = map([
        ("apiVersion", "v1".into()),
        ("kind", "Config".into()),
        (
            "clusters",
            Value::List(vec![named(config.cluster_name, "cluster", cluster)]),
        ),
        (
            "contexts",
            Value::List(vec![named(&context_name, "context", context)]),
        ),
        ("current-context", context_name.as_str().into()),
        (
            "users",
            Value::List(vec![named(&context_name, "user", user)]),
        ),
    ]);
    Secret::new(yaml::emit(&root))
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect::<Map>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_refer_to_each_other() {
        let credentials = ClientCredentials {
            ca_certificate: "Y2E=".into(),
            client_certificate: "Y3J0".into(),
            client_key: "a2V5".into(),
        };
        let text = render(&KubeConfig {
            cluster_name: "cluster-101",
            endpoint: "https://[fd00:101::10]:6443",
            user: "admin",
            credentials: &credentials,
        });
        let root = &yaml::parse(text.expose()).unwrap()[0];
        let first = |list: &str| root.get(list).unwrap().as_list().unwrap()[0].clone();
        let context = first("contexts");
        assert_eq!(root.get("current-context"), context.get("name"));
        assert_eq!(context.at(&["context", "user"]), first("users").get("name"));
        assert_eq!(
            context.at(&["context", "cluster"]),
            first("clusters").get("name")
        );
        let server = first("clusters").at(&["cluster", "server"]).cloned();
        assert_eq!(server, Some("https://[fd00:101::10]:6443".into()));
        assert_eq!(
            first("users").at(&["user", "client-key-data"]),
            Some(&"a2V5".into())
        );
    }
}
