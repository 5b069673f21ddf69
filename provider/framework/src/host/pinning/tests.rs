use p521::ecdsa::signature::Signer;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

use super::*;

/// A client certificate as go-plugin makes it: self-signed, a CA, named localhost.
fn client(
    algorithm: &'static rcgen::SignatureAlgorithm,
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (
        certificate.der().clone(),
        PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    )
}

/// Whether a server that pins `pinned` lets a client with `presented` in.
fn connects(
    pinned: &CertificateDer<'static>,
    presented: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
) -> bool {
    let (server_certificate, config) = server_config(pinned.clone()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(server_certificate).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config_client = match presented {
        Some((certificate, key)) => {
            // Past rustls's own check that key and certificate belong together: a thief has only the certificate.
            let key = ring::default_provider()
                .key_provider
                .load_private_key(key)
                .unwrap();
            let pair = rustls::sign::CertifiedKey::new(vec![certificate], key);
            builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(pair)))
        }
        None => builder.with_no_client_auth(),
    };
    let mut client = ClientConnection::new(
        Arc::new(config_client),
        ServerName::try_from("localhost").unwrap(),
    )
    .unwrap();
    let mut server = ServerConnection::new(Arc::new(config)).unwrap();
    for _ in 0..10 {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        if server.process_new_packets().is_err() {
            return false;
        }
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        if client.process_new_packets().is_err() {
            return false;
        }
    }
    !server.is_handshaking()
}

#[test]
fn the_announced_client_is_let_in() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let (certificate, key) = client(algorithm);
        assert!(
            connects(&certificate, Some((certificate.clone(), key))),
            "{algorithm:?}"
        );
    }
}

#[test]
fn nobody_else_is() {
    let (certificate, _) = client(&rcgen::PKCS_ECDSA_P256_SHA256);
    assert!(!connects(&certificate, None));
    assert!(!connects(
        &certificate,
        Some(client(&rcgen::PKCS_ECDSA_P256_SHA256))
    ));
}

#[test]
fn a_certificate_without_its_key_is_not_enough() {
    let (certificate, _) = client(&rcgen::PKCS_ECDSA_P256_SHA256);
    let (_, other_key) = client(&rcgen::PKCS_ECDSA_P256_SHA256);
    assert!(!connects(
        &certificate,
        Some((certificate.clone(), other_key))
    ));
}

#[test]
fn signatures_on_p521_verify() {
    let key = p521::ecdsa::SigningKey::from_slice(&[7; 66].map(|byte: u8| byte & 0x01)).unwrap();
    let signature: p521::ecdsa::Signature = key.sign(b"message");
    let public = VerifyingKey::from(&key).to_encoded_point(false);
    let verify = |message: &[u8]| {
        P521.verify_signature(public.as_bytes(), message, signature.to_der().as_bytes())
    };
    assert!(verify(b"message").is_ok());
    assert!(verify(b"massage").is_err());
    let schemes = Pinned {
        client: CertificateDer::from(vec![1]),
        algorithms: algorithms(),
    }
    .supported_verify_schemes();
    assert!(schemes.contains(&SignatureScheme::ECDSA_NISTP521_SHA512));
}
