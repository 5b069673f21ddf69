//! The text of `talosctl gen secrets`, written and read.

use super::{Bundle, CertAndKey, Certs, Cluster, KeyOnly, Secret, Secrets, TrustdInfo};
use crate::yaml::{self, Map, Node, NodeKind, Value};

/// Text that is no bundle. Never carries any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not YAML at all.
    #[error(transparent)]
    Syntax(#[from] yaml::ParseError),
    /// YAML of another shape.
    #[error(
        "not a secrets bundle: expected one mapping with the keys cluster, secrets, trustdinfo and certs, as `talosctl gen secrets` writes them"
    )]
    Shape,
}

impl Bundle {
    /// Reads the text of `talosctl gen secrets`. As there, unknown keys are ignored, and what is
    /// missing stays empty: [`Bundle::problems`] names it.
    pub fn from_yaml(text: &str) -> Result<Self, BundleError> {
        let documents = yaml::parse_nodes(text)?;
        let [root] = documents.as_slice() else {
            return Err(BundleError::Shape);
        };
        let root = Reader(Some(root));
        if ["cluster", "secrets", "trustdinfo", "certs"]
            .iter()
            .all(|key| root.get(key).0.is_none())
        {
            return Err(BundleError::Shape);
        }
        let (cluster, secrets, certs) =
            (root.get("cluster"), root.get("secrets"), root.get("certs"));
        Ok(Self {
            cluster: Cluster {
                id: cluster.get("id").text(),
                secret: cluster.get("secret").secret(),
            },
            secrets: Secrets {
                bootstrap_token: secrets.get("bootstraptoken").secret(),
                secretbox_encryption_secret: secrets.get("secretboxencryptionsecret").optional(),
                aescbc_encryption_secret: secrets.get("aescbcencryptionsecret").optional(),
            },
            trustdinfo: TrustdInfo {
                token: root.get("trustdinfo").get("token").secret(),
            },
            certs: Certs {
                etcd: certs.get("etcd").pair(),
                k8s: certs.get("k8s").pair(),
                k8s_aggregator: certs.get("k8saggregator").pair(),
                k8s_serviceaccount: KeyOnly {
                    key: certs.get("k8sserviceaccount").get("key").secret(),
                },
                os: certs.get("os").pair(),
            },
        })
    }

    /// The text that `talosctl gen secrets` writes for this bundle, byte for byte.
    pub fn to_yaml(&self) -> Secret {
        let certs = &self.certs;
        let secrets = &self.secrets;
        let mut tokens = Map::new();
        tokens.insert("bootstraptoken", secrets.bootstrap_token.expose());
        for (key, value) in [
            ("aescbcencryptionsecret", &secrets.aescbc_encryption_secret),
            (
                "secretboxencryptionsecret",
                &secrets.secretbox_encryption_secret,
            ),
        ] {
            if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                tokens.insert(key, value.expose());
            }
        }
        let key = certs.k8s_serviceaccount.key.expose();
        let root = mapping([
            (
                "cluster",
                mapping([
                    ("id", self.cluster.id.as_str().into()),
                    ("secret", self.cluster.secret.expose().into()),
                ]),
            ),
            ("secrets", tokens.into()),
            (
                "trustdinfo",
                mapping([("token", self.trustdinfo.token.expose().into())]),
            ),
            (
                "certs",
                mapping([
                    ("etcd", pair(&certs.etcd)),
                    ("k8s", pair(&certs.k8s)),
                    ("k8saggregator", pair(&certs.k8s_aggregator)),
                    ("k8sserviceaccount", mapping([("key", key.into())])),
                    ("os", pair(&certs.os)),
                ]),
            ),
        ]);
        Secret::new(yaml::emit(&root))
    }
}

fn mapping<const N: usize>(entries: [(&str, Value); N]) -> Value {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect::<Map>()
        .into()
}

fn pair(pair: &CertAndKey) -> Value {
    mapping([
        ("crt", pair.cert.as_str().into()),
        ("key", pair.key.expose().into()),
    ])
}

/// Walks nodes, not values: a token such as `123456.1234567890123456` is text, not a number.
#[derive(Clone, Copy)]
struct Reader<'a>(Option<&'a Node>);

impl<'a> Reader<'a> {
    fn get(self, key: &str) -> Self {
        let Some(NodeKind::Map(entries)) = self.0.map(|node| &node.target().kind) else {
            return Self(None);
        };
        Self(
            entries
                .iter()
                .find(|(name, _)| name.text() == key)
                .map(|(_, value)| value),
        )
    }

    fn text(self) -> String {
        let Some(scalar) = self.0.and_then(|node| node.target().scalar()) else {
            return String::new();
        };
        let is_null = !scalar.quoted && matches!(scalar.text.as_str(), "null" | "~");
        if is_null {
            String::new()
        } else {
            scalar.text.clone()
        }
    }

    fn secret(self) -> Secret {
        Secret::new(self.text())
    }

    fn optional(self) -> Option<Secret> {
        Some(self.secret()).filter(|secret| !secret.is_empty())
    }

    fn pair(self) -> CertAndKey {
        CertAndKey {
            cert: self.get("crt").text(),
            key: self.get("key").secret(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Timestamp;
    use crate::random::testing::Repeatable;

    fn bundle(contract_minor: u32) -> Bundle {
        let now = Timestamp(1_790_000_000);
        Bundle::generate(contract_minor, now, &mut Repeatable::new(1)).unwrap()
    }

    #[test]
    fn text_is_read_back_with_either_encryption_key() {
        for contract_minor in [2, 6] {
            let bundle = bundle(contract_minor);
            let text = bundle.to_yaml();
            assert!(Bundle::from_yaml(text.expose()).unwrap() == bundle);
        }
    }

    #[test]
    fn token_that_looks_like_a_number_stays_text() {
        let mut bundle = bundle(6);
        bundle.trustdinfo.token = "123456.1234567890123456".into();
        let text = bundle.to_yaml();
        assert!(
            text.expose()
                .contains("token: \"123456.1234567890123456\"\n")
        );
        assert!(Bundle::from_yaml(text.expose()).unwrap() == bundle);
        let unquoted = text.expose().replace('"', "");
        assert!(Bundle::from_yaml(&unquoted).unwrap() == bundle);
    }

    #[test]
    fn other_text_is_refused_and_gaps_are_named() {
        for text in [
            "",
            "mock",
            "- a",
            "kind: Pod\n",
            "cluster: {}\n---\ncluster: {}\n",
        ] {
            assert_eq!(
                Bundle::from_yaml(text).err(),
                Some(BundleError::Shape),
                "{text}"
            );
        }
        assert!(matches!(
            Bundle::from_yaml("a: [").err(),
            Some(BundleError::Syntax(_))
        ));
        let problems = Bundle::from_yaml("cluster: {id: x, extra: 1}\n")
            .unwrap()
            .problems();
        assert_eq!(problems.len(), 9, "{problems:?}");
        assert_eq!(problems[0], "cluster.secret is required");
    }
}
