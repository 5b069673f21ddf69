//! The file with which `talosctl` reaches a cluster.

use crate::pki::ClientCredentials;
use crate::secrets::Secret;
use crate::yaml::{self, Map, Value};

/// What a talosconfig with one context says.
pub struct TalosConfig<'a> {
    /// Name of the context; by custom the cluster's name.
    pub context: &'a str,
    /// Hosts, each optionally with a port, that answer for the cluster.
    pub endpoints: &'a [String],
    /// Nodes that commands go to unless told otherwise; left out when empty.
    pub nodes: &'a [String],
    /// Who the user is.
    pub credentials: &'a ClientCredentials,
}

/// The text, as `talosctl` writes it.
pub fn render(config: &TalosConfig<'_>) -> Secret {
    let mut context = Map::new();
    context.insert("endpoints", list(config.endpoints));
    if !config.nodes.is_empty() {
        context.insert("nodes", list(config.nodes));
    }
    context.insert("ca", config.credentials.ca_certificate.as_str());
    context.insert("crt", config.credentials.client_certificate.as_str());
    context.insert("key", config.credentials.client_key.expose());
    let mut contexts = Map::new();
    contexts.insert(config.context, context);
    let mut root = Map::new();
    root.insert("context", config.context);
    root.insert("contexts", contexts);
    Secret::new(yaml::emit(&Value::Map(root)))
}

fn list(items: &[String]) -> Value {
    Value::List(items.iter().map(|item| item.as_str().into()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_keys_of_talosctl_in_its_order() {
        let credentials = ClientCredentials {
            ca_certificate: "Y2E=".into(),
            client_certificate: "Y3J0".into(),
            client_key: "a2V5".into(),
        };
        let text = render(&TalosConfig {
            context: "on",
            endpoints: &["10.0.0.1".into(), "fd00::1".into()],
            nodes: &[],
            credentials: &credentials,
        });
        let wanted = "context: \"on\"\ncontexts:\n    \"on\":\n        endpoints:\n            - 10.0.0.1\n            - fd00::1\n        ca: Y2E=\n        crt: Y3J0\n        key: a2V5\n";
        assert_eq!(text.expose(), wanted);
    }
}
