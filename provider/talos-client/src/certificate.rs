//! What a certificate says, as far as errors speak of it.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use client_core::hex;
use sha2::{Digest, Sha256};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Common name of the certificate that a machine shows in maintenance mode (Talos: internal/app/maintenance).
const MAINTENANCE_NAME: &str = "maintenance-service.talos.dev";

/// Facts of one certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Base64 SHA-256 of the SubjectPublicKeyInfo, as the console shows it and `talosctl --cert-fingerprint` takes it.
    pub fingerprint: String,
    pub common_name: Option<String>,
    pub organizations: Vec<String>,
    pub issuer_organizations: Vec<String>,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    /// Names and addresses that it is for.
    pub names: Vec<String>,
    /// Seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
}

impl Facts {
    /// Reads DER; `None` where it is not a certificate.
    pub fn parse(der: &[u8]) -> Option<Facts> {
        X509Certificate::from_der(der)
            .ok()
            .map(|(_, certificate)| Facts::of(&certificate))
    }

    pub fn of(certificate: &X509Certificate<'_>) -> Facts {
        let mut facts = Facts {
            fingerprint: fingerprint(certificate),
            common_name: certificate
                .subject()
                .iter_common_name()
                .next()
                .and_then(|name| name.as_str().ok())
                .map(str::to_owned),
            organizations: texts(certificate.subject().iter_organization()),
            issuer_organizations: texts(certificate.issuer().iter_organization()),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            ..Facts::default()
        };
        for extension in certificate.extensions() {
            facts.take(extension.parsed_extension());
        }
        facts
    }

    fn take(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(hex(id.0)),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| hex(id.0));
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                self.names = names.general_names.iter().filter_map(name).collect();
            }
            _ => {}
        }
    }

    /// The certificate of a machine without configuration.
    pub fn is_maintenance(&self) -> bool {
        self.common_name.as_deref() == Some(MAINTENANCE_NAME)
    }
}

fn texts<'a>(
    values: impl Iterator<Item = &'a x509_parser::x509::AttributeTypeAndValue<'a>>,
) -> Vec<String> {
    values
        .filter_map(|value| value.as_str().ok().map(str::to_owned))
        .collect()
}

fn name(general: &GeneralName<'_>) -> Option<String> {
    match general {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes)
                .ok()
                .map(|bytes| IpAddr::from(bytes).to_string()),
            16 => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|bytes| IpAddr::from(bytes).to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// Base64 SHA-256 of a certificate's SubjectPublicKeyInfo.
pub(crate) fn fingerprint(certificate: &X509Certificate<'_>) -> String {
    STANDARD.encode(Sha256::digest(certificate.public_key().raw))
}
