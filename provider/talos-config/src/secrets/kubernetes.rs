//! A cluster of Kubernetes that was not made by Talos, with the authorities that it has.

use super::generate::{authority, cluster, secrets, token};
use super::{Bundle, CertAndKey, Certs, KeyOnly, TrustdInfo};
use crate::pki::{CertificateError, Family, Timestamp, pem};
use crate::random::Random;

/// The authorities of a cluster, PEM texts as they are in `/etc/kubernetes/pki`.
#[derive(Clone, Copy)]
pub struct KubernetesPki<'a> {
    /// `ca.crt` and `ca.key`.
    pub ca: (&'a str, &'a str),
    /// `etcd/ca.crt` and `etcd/ca.key`.
    pub etcd: (&'a str, &'a str),
    /// `front-proxy-ca.crt` and `front-proxy-ca.key`.
    pub front_proxy: (&'a str, &'a str),
    /// `sa.key`.
    pub service_account: &'a str,
}

/// A folder from which no bundle can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PkiError {
    /// Authorities that do not work.
    #[error("the Kubernetes PKI cannot be used: {}", .0.join(", "))]
    Unusable(Vec<String>),
    /// The new authority of the Talos API could not be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl Bundle {
    /// A bundle for Talos 1.`contract_minor` that keeps the authorities of a cluster of
    /// Kubernetes, as `talosctl gen secrets --from-kubernetes-pki` makes it. What Talos has beside
    /// them is new; `bootstrap_token` too unless it is given.
    pub fn from_kubernetes_pki(
        pki: KubernetesPki<'_>,
        bootstrap_token: Option<&str>,
        contract_minor: u32,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Self, PkiError> {
        let mut secrets = secrets(contract_minor, random);
        if let Some(token) = bootstrap_token {
            secrets.bootstrap_token = token.into();
        }
        let bundle = Self {
            cluster: cluster(contract_minor, random),
            secrets,
            trustdinfo: TrustdInfo {
                token: token(random),
            },
            certs: Certs {
                etcd: pair(pki.etcd),
                k8s: pair(pki.ca),
                k8s_aggregator: pair(pki.front_proxy),
                k8s_serviceaccount: KeyOnly {
                    key: pem::to_base64(pki.service_account).into(),
                },
                os: authority(Family::Ed25519, Some("talos"), now, random)?,
            },
        };
        match bundle.problems() {
            problems if problems.is_empty() => Ok(bundle),
            problems => Err(PkiError::Unusable(problems)),
        }
    }
}

fn pair((cert, key): (&str, &str)) -> CertAndKey {
    CertAndKey {
        cert: pem::to_base64(cert),
        key: pem::to_base64(key).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::testing::Repeatable;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    fn text(base64: &str) -> String {
        String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
    }

    #[test]
    fn authorities_are_kept_and_the_rest_is_new() {
        let now = Timestamp(1_790_000_000);
        let old = Bundle::generate(6, now, &mut Repeatable::new(3)).unwrap();
        let certs = &old.certs;
        let texts = [
            &certs.k8s.cert,
            certs.k8s.key.expose(),
            &certs.etcd.cert,
            certs.etcd.key.expose(),
            &certs.k8s_aggregator.cert,
            certs.k8s_aggregator.key.expose(),
            certs.k8s_serviceaccount.key.expose(),
        ]
        .map(text);
        let [ca, ca_key, etcd, etcd_key, front, front_key, account] = texts.each_ref();
        let pki = KubernetesPki {
            ca: (ca, ca_key),
            etcd: (etcd, etcd_key),
            front_proxy: (front, front_key),
            service_account: account,
        };
        let random = &mut Repeatable::new(4);
        let new = Bundle::from_kubernetes_pki(pki, Some("a.b"), 14, now, random).unwrap();
        assert!(new.certs.k8s == certs.k8s && new.certs.etcd == certs.etcd);
        assert!(new.certs.k8s_aggregator == certs.k8s_aggregator);
        assert!(new.certs.os != certs.os && new.cluster != old.cluster);
        assert_eq!(new.secrets.bootstrap_token.expose(), "a.b");
        let crossed = KubernetesPki {
            etcd: (etcd, ca_key),
            ..pki
        };
        let error = Bundle::from_kubernetes_pki(crossed, None, 14, now, random).err();
        let error = error.map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("certs.etcd is invalid"), "{error}");
    }
}
