//! Client credentials for the Talos API and for Kubernetes, issued from a bundle's authorities.

use super::{
    Authority, CertificateError, ClientKind, KeyError, PrivateKey, Subject, Timestamp, Validity,
    pem, standard_label,
};
use crate::random::Random;
use crate::secrets::{CertAndKey, Secret};

/// How far `NotBefore` of a Kubernetes client lies back, against clocks that disagree.
const KUBERNETES_CLOCK_SKEW_SECONDS: i64 = 10;

/// What a client needs to speak to an API, each standard base64 of PEM text.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Who signs the servers' certificates.
    pub ca_certificate: String,
    /// The client's certificate.
    pub client_certificate: String,
    /// The client's private key; Talos's own PEM label where the Talos API is meant.
    pub client_key: Secret,
}

/// When credentials are made and how long they last.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    /// The caller's clock.
    pub now: Timestamp,
    /// Seconds from `now` to the last moment of validity.
    pub seconds: i64,
}

/// Credentials for the Talos API: one organisation per role (`os:admin`, `os:reader`, …).
pub fn talos_client(
    os: &CertAndKey,
    roles: &[String],
    lifetime: Lifetime,
    random: &mut dyn Random,
) -> Result<ClientCredentials, CertificateError> {
    let subject = Subject {
        organizations: roles.to_vec(),
        common_name: None,
    };
    let not_before = lifetime.now;
    issue(
        os,
        ClientKind::Talos,
        &subject,
        not_before,
        lifetime,
        random,
    )
}

/// Credentials for Kubernetes: `user` and the groups it is in (`system:masters`, …).
pub fn kubernetes_client(
    k8s: &CertAndKey,
    user: &str,
    organizations: &[String],
    lifetime: Lifetime,
    random: &mut dyn Random,
) -> Result<ClientCredentials, CertificateError> {
    let subject = Subject {
        organizations: organizations.to_vec(),
        common_name: Some(user.to_owned()),
    };
    let not_before = lifetime.now.plus_seconds(-KUBERNETES_CLOCK_SKEW_SECONDS);
    issue(
        k8s,
        ClientKind::Kubernetes,
        &subject,
        not_before,
        lifetime,
        random,
    )
}

fn issue(
    authority: &CertAndKey,
    kind: ClientKind,
    subject: &Subject,
    not_before: Timestamp,
    lifetime: Lifetime,
    random: &mut dyn Random,
) -> Result<ClientCredentials, CertificateError> {
    let signer = Authority::from_base64(&authority.cert, authority.key.expose())?;
    let key = PrivateKey::generate(signer.key().family(), random);
    let validity = Validity {
        not_before,
        not_after: lifetime.now.plus_seconds(lifetime.seconds),
    };
    let certificate = signer
        .issue_client(kind, subject, &key, validity, random)
        .map_err(|error| named(kind, error))?;
    let key = match kind {
        ClientKind::Talos => key.to_pem()?,
        // Kubernetes' clients know no Ed25519 label of their own.
        ClientKind::Kubernetes => standard_label(key.to_pem()?.expose()),
    };
    Ok(ClientCredentials {
        ca_certificate: authority.cert.clone(),
        client_certificate: pem::to_base64(&certificate),
        client_key: pem::to_base64(key.expose()).into(),
    })
}

/// The error with the name of the authority, where it is the authority's.
fn named(kind: ClientKind, error: CertificateError) -> CertificateError {
    let authority = match kind {
        ClientKind::Talos => "certs.os",
        ClientKind::Kubernetes => "certs.k8s",
    };
    match error {
        CertificateError::Key(KeyError::Curve(curve)) => {
            CertificateError::CannotSign { authority, curve }
        }
        other => other,
    }
}
