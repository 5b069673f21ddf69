//! Issuing certificates as Talos issues them, and reading what that takes from an authority.

use super::der::{self, DerError};
use super::{KeyError, PrivateKey, Timestamp, oid, pem};
use crate::random::{self, Random};

/// Ten years, exactly 87600 hours: what Talos gives its authorities.
pub const AUTHORITY_LIFETIME_SECONDS: i64 = 87_600 * 3600;

/// Who a certificate speaks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// `O`, any number of them.
    pub organizations: Vec<String>,
    /// `CN`, absent when `None`.
    pub common_name: Option<String>,
}

/// What may be done with a client's key besides signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// Key usage digitalSignature only: the Talos API.
    Talos,
    /// digitalSignature and keyEncipherment: Kubernetes.
    Kubernetes,
}

/// The span in which a certificate is valid, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub not_before: Timestamp,
    /// Last second.
    pub not_after: Timestamp,
}

/// A certificate with its private key, ready to sign.
pub struct Authority {
    key: PrivateKey,
    subject: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

/// Why a certificate cannot be used. Never carries key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not PEM, or not base64 of PEM.
    #[error(transparent)]
    Pem(#[from] pem::PemError),
    /// A PEM block of another kind.
    #[error("a {0:?} block is not a certificate")]
    Label(String),
    /// Not an X.509 certificate.
    #[error("not an X.509 certificate")]
    Der(#[from] DerError),
    /// The private key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The private key is not the one the certificate was issued for.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// An authority of a bundle whose key signs nothing here.
    #[error(
        "{authority} has a key on the curve {curve}, with which nothing can be signed here: let `talosctl` issue the certificate, or use an authority with an Ed25519, RSA, P-256 or P-384 key"
    )]
    CannotSign {
        /// Its name in the bundle, such as `certs.os`.
        authority: &'static str,
        /// Such as `P-521`.
        curve: &'static str,
    },
}

/// What is read of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// When it is valid.
    pub validity: Validity,
    /// `SubjectPublicKeyInfo` in DER.
    pub public_key_info: Vec<u8>,
    subject: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads PEM text.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        Self::from_pem_bytes(text.as_bytes())
    }

    /// Reads base64 of PEM text, the form in which Talos stores certificates.
    pub fn from_base64(text: &str) -> Result<Self, CertificateError> {
        Self::from_pem_bytes(&pem::from_base64(text)?)
    }

    fn from_pem_bytes(text: &[u8]) -> Result<Self, CertificateError> {
        let block = pem::decode(text)?;
        if block.label != "CERTIFICATE" {
            return Err(CertificateError::Label(block.label));
        }
        Ok(Self::from_der(&block.der)?)
    }

    /// Reads one certificate with nothing behind it.
    pub(crate) fn from_der(bytes: &[u8]) -> Result<Self, DerError> {
        let mut outside = der::Reader::new(bytes);
        let mut parts = outside.enter(der::SEQUENCE)?;
        let mut tbs = parts.enter(der::SEQUENCE)?;
        parts.expect(der::SEQUENCE)?;
        parts.expect(der::BIT_STRING)?;
        if !outside.is_at_end() {
            return Err(DerError);
        }
        tbs.optional(der::context(0, true))?;
        tbs.expect(der::INTEGER)?;
        tbs.expect(der::SEQUENCE)?;
        tbs.expect(der::SEQUENCE)?;
        let mut validity = tbs.enter(der::SEQUENCE)?;
        let validity = Validity {
            not_before: Timestamp::from_der(validity.any()?)?,
            not_after: Timestamp::from_der(validity.any()?)?,
        };
        let subject = tbs.expect(der::SEQUENCE)?.whole.to_vec();
        let public_key_info = tbs.expect(der::SEQUENCE)?.whole.to_vec();
        Ok(Self {
            validity,
            public_key_info,
            subject,
            key_id: subject_key_id(tbs)?,
        })
    }
}

fn subject_key_id(mut tbs: der::Reader<'_>) -> Result<Option<Vec<u8>>, DerError> {
    while !tbs.is_at_end() {
        let Some(extensions) = tbs.optional(der::context(3, true))? else {
            tbs.any()?;
            continue;
        };
        let mut extensions = der::Reader::new(extensions.content).enter(der::SEQUENCE)?;
        while !extensions.is_at_end() {
            let mut extension = extensions.enter(der::SEQUENCE)?;
            let is_key_id = extension.expect(der::OID)?.content == oid::SUBJECT_KEY_ID;
            extension.optional(der::BOOLEAN)?;
            let mut value = extension.enter(der::OCTET_STRING)?;
            if is_key_id {
                return Ok(Some(value.expect(der::OCTET_STRING)?.content.to_vec()));
            }
        }
    }
    Ok(None)
}

impl Authority {
    /// Reads base64 of PEM of both halves and checks that they belong together.
    pub fn from_base64(certificate: &str, key: &str) -> Result<Self, CertificateError> {
        let certificate = Certificate::from_base64(certificate)?;
        let key = PrivateKey::from_base64(key)?.completed_by(&certificate.public_key_info);
        if key.public_key_info()? != certificate.public_key_info {
            return Err(CertificateError::KeyMismatch);
        }
        Ok(Self {
            key,
            subject: certificate.subject,
            key_id: certificate.key_id,
        })
    }

    /// The key that signs.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// A client certificate for `key` as PEM text. Its extended key usage is exactly clientAuth,
    /// which the Talos API insists on.
    pub fn issue_client(
        &self,
        kind: ClientKind,
        subject: &Subject,
        key: &PrivateKey,
        validity: Validity,
        random: &mut dyn Random,
    ) -> Result<String, CertificateError> {
        let usage: u8 = match kind {
            ClientKind::Talos => 0b1000_0000,
            ClientKind::Kubernetes => 0b1010_0000,
        };
        let mut extensions = vec![key_usage(usage), extended_key_usage(&[oid::CLIENT_AUTH])];
        if let Some(id) = &self.key_id {
            let id = der::element(der::context(0, false), id);
            extensions.push(extension(
                oid::AUTHORITY_KEY_ID,
                false,
                &der::element(der::SEQUENCE, &id),
            ));
        }
        let parts = Parts {
            issuer: &self.subject,
            subject: &name(subject),
            validity,
            extensions,
        };
        sign(&self.key, &parts, &key.public_key_info()?, &serial(random))
    }
}

/// A self-signed authority as PEM text: key usages, no path length, a random subject key id.
pub fn self_signed(
    subject: &Subject,
    key: &PrivateKey,
    validity: Validity,
    random: &mut dyn Random,
) -> Result<String, CertificateError> {
    let serial = serial(random);
    let key_id = der::element(der::OCTET_STRING, &random::bytes::<20>(random));
    let is_authority = der::element(der::BOOLEAN, &[0xff]);
    let extensions = vec![
        key_usage(0b1000_0100),
        extended_key_usage(&[oid::SERVER_AUTH, oid::CLIENT_AUTH]),
        extension(
            oid::BASIC_CONSTRAINTS,
            true,
            &der::element(der::SEQUENCE, &is_authority),
        ),
        extension(oid::SUBJECT_KEY_ID, false, &key_id),
    ];
    let subject = name(subject);
    let parts = Parts {
        issuer: &subject,
        subject: &subject,
        validity,
        extensions,
    };
    sign(key, &parts, &key.public_key_info()?, &serial)
}

struct Parts<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
    validity: Validity,
    extensions: Vec<Vec<u8>>,
}

fn sign(
    signer: &PrivateKey,
    parts: &Parts<'_>,
    public_key_info: &[u8],
    serial: &[u8],
) -> Result<String, CertificateError> {
    let algorithm = signer.signature_algorithm();
    let Validity {
        not_before,
        not_after,
    } = parts.validity;
    let extensions = der::element(der::SEQUENCE, &parts.extensions.concat());
    let tbs = der::constructed(
        der::SEQUENCE,
        &[
            &der::element(der::context(0, true), &der::unsigned(&[2])),
            serial,
            &algorithm,
            parts.issuer,
            &der::constructed(der::SEQUENCE, &[&not_before.to_der(), &not_after.to_der()]),
            parts.subject,
            public_key_info,
            &der::element(der::context(3, true), &extensions),
        ],
    );
    let signature = der::bit_string(&signer.sign(&tbs)?);
    let whole = der::constructed(der::SEQUENCE, &[&tbs, &algorithm, &signature]);
    Ok(pem::encode("CERTIFICATE", &whole).expose().to_owned())
}

/// 128 random bits.
fn serial(random: &mut dyn Random) -> Vec<u8> {
    der::unsigned(&random::bytes::<16>(random))
}

/// Go's order: the organisations in one set, then the common name.
fn name(subject: &Subject) -> Vec<u8> {
    let mut sets = Vec::new();
    if !subject.organizations.is_empty() {
        let values = subject.organizations.iter();
        sets.push(der::set_of(
            values
                .map(|text| attribute(oid::ORGANIZATION, text))
                .collect(),
        ));
    }
    if let Some(text) = &subject.common_name {
        sets.push(der::set_of(vec![attribute(oid::COMMON_NAME, text)]));
    }
    der::element(der::SEQUENCE, &sets.concat())
}

fn attribute(kind: &[u8], text: &str) -> Vec<u8> {
    let printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
    let tag = if text.bytes().all(printable) {
        der::PRINTABLE_STRING
    } else {
        der::UTF8_STRING
    };
    der::constructed(
        der::SEQUENCE,
        &[
            &der::element(der::OID, kind),
            &der::element(tag, text.as_bytes()),
        ],
    )
}

fn extension(kind: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical {
        der::element(der::BOOLEAN, &[0xff])
    } else {
        Vec::new()
    };
    der::constructed(
        der::SEQUENCE,
        &[
            &der::element(der::OID, kind),
            &critical,
            &der::element(der::OCTET_STRING, value),
        ],
    )
}

/// `bits` counted from the most significant one; DER drops trailing zeros.
fn key_usage(bits: u8) -> Vec<u8> {
    let unused = bits.trailing_zeros() as u8;
    extension(
        oid::KEY_USAGE,
        true,
        &der::element(der::BIT_STRING, &[unused, bits]),
    )
}

fn extended_key_usage(purposes: &[&[u8]]) -> Vec<u8> {
    let purposes: Vec<u8> = purposes
        .iter()
        .flat_map(|purpose| der::element(der::OID, purpose))
        .collect();
    extension(
        oid::EXTENDED_KEY_USAGE,
        false,
        &der::element(der::SEQUENCE, &purposes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Family;
    use crate::random::testing::Repeatable;

    fn authority() -> (PrivateKey, String) {
        let mut random = Repeatable::new(1);
        let key = PrivateKey::generate(Family::Ed25519, &mut random);
        let subject = Subject {
            organizations: vec!["talos".into()],
            common_name: None,
        };
        let now = Timestamp(1_790_000_000);
        let validity = Validity {
            not_before: now,
            not_after: now.plus_seconds(60),
        };
        let text = self_signed(&subject, &key, validity, &mut random).unwrap();
        (key, text)
    }

    #[test]
    fn certificate_is_read_back() {
        let (key, text) = authority();
        let certificate = Certificate::from_pem(&text).unwrap();
        assert_eq!(certificate.validity.not_before, Timestamp(1_790_000_000));
        assert_eq!(certificate.validity.not_after, Timestamp(1_790_000_060));
        assert_eq!(certificate.public_key_info, key.public_key_info().unwrap());
        assert_eq!(certificate.key_id.unwrap().len(), 20);
    }

    #[test]
    fn nothing_may_be_behind_a_certificate() {
        let (_, text) = authority();
        let mut der = pem::decode(text.as_bytes()).unwrap().der.to_vec();
        assert!(Certificate::from_der(&der).is_ok());
        der.push(0);
        assert_eq!(Certificate::from_der(&der), Err(DerError));
        // A sequence of a sequence alone is no certificate.
        let tbs = der::element(der::SEQUENCE, &[]);
        assert!(Certificate::from_der(&der::element(der::SEQUENCE, &tbs)).is_err());
    }

    #[test]
    fn damaged_certificates_and_keys_are_refused_not_feared() {
        let (key, text) = authority();
        let der = pem::decode(text.as_bytes()).unwrap().der.to_vec();
        let mut random = Repeatable::new(2);
        for round in 0..20_000_u32 {
            let mut damaged = der.clone();
            for _ in 0..=round % 4 {
                let [high, low, value] = random::bytes::<3>(&mut random);
                let at = (usize::from(high) * 256 + usize::from(low)) % damaged.len();
                damaged[at] = value;
            }
            let _ = Certificate::from_der(&damaged);
            let key = pem::encode("PRIVATE KEY", &damaged[..usize::from(round as u8).min(48)]);
            assert!(PrivateKey::from_pem(key.expose()).is_err());
        }
        assert!(Certificate::from_pem(key.to_pem().unwrap().expose()).is_err());
    }
}
