//! The text of `talosctl gen secrets`, written and read.

use super::read::Mapping;
use super::{Bundle, CertAndKey, Certs, Cluster, KeyOnly, Secret, Secrets, TrustdInfo};
use crate::base64;
use crate::yaml::{self, Budget, Map, NodeKind, Value};

/// Text that is no bundle. Never carries any of its values.
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
    /// A mapping or a value that cannot be read, such as a key that is there twice.
    #[error("{path}: {message} (line {line})")]
    Place {
        /// Where, from the root.
        path: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl Bundle {
    /// Reads the text of `talosctl gen secrets`. As there, unknown keys are ignored, and what is
    /// missing stays empty: [`Bundle::problems`] names it.
    pub fn from_yaml(text: &str) -> Result<Self, BundleError> {
        let documents = yaml::parse_nodes(text)?;
        let [root] = documents.as_slice() else {
            return Err(BundleError::Shape);
        };
        if !matches!(root.target().kind, NodeKind::Map(_)) {
            return Err(BundleError::Shape);
        }
        let budget = &mut Budget::default();
        let root = Mapping::root(root, budget)?;
        let parts = ["cluster", "secrets", "trustdinfo", "certs"];
        if !parts.iter().any(|key| root.has(key)) {
            return Err(BundleError::Shape);
        }
        let [cluster, secrets, trustdinfo, certs] = parts.map(|key| root.child(key, budget));
        let (cluster, secrets, trustdinfo, certs) = (cluster?, secrets?, trustdinfo?, certs?);
        let service_account = certs.child("k8sserviceaccount", budget)?;
        Ok(Self {
            cluster: Cluster {
                id: cluster.text("id", budget)?,
                secret: cluster.text("secret", budget)?.into(),
            },
            secrets: Secrets {
                bootstrap_token: secrets.text("bootstraptoken", budget)?.into(),
                secretbox_encryption_secret: optional(
                    secrets.text("secretboxencryptionsecret", budget)?,
                ),
                aescbc_encryption_secret: optional(secrets.text("aescbcencryptionsecret", budget)?),
            },
            trustdinfo: TrustdInfo {
                token: trustdinfo.text("token", budget)?.into(),
            },
            certs: Certs {
                etcd: read_pair(&certs.child("etcd", budget)?, budget)?,
                k8s: read_pair(&certs.child("k8s", budget)?, budget)?,
                k8s_aggregator: read_pair(&certs.child("k8saggregator", budget)?, budget)?,
                k8s_serviceaccount: KeyOnly {
                    key: base64::normal(service_account.text("key", budget)?).into(),
                },
                os: read_pair(&certs.child("os", budget)?, budget)?,
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

fn optional(text: String) -> Option<Secret> {
    Some(Secret::new(text)).filter(|secret| !secret.is_empty())
}

fn read_pair(from: &Mapping<'_>, budget: &mut Budget) -> Result<CertAndKey, BundleError> {
    Ok(CertAndKey {
        cert: base64::normal(from.text("crt", budget)?),
        key: base64::normal(from.text("key", budget)?).into(),
    })
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

    fn refusal(text: &str) -> String {
        Bundle::from_yaml(text).err().unwrap().to_string()
    }

    #[test]
    fn what_talos_refuses_is_refused_by_path_and_line() {
        for (text, wanted) in [
            (
                "cluster: {}\ntrustdinfo:\n    token: a\n    token: b\n",
                "trustdinfo: key 'token' is there twice (line 4)",
            ),
            (
                "trustdinfo: {token: a}\ntrustdinfo: {token: b}\n",
                "the bundle: key 'trustdinfo' is there twice (line 2)",
            ),
            (
                "cluster:\n    [a]: 2\n",
                "cluster: a key must be a single value (line 2)",
            ),
            ("cluster: [a]\n", "cluster: must be a mapping (line 1)"),
            (
                "cluster:\n    id: {a: b}\n",
                "cluster.id: must be a single value (line 2)",
            ),
            (
                "cluster: {id: !!binary \"%\"}\n",
                "cluster.id: !!binary is not base64 (line 1)",
            ),
            (
                "cluster: {<<: a}\n",
                "cluster: << needs a mapping or a list of mappings (line 1)",
            ),
        ] {
            assert_eq!(refusal(text), wanted);
        }
    }

    #[test]
    fn merge_keys_aliases_and_tags_are_followed() {
        let text = "more: &m {secret: &s c, id: other}\ncluster: {id: !!binary YWI=, <<: *m}\n\
            trustdinfo: {token: *s}\nsecrets: {bootstraptoken: Null}\n";
        let bundle = Bundle::from_yaml(text).unwrap();
        assert_eq!(bundle.cluster.id, "ab");
        assert_eq!(bundle.cluster.secret.expose(), "c");
        assert_eq!(bundle.trustdinfo.token.expose(), "c");
        assert!(bundle.secrets.bootstrap_token.is_empty());
    }
}
