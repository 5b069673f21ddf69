//! A control plane's Kubernetes API server, asked a single question.
//!
//! The credentials are those that Talos made for its own components on that machine; they are read over the Talos
//! API, used for one request and dropped.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Certificate, Identity};
use serde_json::Value as Json;
use talos_client::{Client, Cx, Kind};
use talos_config::yaml::{self, Value};

/// Port of the API server where the machine does not name one.
const PORT: u64 = 6443;
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// What Talos generated for Kubernetes; for os:admin only.
const SECRETS: Kind = Kind {
    namespace: "secrets",
    resource_type: "KubernetesSecrets.secrets.talos.dev",
};

/// Configuration of the API server that a machine runs: its image, and `localPort`, where it listens.
const CONFIG: Kind = Kind {
    namespace: "controlplane",
    resource_type: "APIServerConfigs.kubernetes.talos.dev",
};

/// The configuration of a machine's API server; `None` where it runs none.
pub async fn config(client: &Client, cx: &Cx) -> Result<Option<Json>, talos_client::Error> {
    let config = client.get(cx, &CONFIG, "kube-apiserver").await?;
    Ok(config.map(|config| config.spec))
}

/// Where the API server listens.
fn port(config: Option<&Json>) -> u64 {
    config
        .and_then(|config| config["localPort"].as_u64())
        .unwrap_or(PORT)
}

/// A control plane's API server, with credentials of its own machine.
pub struct ApiServer {
    http: reqwest::Client,
    url: String,
}

impl ApiServer {
    /// The one behind the address at which the Talos API of `client` answers; `None` where the machine has no
    /// credentials for it yet.
    pub async fn of(client: &Client, cx: &Cx) -> Result<Option<Self>, talos_client::Error> {
        let (secrets, config) =
            tokio::try_join!(client.get(cx, &SECRETS, "k8s-certs"), config(client, cx))?;
        let Some(http) = secrets.and_then(|secrets| {
            let text = secrets.spec["localhostAdminKubeconfig"].as_str()?;
            http(text)
        }) else {
            return Ok(None);
        };
        let host = client.endpoint().host();
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let port = port(config.as_ref());
        let url = format!("https://{host}:{port}");
        Ok(Some(Self { http, url }))
    }

    /// Asks `/readyz`. No answer is not ready.
    pub async fn is_ready(&self) -> bool {
        self.get("/readyz").await.is_some()
    }

    /// The answer to a GET of `path`; no answer, and any but a good one, is `None`.
    pub async fn get(&self, path: &str) -> Option<Vec<u8>> {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await;
        let answer = answer.ok().filter(|answer| answer.status().is_success())?;
        answer.bytes().await.ok().map(|bytes| bytes.to_vec())
    }
}

/// A client that trusts the cluster's CA and shows the kubeconfig's certificate.
fn http(kubeconfig: &str) -> Option<reqwest::Client> {
    let documents = yaml::parse(kubeconfig).ok()?;
    let root = documents.first()?;
    let cluster = first(root, "clusters")?.get("cluster")?;
    let user = first(root, "users")?.get("user")?;
    let mut identity = pem(user, "client-key-data")?;
    identity.extend(pem(user, "client-certificate-data")?);
    // Whoever installs a provider first wins; all of ours are ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE)
        .no_proxy()
        .tls_built_in_root_certs(false)
        .add_root_certificate(
            Certificate::from_pem(&pem(cluster, "certificate-authority-data")?).ok()?,
        )
        .identity(Identity::from_pem(&identity).ok()?)
        .build()
        .ok()
}

fn first<'a>(root: &'a Value, list: &str) -> Option<&'a Value> {
    root.get(list)?.as_list()?.first()
}

fn pem(entry: &Value, name: &str) -> Option<Vec<u8>> {
    STANDARD.decode(entry.get(name)?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_port_is_what_the_machine_says() {
        assert_eq!(port(Some(&json!({ "localPort": 7445 }))), 7445);
        assert_eq!(
            port(Some(&json!({ "image": "kube-apiserver:v1.35.6" }))),
            6443
        );
        assert_eq!(port(None), 6443);
    }
}
