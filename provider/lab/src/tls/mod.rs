//! Certificates of any authority whose key the lab has been given.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::crypto::CryptoProvider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The cryptography that the lab uses everywhere.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// An authority that signs.
pub(crate) struct Signer {
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub(crate) struct Minted {
    /// PEM.
    pub certificate: String,
    /// PEM (PKCS #8).
    pub key: String,
}

impl Minted {
    /// As TLS takes it.
    ///
    /// # Errors
    /// The texts are no PEM, which minting does not make.
    pub(crate) fn parts(
        &self,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
        let failed = |error: rustls_pki_types::pem::Error| error.to_string();
        let certificate =
            CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(failed)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(failed)?;
        Ok((vec![certificate], key))
    }
}

/// Whom a certificate is for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subject {
    /// CN.
    pub name: String,
    /// O; Kubernetes reads it as the group.
    pub group: Option<String>,
    /// Names and addresses of a server; none for a client.
    pub names: Vec<String>,
}

impl Signer {
    /// An authority from its certificate and key, both PEM; the key may be of the older kind
    /// (`EC PRIVATE KEY`) that Talos writes.
    ///
    /// # Errors
    /// The texts are no such thing.
    pub(crate) fn load(certificate: &str, key: &str) -> Result<Self, String> {
        let wrong = |error: &dyn std::fmt::Display| {
            format!("the certificate authority cannot be used: {error}")
        };
        let key = key_pair(key).map_err(|error| wrong(&error))?;
        let issuer = Issuer::from_ca_cert_pem(certificate, key).map_err(|error| wrong(&error))?;
        Ok(Self { issuer })
    }

    /// Signs a certificate for a subject with a new key.
    ///
    /// # Errors
    /// A name is none.
    pub(crate) fn mint(&self, subject: &Subject) -> Result<Minted, String> {
        let failed = |error: rcgen::Error| {
            format!("cannot make a certificate for {}: {error}", subject.name)
        };
        let mut parameters = CertificateParams::default();
        let mut name = DistinguishedName::new();
        if let Some(group) = &subject.group {
            name.push(DnType::OrganizationName, DnValue::Utf8String(group.clone()));
        }
        name.push(
            DnType::CommonName,
            DnValue::Utf8String(subject.name.clone()),
        );
        parameters.distinguished_name = name;
        for name in &subject.names {
            parameters
                .subject_alt_names
                .push(match name.parse::<IpAddr>() {
                    Ok(address) => SanType::IpAddress(address),
                    Err(_) => SanType::DnsName(name.clone().try_into().map_err(failed)?),
                });
        }
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![match subject.names.is_empty() {
            true => ExtendedKeyUsagePurpose::ClientAuth,
            false => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Minted {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// A key of either kind.
fn key_pair(pem: &str) -> Result<KeyPair, String> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())?;
    let key = match key {
        PrivateKeyDer::Sec1(key) => {
            let secret = p256::SecretKey::from_sec1_der(key.secret_sec1_der())
                .map_err(|error| error.to_string())?;
            let der = p256::pkcs8::EncodePrivateKey::to_pkcs8_der(&secret)
                .map_err(|error| error.to_string())?;
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.as_bytes().to_vec()))
        }
        other => other,
    };
    KeyPair::try_from(&key).map_err(|error| error.to_string())
}

/// The user and the groups of a client's certificate, as Kubernetes reads them: CN and every O.
pub(crate) fn identity(certificate: &CertificateDer<'_>) -> Option<(String, Vec<String>)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let subject = certificate.subject();
    let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        attribute.as_str().ok().map(str::to_owned)
    };
    let name = subject.iter_common_name().next().and_then(text)?;
    Some((name, subject.iter_organization().filter_map(text).collect()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An authority for tests: certificate and key, PEM. Without a name the subject is empty, as
    /// that of Talos's aggregator authority.
    pub(crate) fn authority(organization: Option<&str>) -> (String, String) {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.distinguished_name = DistinguishedName::new();
        if let Some(organization) = organization {
            parameters
                .distinguished_name
                .push(DnType::OrganizationName, organization);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn groups_are_read_back_and_older_keys_are_taken() {
        let (certificate, key) = authority(Some("kubernetes"));
        let signer = Signer::load(&certificate, &key).unwrap();
        let subject = Subject {
            name: "admin".to_owned(),
            group: Some("system:masters".to_owned()),
            names: Vec::new(),
        };
        let minted = signer.mint(&subject).unwrap();
        let (chain, _) = minted.parts().unwrap();
        assert_eq!(
            identity(&chain[0]).unwrap(),
            ("admin".to_owned(), vec!["system:masters".to_owned()])
        );

        let pkcs8 = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let secret: p256::SecretKey =
            p256::pkcs8::DecodePrivateKey::from_pkcs8_der(pkcs8.secret_der()).unwrap();
        let older = secret.to_sec1_pem(p256::pkcs8::LineEnding::LF).unwrap();
        assert!(older.contains("EC PRIVATE KEY"));
        Signer::load(&certificate, &older).unwrap();
    }
}
