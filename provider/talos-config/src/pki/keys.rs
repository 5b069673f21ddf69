//! Private keys of the families that Talos and Kubernetes use.

use p256::ecdsa::{self, signature::Signer};
use ring::signature::{Ed25519KeyPair, KeyPair};
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::signature::SignatureEncoding;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::curve::{Curve, CurveKey};
use super::{der, oid, pem, rsa_key};
use crate::random::{self, Random};
use crate::secrets::Secret;

const ED25519_LABEL: &str = "ED25519 PRIVATE KEY";
const EC_LABEL: &str = "EC PRIVATE KEY";
const RSA_LABEL: &str = "RSA PRIVATE KEY";
const PKCS8_LABEL: &str = "PRIVATE KEY";

/// The families of keys that occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The Talos API's authority and its clients.
    Ed25519,
    /// Everything of Kubernetes and etcd.
    P256,
    /// Service accounts since contract 1.7, and authorities adopted from elsewhere.
    Rsa4096,
}

/// A private key.
pub enum PrivateKey {
    /// The 32-byte seed.
    Ed25519(Zeroizing<[u8; 32]>),
    /// A scalar on P-256.
    P256(Box<p256::SecretKey>),
    /// A scalar on another of the NIST curves.
    Curve(Box<CurveKey>),
    /// RSA of any size.
    Rsa(Box<rsa::RsaPrivateKey>),
}

/// Why a private key cannot be used. Never carries the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM, or not base64 of PEM.
    #[error(transparent)]
    Pem(#[from] pem::PemError),
    /// A PEM block of another kind.
    #[error("a {0:?} block is not a private key that Talos knows (Ed25519, EC, RSA or PKCS#8)")]
    Label(String),
    /// The block does not hold a key of the kind its label promises.
    #[error("the {0:?} block does not hold a usable key (Ed25519, ECDSA or RSA)")]
    Content(String),
    /// A curve on which nothing is signed here.
    #[error("a key on the curve {0} cannot sign here")]
    Curve(&'static str),
    /// Its public half is not in it, and is not computed here.
    #[error("the key on the curve {0} does not hold its public half")]
    NoPublicKey(&'static str),
    /// The signature could not be computed.
    #[error("the private key cannot sign")]
    Sign,
}

impl PrivateKey {
    /// A new key. RSA takes seconds, the others microseconds.
    pub fn generate(family: Family, random: &mut dyn Random) -> Self {
        match family {
            Family::Ed25519 => Self::Ed25519(Zeroizing::new(random::bytes(random))),
            Family::P256 => loop {
                let scalar = Zeroizing::new(random::bytes::<32>(random));
                if let Ok(key) = p256::SecretKey::from_slice(&*scalar) {
                    break Self::P256(Box::new(key));
                }
            },
            Family::Rsa4096 => Self::Rsa(Box::new(rsa_key::generate(random))),
        }
    }

    /// Which family the keys of its clients belong to, as Talos has it: every size of RSA counts as
    /// one, and every curve as P-256.
    pub fn family(&self) -> Family {
        match self {
            Self::Ed25519(_) => Family::Ed25519,
            Self::P256(_) | Self::Curve(_) => Family::P256,
            Self::Rsa(_) => Family::Rsa4096,
        }
    }

    /// Reads PEM text: Talos's own labels and PKCS#8.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_pem_bytes(text.as_bytes())
    }

    /// Reads base64 of PEM text, the form in which Talos stores keys.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        Self::from_pem_bytes(&pem::from_base64(text)?)
    }

    fn from_pem_bytes(text: &[u8]) -> Result<Self, KeyError> {
        let block = pem::decode(text)?;
        let unusable = || KeyError::Content(block.label.clone());
        match block.label.as_str() {
            EC_LABEL => CurveKey::read(&block.der, None)
                .and_then(Self::on_curve)
                .ok_or_else(unusable),
            RSA_LABEL => rsa::RsaPrivateKey::from_pkcs1_der(&block.der)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|_| unusable()),
            ED25519_LABEL => ed25519_seed(&block.der)
                .map(Self::Ed25519)
                .ok_or_else(unusable),
            PKCS8_LABEL => Self::from_pkcs8(&block.der).ok_or_else(unusable),
            _ => Err(KeyError::Label(block.label)),
        }
    }

    /// Reads PKCS#8 in DER.
    pub(crate) fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let rsa = || rsa::RsaPrivateKey::from_pkcs8_der(bytes).ok();
        ed25519_seed(bytes)
            .map(Self::Ed25519)
            .or_else(|| ec_pkcs8(bytes).and_then(Self::on_curve))
            .or_else(|| rsa().map(|key| Self::Rsa(Box::new(key))))
    }

    fn on_curve(key: CurveKey) -> Option<Self> {
        if key.curve != Curve::P256 {
            return Some(Self::Curve(Box::new(key)));
        }
        let key = p256::SecretKey::from_slice(&key.scalar).ok()?;
        Some(Self::P256(Box::new(key)))
    }

    /// This key with the public half of its certificate, if it has none itself.
    pub(super) fn completed_by(self, public_key_info: &[u8]) -> Self {
        match self {
            Self::Curve(key) => Self::Curve(Box::new(key.completed_by(public_key_info))),
            key => key,
        }
    }

    /// PEM text with the label that Talos expects. Its Ed25519 label stands for PKCS#8.
    pub fn to_pem(&self) -> Result<Secret, KeyError> {
        let (label, der) = match self {
            Self::Ed25519(seed) => (ED25519_LABEL, ed25519_pkcs8(seed)),
            Self::P256(key) => (EC_LABEL, sec1(key)),
            Self::Curve(key) => (EC_LABEL, key.to_der()),
            Self::Rsa(key) => {
                let der = key
                    .to_pkcs1_der()
                    .map_err(|_| KeyError::Content(RSA_LABEL.into()))?;
                (RSA_LABEL, Zeroizing::new(der.as_bytes().to_vec()))
            }
        };
        Ok(pem::encode(label, &der))
    }

    /// `SubjectPublicKeyInfo` in DER.
    pub fn public_key_info(&self) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Ed25519(seed) => {
                let public = ed25519(seed)?;
                Ok(der::constructed(
                    der::SEQUENCE,
                    &[
                        &oid::sequence(oid::ED25519),
                        &der::bit_string(public.public_key().as_ref()),
                    ],
                ))
            }
            Self::P256(key) => Ok(der::constructed(
                der::SEQUENCE,
                &[
                    &der::constructed(
                        der::SEQUENCE,
                        &[
                            &der::element(der::OID, oid::EC_PUBLIC_KEY),
                            &der::element(der::OID, oid::P256),
                        ],
                    ),
                    &der::bit_string(&p256_point(key)),
                ],
            )),
            Self::Curve(key) => key.public_key_info(),
            Self::Rsa(key) => key
                .to_public_key()
                .to_public_key_der()
                .map(|der| der.as_bytes().to_vec())
                .map_err(|_| KeyError::Content(RSA_LABEL.into())),
        }
    }

    /// `AlgorithmIdentifier` of [`Self::sign`].
    pub(crate) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(_) => oid::sequence(oid::ED25519),
            Self::P256(_) => oid::sequence(oid::ECDSA_SHA256),
            Self::Curve(_) => oid::sequence(oid::ECDSA_SHA384),
            Self::Rsa(_) => der::constructed(
                der::SEQUENCE,
                &[
                    &der::element(der::OID, oid::RSA_SHA256),
                    &der::element(der::NULL, &[]),
                ],
            ),
        }
    }

    /// Signs with SHA-256, or as Ed25519 does: the same each time (RFC 6979 for P-256). P-384 signs
    /// with SHA-384 and fresh randomness; other curves do not sign.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Ed25519(seed) => Ok(ed25519(seed)?.sign(message).as_ref().to_vec()),
            Self::P256(key) => {
                let signature: ecdsa::DerSignature = ecdsa::SigningKey::from(&**key)
                    .try_sign(message)
                    .map_err(|_| KeyError::Sign)?;
                Ok(signature.as_bytes().to_vec())
            }
            Self::Curve(key) => key.sign(message),
            Self::Rsa(key) => rsa::pkcs1v15::SigningKey::<Sha256>::new((**key).clone())
                .try_sign(message)
                .map(|signature| signature.to_vec())
                .map_err(|_| KeyError::Sign),
        }
    }
}

/// PEM text in which rustls and OpenSSL recognise the key: Talos's Ed25519 label holds PKCS#8.
pub fn standard_label(pem_text: &str) -> Secret {
    Secret::new(pem_text.replace(ED25519_LABEL, PKCS8_LABEL))
}

fn ed25519(seed: &[u8; 32]) -> Result<Ed25519KeyPair, KeyError> {
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Content(ED25519_LABEL.into()))
}

/// RFC 5958, version 0: 48 bytes, as Go writes it.
fn ed25519_pkcs8(seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let inner = Zeroizing::new(der::element(der::OCTET_STRING, seed));
    Zeroizing::new(der::constructed(
        der::SEQUENCE,
        &[
            &der::unsigned(&[0]),
            &oid::sequence(oid::ED25519),
            &der::element(der::OCTET_STRING, &inner),
        ],
    ))
}

/// RFC 5915 with curve and public key, as Go writes it and needs it.
fn sec1(key: &p256::SecretKey) -> Zeroizing<Vec<u8>> {
    let scalar = Zeroizing::new(key.to_bytes());
    let point = p256_point(key);
    Zeroizing::new(der::constructed(
        der::SEQUENCE,
        &[
            &der::unsigned(&[1]),
            &der::element(der::OCTET_STRING, &scalar),
            &der::element(der::context(0, true), &der::element(der::OID, oid::P256)),
            &der::element(der::context(1, true), &der::bit_string(&point)),
        ],
    ))
}

fn p256_point(key: &p256::SecretKey) -> Vec<u8> {
    key.public_key().to_sec1_bytes().to_vec()
}

/// RFC 5208 around RFC 5915; the curve may be named in either.
fn ec_pkcs8(bytes: &[u8]) -> Option<CurveKey> {
    let mut inside = der::Reader::new(bytes).enter(der::SEQUENCE).ok()?;
    inside.expect(der::INTEGER).ok()?;
    let mut algorithm = inside.enter(der::SEQUENCE).ok()?;
    if algorithm.expect(der::OID).ok()?.content != oid::EC_PUBLIC_KEY {
        return None;
    }
    let curve = match algorithm.optional(der::OID).ok()? {
        Some(oid) => Some(Curve::of_oid(oid.content)?),
        None => None,
    };
    CurveKey::read(inside.expect(der::OCTET_STRING).ok()?.content, curve)
}

fn ed25519_seed(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut inside = der::Reader::new(bytes).enter(der::SEQUENCE).ok()?;
    inside.expect(der::INTEGER).ok()?;
    let algorithm = inside.enter(der::SEQUENCE).ok()?.expect(der::OID).ok()?;
    if algorithm.content != oid::ED25519 {
        return None;
    }
    let inner = inside
        .enter(der::OCTET_STRING)
        .ok()?
        .expect(der::OCTET_STRING)
        .ok()?;
    Some(Zeroizing::new(inner.content.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::testing::Repeatable;

    #[test]
    fn keys_survive_their_pem_text() {
        for family in [Family::Ed25519, Family::P256] {
            let key = PrivateKey::generate(family, &mut Repeatable::new(7));
            let text = key.to_pem().unwrap();
            let again = PrivateKey::from_pem(text.expose()).unwrap();
            assert_eq!(again.family(), family);
            assert_eq!(again.public_key_info(), key.public_key_info());
            assert_eq!(again.sign(b"message"), key.sign(b"message"));
        }
    }

    #[test]
    fn ed25519_is_pkcs8_under_talos_label() {
        let key = PrivateKey::generate(Family::Ed25519, &mut Repeatable::new(1));
        let text = key.to_pem().unwrap();
        let block = pem::decode(text.expose().as_bytes()).unwrap();
        assert_eq!(
            (block.label.as_str(), block.der.len()),
            ("ED25519 PRIVATE KEY", 48)
        );
        let relabelled = standard_label(text.expose());
        assert!(
            relabelled
                .expose()
                .starts_with("-----BEGIN PRIVATE KEY-----\n")
        );
        let again = PrivateKey::from_pem(relabelled.expose()).unwrap();
        assert_eq!(again.public_key_info(), key.public_key_info());
    }

    #[test]
    fn certificate_in_place_of_a_key_is_named() {
        let text = pem::encode("CERTIFICATE", &[1, 2, 3]);
        let error = PrivateKey::from_pem(text.expose()).err().unwrap();
        assert_eq!(error, KeyError::Label("CERTIFICATE".into()));
    }
}
