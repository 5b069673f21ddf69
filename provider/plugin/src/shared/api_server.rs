//! Whether a control plane's Kubernetes API server is ready, by asking it.
//!
//! The credentials are those that Talos made for its own components on that machine; they are read over the Talos
//! API, used for one request and dropped.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Certificate, Identity};
use talos_client::{Client, Cx, Kind};
use talos_config::yaml::{self, Value};

/// Port of the API server on every control plane.
const PORT: u16 = 6443;
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// What Talos generated for Kubernetes; for os:admin only.
const SECRETS: Kind = Kind {
    namespace: "secrets",
    resource_type: "KubernetesSecrets.secrets.talos.dev",
};

/// Asks `/readyz` at the address at which the Talos API of `client` answers. No answer is not ready.
pub async fn is_ready(client: &Client, cx: &Cx) -> Result<bool, talos_client::Error> {
    let Some(secrets) = client.get(cx, &SECRETS, "k8s-certs").await? else {
        return Ok(false);
    };
    let kubeconfig = secrets.spec["localhostAdminKubeconfig"]
        .as_str()
        .unwrap_or_default();
    let Some(http) = http(kubeconfig) else {
        return Ok(false);
    };
    let host = client.endpoint().host();
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let answer = http
        .get(format!("https://{host}:{PORT}/readyz"))
        .send()
        .await;
    Ok(answer.is_ok_and(|answer| answer.status().is_success()))
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
