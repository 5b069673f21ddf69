//! New bundles, as Talos makes them.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

use super::{Bundle, CertAndKey, Certs, Cluster, KeyOnly, Secret, Secrets, TrustdInfo};
use crate::pki::{
    AUTHORITY_LIFETIME_SECONDS, CertificateError, Family, PrivateKey, Subject, Timestamp, Validity,
    pem, self_signed,
};
use crate::random::{self, Random};

/// The first minor version of Talos 1 whose bundles have an RSA service account key.
const RSA_SERVICE_ACCOUNT_SINCE: u32 = 7;
/// The first minor version of Talos 1 whose bundles have a secretbox key instead of an AES one.
const SECRETBOX_SINCE: u32 = 3;
/// The first minor version of Talos 1 that writes the cluster id in the standard alphabet.
const STANDARD_ID_SINCE: u32 = 14;

impl Bundle {
    /// A new bundle for Talos 1.`contract_minor`, its authorities valid for ten years from `now`.
    ///
    /// From contract 1.7 on it takes seconds: it contains an RSA-4096 key.
    pub fn generate(
        contract_minor: u32,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Self, CertificateError> {
        let service_account = if contract_minor >= RSA_SERVICE_ACCOUNT_SINCE {
            Family::Rsa4096
        } else {
            Family::P256
        };
        let key = PrivateKey::generate(service_account, random).to_pem()?;
        Ok(Self {
            cluster: cluster(contract_minor, random),
            secrets: secrets(contract_minor, random),
            trustdinfo: TrustdInfo {
                token: token(random),
            },
            certs: Certs {
                etcd: authority(Family::P256, Some("etcd"), now, random)?,
                k8s: authority(Family::P256, Some("kubernetes"), now, random)?,
                k8s_aggregator: authority(Family::P256, None, now, random)?,
                k8s_serviceaccount: KeyOnly {
                    key: pem::to_base64(key.expose()).into(),
                },
                os: authority(Family::Ed25519, Some("talos"), now, random)?,
            },
        })
    }
}

pub(super) fn cluster(contract_minor: u32, random: &mut dyn Random) -> Cluster {
    let id = random::bytes::<32>(random);
    let id = if contract_minor >= STANDARD_ID_SINCE {
        STANDARD.encode(id)
    } else {
        URL_SAFE.encode(id)
    };
    Cluster {
        id,
        secret: encryption_key(random),
    }
}

pub(super) fn secrets(contract_minor: u32, random: &mut dyn Random) -> Secrets {
    let bootstrap_token = token(random);
    let key = Some(encryption_key(random));
    let (secretbox, aescbc) = if contract_minor >= SECRETBOX_SINCE {
        (key, None)
    } else {
        (None, key)
    };
    Secrets {
        bootstrap_token,
        secretbox_encryption_secret: secretbox,
        aescbc_encryption_secret: aescbc,
    }
}

fn encryption_key(random: &mut dyn Random) -> Secret {
    Secret::new(STANDARD.encode(random::bytes::<32>(random)))
}

/// `[0-9a-z]{6}.[0-9a-z]{16}`.
pub(super) fn token(random: &mut dyn Random) -> Secret {
    let mut letters = String::with_capacity(23);
    while letters.len() < 23 {
        if letters.len() == 6 {
            letters.push('.');
        }
        let [byte] = random::bytes::<1>(random);
        // 252 is a multiple of 36: larger bytes would favour the first letters.
        if byte < 252 {
            letters.push(char::from(
                b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::from(byte % 36)],
            ));
        }
    }
    Secret::new(letters)
}

/// Talos names only the organisation; the front proxy's authority has no name at all.
pub(super) fn authority(
    family: Family,
    organization: Option<&str>,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<CertAndKey, CertificateError> {
    let key = PrivateKey::generate(family, random);
    let subject = Subject {
        organizations: organization.map(str::to_owned).into_iter().collect(),
        common_name: None,
    };
    let validity = Validity {
        not_before: now,
        not_after: now.plus_seconds(AUTHORITY_LIFETIME_SECONDS),
    };
    let certificate = self_signed(&subject, &key, validity, random)?;
    Ok(CertAndKey {
        cert: pem::to_base64(&certificate),
        key: pem::to_base64(key.to_pem()?.expose()).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::testing::Repeatable;

    const NOW: Timestamp = Timestamp(1_790_000_000);

    #[test]
    fn contract_decides_keys_and_alphabet() {
        let old = Bundle::generate(2, NOW, &mut Repeatable::new(3)).unwrap();
        assert!(old.secrets.secretbox_encryption_secret.is_none());
        assert!(old.secrets.aescbc_encryption_secret.is_some());
        let middle = Bundle::generate(6, NOW, &mut Repeatable::new(3)).unwrap();
        assert!(middle.secrets.secretbox_encryption_secret.is_some());
        assert!(middle.secrets.aescbc_encryption_secret.is_none());
        let key = PrivateKey::from_base64(middle.certs.k8s_serviceaccount.key.expose()).unwrap();
        assert_eq!(key.family(), Family::P256);
    }

    #[test]
    fn token_has_the_shape_kubernetes_wants() {
        let mut random = Repeatable::new(5);
        for _ in 0..200 {
            let token = token(&mut random);
            let (id, secret) = token.expose().split_once('.').unwrap();
            assert_eq!((id.len(), secret.len()), (6, 16));
            let is_letter = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase();
            assert!(id.chars().chain(secret.chars()).all(is_letter));
        }
    }

    #[test]
    fn same_randomness_gives_the_same_bundle() {
        let make = |seed| Bundle::generate(6, NOW, &mut Repeatable::new(seed)).unwrap();
        assert!(make(1) == make(1));
        assert!(make(1) != make(2));
    }
}
