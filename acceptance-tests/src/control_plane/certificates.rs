//! Certificates of one control plane: an authority, a server for 127.0.0.1, and an administrator.

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// PEM texts.
pub struct Certificates {
    /// The authority.
    pub ca: String,
    /// The server's certificate and key.
    pub server: (String, String),
    /// The administrator's certificate and key.
    pub admin: (String, String),
    /// Public and private key for the tokens of service accounts; the server reads only the public one of PKCS 8.
    pub service_accounts: (String, String),
}

impl Certificates {
    /// Makes new ones.
    pub fn new() -> Result<Self> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority
            .distinguished_name
            .push(DnType::CommonName, "kubernetes");
        let ca = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut server = CertificateParams::new(names)?;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server_key = KeyPair::generate()?;
        let server = server.signed_by(&server_key, &ca)?;

        let mut admin = CertificateParams::default();
        admin
            .distinguished_name
            .push(DnType::OrganizationName, "system:masters");
        admin.distinguished_name.push(DnType::CommonName, "admin");
        admin.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let admin_key = KeyPair::generate()?;
        let admin = admin.signed_by(&admin_key, &ca)?;
        let accounts = KeyPair::generate()?;
        Ok(Self {
            ca: ca.pem(),
            server: (server.pem(), server_key.serialize_pem()),
            admin: (admin.pem(), admin_key.serialize_pem()),
            service_accounts: (accounts.public_key_pem(), accounts.serialize_pem()),
        })
    }
}
