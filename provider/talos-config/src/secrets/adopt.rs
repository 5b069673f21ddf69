//! The bundle of a cluster that is there already.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Bundle, CertAndKey, Certs, Cluster, KeyOnly, Secret, Secrets, TrustdInfo};
use crate::document::{Config, MAIN};
use crate::yaml::Value;

/// A configuration that does not have all secrets of its cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the configuration lacks secrets of the cluster, which only control planes have: {}",
    .0.join(", ")
)]
pub struct AdoptError(Vec<String>);

impl Bundle {
    /// The bundle that a control plane's configuration was made from, as
    /// `talosctl gen secrets --from-controlplane-config` finds it: from the documents of Talos
    /// 1.14 where they are, else from the main one.
    pub fn from_config(config: &Config) -> Result<Self, AdoptError> {
        let source = Source(config);
        let main = |path: &str| source.text(MAIN, path);
        let id = main("cluster.id");
        let (id, secret) = if id.is_empty() && main("cluster.secret").is_empty() {
            let identity = |key| source.text("DiscoveryIdentityConfig", key);
            (identity("clusterID"), identity("clusterSecret"))
        } else {
            (id, main("cluster.secret"))
        };
        let aescbc = main("cluster.aescbcEncryptionSecret");
        let bundle = Self {
            cluster: Cluster {
                id,
                secret: secret.as_str().into(),
            },
            secrets: Secrets {
                bootstrap_token: main("cluster.token").as_str().into(),
                secretbox_encryption_secret: optional(&source.secretbox()),
                aescbc_encryption_secret: optional(&aescbc),
            },
            trustdinfo: TrustdInfo {
                token: main("machine.token").as_str().into(),
            },
            certs: Certs {
                etcd: source.pair("cluster.etcd.ca"),
                k8s: source.either("KubeAPIServerCAConfig", "cluster.ca"),
                k8s_aggregator: source.either("KubeAggregatorCAConfig", "cluster.aggregatorCA"),
                k8s_serviceaccount: KeyOnly {
                    key: source.service_account().as_str().into(),
                },
                os: source.pair("machine.ca"),
            },
        };
        match bundle.problems() {
            problems if problems.is_empty() => Ok(bundle),
            problems => Err(AdoptError(problems)),
        }
    }
}

struct Source<'a>(&'a Config);

impl Source<'_> {
    fn value(&self, document: &str, path: &str) -> Option<&Value> {
        let body = self.0.document(document)?.body();
        let mut keys = path.split('.');
        let first = body.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key))
    }

    fn text(&self, document: &str, path: &str) -> String {
        let value = self.value(document, path).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    }

    /// A pair of the main document, which has base64.
    fn pair(&self, path: &str) -> CertAndKey {
        CertAndKey {
            cert: self.text(MAIN, &format!("{path}.crt")),
            key: self.text(MAIN, &format!("{path}.key")).as_str().into(),
        }
    }

    /// The issuing authority of a document, which has PEM, or that of the main document.
    fn either(&self, document: &str, path: &str) -> CertAndKey {
        if self.value(document, "issuingCA").is_none() {
            return self.pair(path);
        }
        let encoded = |key| STANDARD.encode(self.text(document, &format!("issuingCA.{key}")));
        CertAndKey {
            cert: encoded("cert"),
            key: encoded("key").as_str().into(),
        }
    }

    fn service_account(&self) -> String {
        match self.text("KubeServiceAccountConfig", "issuer.privateKey") {
            pem if pem.is_empty() => self.text(MAIN, "cluster.serviceAccount.key"),
            pem => STANDARD.encode(pem),
        }
    }

    /// The key that Secrets are encrypted with in etcd, if that is the first way of doing it.
    fn secretbox(&self) -> String {
        let list = |value: Option<&Value>| {
            let items = value.and_then(Value::as_list);
            items.map(<[Value]>::to_vec).unwrap_or_default()
        };
        let blocks = list(self.value("KubeEtcdEncryptionConfig", "config.resources"));
        let found = blocks
            .iter()
            .filter(|block| list(block.get("resources")).contains(&Value::from("secrets")))
            .find_map(|block| {
                let first = list(block.get("providers")).into_iter().next()?;
                let key = list(first.get("secretbox")?.get("keys"))
                    .into_iter()
                    .next()?;
                Some(key.get("secret")?.as_str()?.to_owned())
            });
        found.unwrap_or_else(|| self.text(MAIN, "cluster.secretboxEncryptionSecret"))
    }
}

fn optional(text: &str) -> Option<Secret> {
    (!text.is_empty()).then(|| text.into())
}
