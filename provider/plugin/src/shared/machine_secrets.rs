//! The secrets of a cluster, in the shape that configurations pass around.
//!
//! Names are those of siderolabs/talos' `machine_secrets`, so that modules can change provider.

use framework::prelude::*;
use talos_config::secrets::{Bundle, Cluster, Secret as Sealed, Secrets};

use super::access::Unusable;
use super::placeholder::is_placeholder_text;

const ATTRIBUTE: &str = "machine_secrets";

/// Everything the machines of a cluster share.
#[derive(Model, Clone, PartialEq)]
pub struct MachineSecrets {
    /// Identity of the cluster.
    #[tf(optional)]
    pub cluster: Field<ClusterSecrets>,
    /// Tokens and encryption keys.
    #[tf(optional)]
    pub secrets: Field<TokenSecrets>,
    /// Machine token.
    #[tf(optional)]
    pub trustdinfo: Field<TrustdInfo>,
    /// Certificate authorities and keys.
    #[tf(optional)]
    pub certs: Field<Certs>,
}

/// Identity of the cluster.
#[derive(Model, Clone, PartialEq)]
pub struct ClusterSecrets {
    /// Cluster id.
    #[tf(optional)]
    pub id: Field<String>,
    /// Secret that machines of the cluster share for discovery.
    #[tf(optional, sensitive)]
    pub secret: Field<Secret<String>>,
}

/// Tokens and encryption keys.
#[derive(Model, Clone, PartialEq)]
pub struct TokenSecrets {
    /// Kubernetes bootstrap token.
    #[tf(optional, sensitive)]
    pub bootstrap_token: Field<Secret<String>>,
    /// Key with which Kubernetes encrypts secrets in etcd (Talos 1.3 and later).
    #[tf(optional, sensitive)]
    pub secretbox_encryption_secret: Field<Secret<String>>,
    /// The same for earlier clusters.
    #[tf(optional, sensitive)]
    pub aescbc_encryption_secret: Field<Secret<String>>,
}

/// Machine token.
#[derive(Model, Clone, PartialEq)]
pub struct TrustdInfo {
    /// Token with which machines join.
    #[tf(optional, sensitive)]
    pub token: Field<Secret<String>>,
}

/// Certificate authorities and keys.
#[derive(Model, Clone, PartialEq)]
pub struct Certs {
    /// CA of etcd.
    #[tf(optional)]
    pub etcd: Field<CertAndKey>,
    /// CA of Kubernetes.
    #[tf(optional)]
    pub k8s: Field<CertAndKey>,
    /// CA of the Kubernetes aggregation layer.
    #[tf(optional)]
    pub k8s_aggregator: Field<CertAndKey>,
    /// Key that signs service account tokens.
    #[tf(optional)]
    pub k8s_serviceaccount: Field<KeyOnly>,
    /// CA of the Talos API.
    #[tf(optional)]
    pub os: Field<CertAndKey>,
}

/// A certificate and its key, each base64 of PEM.
#[derive(Model, Clone, PartialEq)]
pub struct CertAndKey {
    /// Certificate, base64 of PEM.
    #[tf(optional)]
    pub cert: Field<String>,
    /// Key, base64 of PEM.
    #[tf(optional, sensitive)]
    pub key: Field<Secret<String>>,
}

/// A key, base64 of PEM.
#[derive(Model, Clone, PartialEq)]
pub struct KeyOnly {
    /// Key, base64 of PEM.
    #[tf(optional, sensitive)]
    pub key: Field<Secret<String>>,
}

impl MachineSecrets {
    /// The bundle that these attributes hold; [`Unusable`] when a part of it is unknown or a placeholder.
    pub fn bundle(secrets: &Field<Self>) -> Result<Bundle, Unusable> {
        let secrets = known(secrets)?;
        let (cluster, tokens) = (known(&secrets.cluster)?, known(&secrets.secrets)?);
        let certs = known(&secrets.certs)?;
        Ok(Bundle {
            cluster: Cluster {
                id: text(&cluster.id)?.to_owned(),
                secret: secret(&cluster.secret)?,
            },
            secrets: Secrets {
                bootstrap_token: secret(&tokens.bootstrap_token)?,
                secretbox_encryption_secret: optional(&tokens.secretbox_encryption_secret)?,
                aescbc_encryption_secret: optional(&tokens.aescbc_encryption_secret)?,
            },
            trustdinfo: talos_config::secrets::TrustdInfo {
                token: secret(&known(&secrets.trustdinfo)?.token)?,
            },
            certs: talos_config::secrets::Certs {
                etcd: pair(&certs.etcd)?,
                k8s: pair(&certs.k8s)?,
                k8s_aggregator: pair(&certs.k8s_aggregator)?,
                k8s_serviceaccount: talos_config::secrets::KeyOnly {
                    key: secret(&known(&certs.k8s_serviceaccount)?.key)?,
                },
                os: pair(&certs.os)?,
            },
        })
    }

    /// The attributes that hold a bundle.
    pub fn of(bundle: &Bundle) -> Self {
        let certs = &bundle.certs;
        Self {
            cluster: Field::Known(ClusterSecrets {
                id: Field::Known(bundle.cluster.id.clone()),
                secret: sealed(&bundle.cluster.secret),
            }),
            secrets: Field::Known(TokenSecrets {
                bootstrap_token: sealed(&bundle.secrets.bootstrap_token),
                secretbox_encryption_secret: sealed_option(
                    bundle.secrets.secretbox_encryption_secret.as_ref(),
                ),
                aescbc_encryption_secret: sealed_option(
                    bundle.secrets.aescbc_encryption_secret.as_ref(),
                ),
            }),
            trustdinfo: Field::Known(TrustdInfo {
                token: sealed(&bundle.trustdinfo.token),
            }),
            certs: Field::Known(Certs {
                etcd: cert_and_key(&certs.etcd),
                k8s: cert_and_key(&certs.k8s),
                k8s_aggregator: cert_and_key(&certs.k8s_aggregator),
                k8s_serviceaccount: Field::Known(KeyOnly {
                    key: sealed(&certs.k8s_serviceaccount.key),
                }),
                os: cert_and_key(&certs.os),
            }),
        }
    }
}

fn known<T>(field: &Field<T>) -> Result<&T, Unusable> {
    match field {
        Field::Known(value) => Ok(value),
        Field::Null => Err(Unusable::Placeholder(ATTRIBUTE)),
        Field::Unknown => Err(Unusable::Unknown),
    }
}

fn text(field: &Field<String>) -> Result<&str, Unusable> {
    let value = known(field)?;
    if is_placeholder_text(value) {
        Err(Unusable::Placeholder(ATTRIBUTE))
    } else {
        Ok(value)
    }
}

fn secret(field: &Field<Secret<String>>) -> Result<Sealed, Unusable> {
    let value = known(field)?.expose();
    if is_placeholder_text(value) {
        Err(Unusable::Placeholder(ATTRIBUTE))
    } else {
        Ok(Sealed::new(value.clone()))
    }
}

fn optional(field: &Field<Secret<String>>) -> Result<Option<Sealed>, Unusable> {
    match field {
        Field::Null => Ok(None),
        Field::Known(value) if value.expose().is_empty() => Ok(None),
        field => secret(field).map(Some),
    }
}

fn pair(field: &Field<CertAndKey>) -> Result<talos_config::secrets::CertAndKey, Unusable> {
    let pair = known(field)?;
    Ok(talos_config::secrets::CertAndKey {
        cert: text(&pair.cert)?.to_owned(),
        key: secret(&pair.key)?,
    })
}

fn cert_and_key(pair: &talos_config::secrets::CertAndKey) -> Field<CertAndKey> {
    Field::Known(CertAndKey {
        cert: Field::Known(pair.cert.clone()),
        key: sealed(&pair.key),
    })
}

fn sealed(secret: &Sealed) -> Field<Secret<String>> {
    Field::Known(Secret::new(secret.expose().to_owned()))
}

fn sealed_option(secret: Option<&Sealed>) -> Field<Secret<String>> {
    secret.map_or(Field::Null, sealed)
}
