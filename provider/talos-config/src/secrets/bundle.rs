use super::Secret;

/// Everything secret that a cluster starts from: what `talosctl gen secrets` writes.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Identity in the discovery service.
    pub cluster: Cluster,
    /// Tokens and encryption keys of Kubernetes.
    pub secrets: Secrets,
    /// What a worker shows to join.
    pub trustdinfo: TrustdInfo,
    /// Certificate authorities and the service account key.
    pub certs: Certs,
}

/// Identity of the cluster in the discovery service.
#[derive(Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Base64 of 32 bytes, URL alphabet up to Talos 1.13: treat it as opaque.
    pub id: String,
    /// Standard base64 of 32 bytes.
    pub secret: Secret,
}

/// Tokens and encryption keys of Kubernetes. Exactly one of the two encryption keys is present.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// `[0-9a-z]{6}.[0-9a-z]{16}`.
    pub bootstrap_token: Secret,
    /// Standard base64 of 32 bytes, from contract 1.3 on.
    pub secretbox_encryption_secret: Option<Secret>,
    /// Standard base64 of 32 bytes, up to contract 1.2.
    pub aescbc_encryption_secret: Option<Secret>,
}

/// What a worker shows to join.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustdInfo {
    /// `[0-9a-z]{6}.[0-9a-z]{16}`.
    pub token: Secret,
}

/// Certificate authorities and the service account key.
#[derive(Clone, PartialEq, Eq)]
pub struct Certs {
    /// Signs etcd's server, peer and client certificates.
    pub etcd: CertAndKey,
    /// Signs Kubernetes' server and client certificates.
    pub k8s: CertAndKey,
    /// Signs the front proxy's client certificate.
    pub k8s_aggregator: CertAndKey,
    /// Signs service account tokens.
    pub k8s_serviceaccount: KeyOnly,
    /// Signs the certificates of the Talos API.
    pub os: CertAndKey,
}

/// A certificate and its private key, each standard base64 of PEM text.
#[derive(Clone, PartialEq, Eq)]
pub struct CertAndKey {
    /// Base64 of a `CERTIFICATE` block.
    pub cert: String,
    /// Base64 of a private key block.
    pub key: Secret,
}

/// A private key, standard base64 of PEM text.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyOnly {
    /// Base64 of a private key block.
    pub key: Secret,
}
