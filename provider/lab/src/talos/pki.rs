//! Certificates of machines: what apid, the maintenance service and the calls that hand out
//! credentials present (`pkg/machinery/config/generate/secrets`, siderolabs/crypto).

use std::net::IpAddr;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, SanType,
};
use time::OffsetDateTime;

/// What a certificate is to say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leaf {
    pub common_name: Option<String>,
    /// Roles, of clients of Talos.
    pub organizations: Vec<String>,
    pub names: Vec<String>,
    pub addresses: Vec<IpAddr>,
    /// Of a server; else of a client.
    pub server: bool,
    pub lifetime: Duration,
}

/// A certificate with its key, in PEM.
#[derive(Clone)]
pub(crate) struct Issued {
    pub certificate: String,
    pub key: String,
}

/// Talos' certificates begin a little earlier, for clocks that are behind.
const EARLIER: Duration = Duration::from_secs(10);

/// Issues a certificate.
///
/// # Errors
/// The authority's certificate or key cannot be read.
pub(crate) fn issue(authority: &[u8], key: &[u8], leaf: &Leaf) -> Result<Issued, String> {
    let wrong = |error: rcgen::Error| format!("the authority cannot sign: {error}");
    let text = std::str::from_utf8(authority).map_err(|error| error.to_string())?;
    let issuer = Issuer::from_ca_cert_pem(text, signing_key(key)?).map_err(wrong)?;
    signed(&issuer, leaf).map_err(wrong)
}

fn signed(issuer: &Issuer<'_, KeyPair>, leaf: &Leaf) -> Result<Issued, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let certificate = parameters(leaf)?.signed_by(&key, issuer)?;
    Ok(Issued {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

fn parameters(leaf: &Leaf) -> Result<CertificateParams, rcgen::Error> {
    let names = leaf.names.iter().filter(|name| !name.is_empty()).cloned();
    let mut parameters = CertificateParams::new(names.collect::<Vec<_>>())?;
    let addresses = leaf.addresses.iter().map(|one| SanType::IpAddress(*one));
    parameters.subject_alt_names.extend(addresses);
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    for organization in &leaf.organizations {
        let name = &mut parameters.distinguished_name;
        name.push(DnType::OrganizationName, organization.as_str());
    }
    if let Some(name) = &leaf.common_name {
        let subject = &mut parameters.distinguished_name;
        subject.push(DnType::CommonName, name.as_str());
    }
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![match leaf.server {
        true => ExtendedKeyUsagePurpose::ServerAuth,
        false => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    let now = OffsetDateTime::now_utc();
    parameters.not_before = now - EARLIER;
    parameters.not_after = now + leaf.lifetime;
    Ok(parameters)
}

/// Reads a private key in any of the forms that Talos writes: PKCS #8 under one of two names, and
/// SEC 1 for ECDSA, which is wrapped here.
fn signing_key(text: &[u8]) -> Result<KeyPair, String> {
    let parsed = pem::parse(text).map_err(|error| format!("the key is no PEM: {error}"))?;
    let bytes = match parsed.tag() {
        "EC PRIVATE KEY" => wrapped(parsed.contents()),
        _ => parsed.contents().to_vec(),
    };
    KeyPair::try_from(bytes.as_slice()).map_err(|error| format!("the key cannot be used: {error}"))
}

/// A P-256 key of SEC 1 in PKCS #8 (RFC 5958): version, algorithm, octets.
fn wrapped(key: &[u8]) -> Vec<u8> {
    const ALGORITHM: [u8; 21] = [
        0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ];
    let mut inner = vec![0x02, 0x01, 0x00];
    inner.extend(ALGORITHM);
    inner.push(0x04);
    inner.extend(length(key.len()));
    inner.extend(key);
    let mut outer = vec![0x30];
    outer.extend(length(inner.len()));
    outer.extend(inner);
    outer
}

/// A length of DER.
fn length(bytes: usize) -> Vec<u8> {
    let [.., high, low] = bytes.to_be_bytes();
    match bytes {
        0..0x80 => vec![low],
        0x80..0x100 => vec![0x81, low],
        _ => vec![0x82, high, low],
    }
}

/// The certificate of a maintenance service: from an authority that nobody knows, with the
/// service's name (`internal/app/maintenance`).
///
/// # Errors
/// None with the algorithms used; the library's words.
pub(crate) fn maintenance(names: &[String], addresses: &[IpAddr]) -> Result<Issued, String> {
    let failed = |error: rcgen::Error| format!("cannot make a certificate: {error}");
    let key = KeyPair::generate_for(&PKCS_ED25519).map_err(failed)?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name = rcgen::DistinguishedName::new();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(authority, key);
    let leaf = Leaf {
        common_name: Some("maintenance-service.talos.dev".to_owned()),
        names: std::iter::once("maintenance-service.talos.dev".to_owned())
            .chain(names.iter().cloned())
            .collect(),
        addresses: addresses.to_vec(),
        server: true,
        lifetime: Duration::from_secs(24 * 3600),
        ..Leaf::default()
    };
    signed(&issuer, &leaf).map_err(failed)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// An authority: certificate and key in PEM.
    pub(crate) fn authority(organization: &str) -> (String, String) {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters
            .distinguished_name
            .push(DnType::OrganizationName, organization);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        (pem, key.serialize_pem())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_sec_1_signs() {
        let key = KeyPair::generate().unwrap();
        let whole = key.serialize_der();
        let at = whole
            .windows(2)
            .position(|two| two == [0x30, 0x6b])
            .unwrap();
        let sec1 = pem::encode(&pem::Pem::new("EC PRIVATE KEY", &whole[at..]));
        let read = signing_key(sec1.as_bytes()).unwrap();
        assert_eq!(read.public_key_raw(), key.public_key_raw());
    }

    #[test]
    fn leaves_are_issued() {
        let (authority, key) = testing::authority("talos");
        let leaf = Leaf {
            organizations: vec!["os:reader".to_owned()],
            lifetime: Duration::from_secs(60),
            ..Leaf::default()
        };
        let issued = issue(authority.as_bytes(), key.as_bytes(), &leaf).unwrap();
        assert!(issued.certificate.starts_with("-----BEGIN CERTIFICATE"));
        assert!(issue(authority.as_bytes(), b"no key", &leaf).is_err());
    }
}
