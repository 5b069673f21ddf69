//! Signs a client certificate with the Kubernetes CA and writes it as a kubeconfig.

use framework::prelude::*;
use talos_config::kubeconfig::{self, KubeConfig};
use talos_config::pki::{self, Lifetime, Timestamp};
use talos_config::secrets::Bundle;

use super::model::KubernetesClientConfiguration;
use crate::shared::entropy::OsRandom;

/// What the kubeconfig is for.
pub struct Request<'a> {
    /// Name of the cluster in the kubeconfig.
    pub cluster_name: &'a str,
    /// URL of the Kubernetes API.
    pub endpoint: &'a str,
    /// User name in the certificate.
    pub user: &'a str,
    /// Groups in the certificate.
    pub organizations: &'a [String],
    /// From when and how long the certificate is valid.
    pub lifetime: Lifetime,
}

/// A kubeconfig in both forms.
pub struct Minted {
    /// The file's text.
    pub kubeconfig: Secret<String>,
    /// The same as separate values.
    pub client_configuration: KubernetesClientConfiguration,
    /// When the certificate ends.
    pub expires_at: Timestamp,
}

/// Fails only where the CA in the bundle cannot sign.
pub fn mint(bundle: &Bundle, request: &Request<'_>) -> Result<Minted, Error> {
    let mut random = OsRandom::new()?;
    let credentials = pki::kubernetes_client(
        &bundle.certs.k8s,
        request.user,
        request.organizations,
        request.lifetime,
        &mut random,
    )
    .map_err(|error| {
        Error::new(
            "TS-KUBECONFIG: unable to sign a Kubernetes client certificate",
            format!("The Kubernetes CA in `machine_secrets` cannot sign: {error}."),
        )
        .at("machine_secrets")
    })?;
    let client_configuration = KubernetesClientConfiguration {
        host: request.endpoint.to_owned().into(),
        ca_certificate: credentials.ca_certificate.clone().into(),
        client_certificate: credentials.client_certificate.clone().into(),
        client_key: Field::Known(Secret::new(credentials.client_key.expose().to_owned())),
    };
    let text = kubeconfig::render(&KubeConfig {
        cluster_name: request.cluster_name,
        endpoint: request.endpoint,
        user: request.user,
        credentials: &credentials,
    });
    Ok(Minted {
        kubeconfig: Secret::new(text.expose().to_owned()),
        client_configuration,
        expires_at: request.lifetime.now.plus_seconds(request.lifetime.seconds),
    })
}
