//! What makes a bundle usable, and how people recognise one.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{Bundle, CertAndKey};
use crate::pki::{Authority, Certificate, CertificateError, KeyError, PrivateKey};

impl Bundle {
    /// Everything that is missing or wrong, in the order of the bundle; empty when it is usable.
    /// The texts name fields as `talosctl` does and carry no value.
    pub fn problems(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut require = |name: &str, is_empty: bool| {
            if is_empty {
                out.push(format!("{name} is required"));
            }
        };
        require("cluster.id", self.cluster.id.is_empty());
        require("cluster.secret", self.cluster.secret.is_empty());
        require(
            "secrets.bootstraptoken",
            self.secrets.bootstrap_token.is_empty(),
        );
        require("trustdinfo.token", self.trustdinfo.token.is_empty());
        out.extend(self.encryption_problem());
        let certs = &self.certs;
        for (name, pair) in [
            ("etcd", &certs.etcd),
            ("k8s", &certs.k8s),
            ("k8saggregator", &certs.k8s_aggregator),
            ("os", &certs.os),
        ] {
            out.extend(pair_problem(name, pair));
        }
        out.extend(self.service_account_problem());
        out
    }

    /// SHA-256 of the public keys (`SubjectPublicKeyInfo`) in standard base64: the form in which
    /// `talosctl` takes and machines in maintenance mode show fingerprints. What does not parse
    /// is left out; [`Self::problems`] names it.
    pub fn fingerprints(&self) -> BTreeMap<String, String> {
        let certs = &self.certs;
        let authorities = [
            ("os_ca", &certs.os),
            ("kubernetes_ca", &certs.k8s),
            ("etcd_ca", &certs.etcd),
            ("aggregator_ca", &certs.k8s_aggregator),
        ];
        let mut out: BTreeMap<String, String> = authorities
            .into_iter()
            .filter_map(|(name, pair)| {
                let certificate = Certificate::from_base64(&pair.cert).ok()?;
                Some((name.to_owned(), fingerprint(&certificate.public_key_info)))
            })
            .collect();
        let service_account = PrivateKey::from_base64(certs.k8s_serviceaccount.key.expose());
        if let Ok(info) = service_account.and_then(|key| key.public_key_info()) {
            out.insert("service_account".to_owned(), fingerprint(&info));
        }
        out
    }

    fn encryption_problem(&self) -> Option<String> {
        const CHOICE: &str = "[secrets.secretboxencryptionsecret, secrets.aescbcencryptionsecret]";
        let is_set = |key: &Option<super::Secret>| key.as_ref().is_some_and(|key| !key.is_empty());
        let secretbox = is_set(&self.secrets.secretbox_encryption_secret);
        let aescbc = is_set(&self.secrets.aescbc_encryption_secret);
        match (secretbox, aescbc) {
            (false, false) => Some(format!("one of {CHOICE} is required")),
            (true, true) => Some(format!("only one of {CHOICE} is allowed")),
            _ => None,
        }
    }

    fn service_account_problem(&self) -> Option<String> {
        let key = &self.certs.k8s_serviceaccount.key;
        if key.is_empty() {
            return Some("certs.k8sserviceaccount is required".to_owned());
        }
        let error: KeyError = PrivateKey::from_base64(key.expose()).err()?;
        Some(format!("certs.k8sserviceaccount is invalid: {error}"))
    }
}

/// SHA-256 of a `SubjectPublicKeyInfo` in standard base64.
pub fn fingerprint(public_key_info: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(public_key_info))
}

fn pair_problem(name: &str, pair: &CertAndKey) -> Option<String> {
    if pair.cert.is_empty() && pair.key.is_empty() {
        return Some(format!("certs.{name} is required"));
    }
    let error: CertificateError = Authority::from_base64(&pair.cert, pair.key.expose()).err()?;
    Some(format!("certs.{name} is invalid: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Timestamp;
    use crate::random::testing::Repeatable;

    fn bundle() -> Bundle {
        Bundle::generate(6, Timestamp(1_790_000_000), &mut Repeatable::new(11)).unwrap()
    }

    #[test]
    fn generated_bundle_has_no_problem_and_five_fingerprints() {
        let bundle = bundle();
        assert_eq!(bundle.problems(), Vec::<String>::new());
        let names: Vec<_> = bundle.fingerprints().into_keys().collect();
        let wanted = [
            "aggregator_ca",
            "etcd_ca",
            "kubernetes_ca",
            "os_ca",
            "service_account",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let mut bundle = bundle();
        bundle.cluster.id.clear();
        bundle.secrets.aescbc_encryption_secret = Some("key".into());
        bundle.certs.etcd.key = bundle.certs.k8s.key.clone();
        bundle.certs.k8s_aggregator.cert.clear();
        bundle.certs.k8s_aggregator.key = "".into();
        bundle.certs.k8s_serviceaccount.key = "bW9jaw==".into();
        let problems = bundle.problems();
        assert_eq!(
            problems,
            [
                "cluster.id is required",
                "only one of [secrets.secretboxencryptionsecret, secrets.aescbcencryptionsecret] is allowed",
                "certs.etcd is invalid: the private key does not belong to the certificate",
                "certs.k8saggregator is required",
                "certs.k8sserviceaccount is invalid: not a PEM block",
            ]
        );
    }
}
