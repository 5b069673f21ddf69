//! OpenSSL reads what this crate issues, and agrees about who signed what.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use base64::{Engine, engine::general_purpose::STANDARD};
use support::Repeatable;
use talos_config::pki::{self, ClientCredentials, Lifetime, Timestamp};
use talos_config::secrets::{Bundle, CertAndKey};

const NOW: Timestamp = Timestamp(1_790_000_000);

fn decode(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

/// Standard output of openssl.
fn openssl(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn text_of(certificate: &str) -> String {
    openssl(
        &["x509", "-noout", "-text", "-nameopt", "RFC2253"],
        &decode(certificate),
    )
}

fn assert_lines(text: &str, wanted: &[&str]) {
    let squeezed: Vec<&str> = text.lines().map(str::trim).collect();
    for line in wanted {
        assert!(squeezed.contains(line), "no line {line:?} in\n{text}");
    }
}

fn assert_signed_by(authority: &CertAndKey, certificate: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    std::fs::write(&ca, decode(&authority.cert)).unwrap();
    let leaf = folder.path().join("leaf.crt");
    std::fs::write(&leaf, decode(certificate)).unwrap();
    let at = (NOW.0 + 60).to_string();
    let arguments = [
        "verify",
        "-x509_strict",
        "-purpose",
        "sslclient",
        "-attime",
        &at,
        "-CAfile",
        ca.to_str().unwrap(),
        leaf.to_str().unwrap(),
    ];
    let output = openssl(&arguments, "");
    assert!(output.trim_end().ends_with(": OK"), "{output}");
}

fn assert_key_fits(credentials: &ClientCredentials) {
    let key = pki::standard_label(&decode(credentials.client_key.expose()));
    let from_key = openssl(&["pkey", "-pubout"], key.expose());
    let certificate = decode(&credentials.client_certificate);
    assert_eq!(
        from_key,
        openssl(&["x509", "-noout", "-pubkey"], &certificate)
    );
}

#[test]
fn authorities_have_the_shape_talos_gives_them() {
    if support::is_missing("openssl", "authorities_have_the_shape_talos_gives_them") {
        return;
    }
    let bundle = Bundle::generate(6, NOW, &mut Repeatable(1)).unwrap();
    let common = [
        "X509v3 Key Usage: critical",
        "Digital Signature, Certificate Sign",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "X509v3 Basic Constraints: critical",
        "CA:TRUE",
    ];
    for (authority, subject, algorithm) in [
        (
            &bundle.certs.etcd,
            "Subject: O=etcd",
            "Signature Algorithm: ecdsa-with-SHA256",
        ),
        (
            &bundle.certs.k8s,
            "Subject: O=kubernetes",
            "ASN1 OID: prime256v1",
        ),
        (
            &bundle.certs.k8s_aggregator,
            "Subject:",
            "Public Key Algorithm: id-ecPublicKey",
        ),
        (
            &bundle.certs.os,
            "Subject: O=talos",
            "Signature Algorithm: ED25519",
        ),
    ] {
        let text = text_of(&authority.cert);
        assert_lines(&text, &common);
        assert_lines(&text, &[subject, algorithm]);
        assert!(
            !text.contains("Authority Key Identifier") && !text.contains("pathlen"),
            "{text}"
        );
    }
}

#[test]
fn talos_client_is_signed_and_has_exactly_client_auth() {
    if support::is_missing(
        "openssl",
        "talos_client_is_signed_and_has_exactly_client_auth",
    ) {
        return;
    }
    let bundle = Bundle::generate(6, NOW, &mut Repeatable(2)).unwrap();
    let roles = ["os:reader".to_owned(), "os:etcd:backup".to_owned()];
    let lifetime = Lifetime {
        now: NOW,
        seconds: 3600,
    };
    let os = &bundle.certs.os;
    let client = pki::talos_client(os, &roles, lifetime, &mut Repeatable(9)).unwrap();
    assert_signed_by(os, &client.client_certificate);
    assert_key_fits(&client);
    let text = text_of(&client.client_certificate);
    assert_lines(
        &text,
        &["Digital Signature", "TLS Web Client Authentication"],
    );
    assert!(!text.contains("CA:TRUE") && text.contains("X509v3 Authority Key Identifier"));
    assert!(text.contains("O=os:etcd:backup+O=os:reader"), "{text}");
}

#[test]
fn kubernetes_client_carries_user_and_groups() {
    if support::is_missing("openssl", "kubernetes_client_carries_user_and_groups") {
        return;
    }
    let bundle = Bundle::generate(6, NOW, &mut Repeatable(3)).unwrap();
    let groups = ["system:masters".to_owned()];
    let lifetime = Lifetime {
        now: NOW,
        seconds: 3600,
    };
    let k8s = &bundle.certs.k8s;
    let client =
        pki::kubernetes_client(k8s, "admin", &groups, lifetime, &mut Repeatable(4)).unwrap();
    assert_signed_by(k8s, &client.client_certificate);
    assert_key_fits(&client);
    let text = text_of(&client.client_certificate);
    assert_lines(
        &text,
        &[
            "Subject: CN=admin,O=system:masters",
            "Digital Signature, Key Encipherment",
        ],
    );
}

#[test]
fn service_account_key_is_rsa_4096_since_contract_1_7() {
    if support::is_missing(
        "openssl",
        "service_account_key_is_rsa_4096_since_contract_1_7",
    ) {
        return;
    }
    let bundle = Bundle::generate(12, NOW, &mut Repeatable(5)).unwrap();
    assert_eq!(bundle.problems(), Vec::<String>::new());
    let key = decode(bundle.certs.k8s_serviceaccount.key.expose());
    assert!(key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    let text = openssl(&["rsa", "-noout", "-text", "-check"], &key);
    assert!(text.contains("RSA key ok") && text.contains("(4096 bit, 2 primes)"));
}

#[test]
fn rsa_authority_from_elsewhere_signs() {
    if support::is_missing("openssl", "rsa_authority_from_elsewhere_signs") {
        return;
    }
    let key = openssl(&["genrsa", "-traditional", "2048"], "");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.key");
    std::fs::write(&path, &key).unwrap();
    let arguments = [
        "req",
        "-x509",
        "-subj",
        "/CN=kubernetes",
        "-days",
        "20000",
        "-key",
        path.to_str().unwrap(),
    ];
    let certificate = openssl(&arguments, "");
    let authority = CertAndKey {
        cert: STANDARD.encode(certificate),
        key: STANDARD.encode(key).into(),
    };
    let signer = pki::Authority::from_base64(&authority.cert, authority.key.expose()).unwrap();
    let client = pki::PrivateKey::generate(pki::Family::P256, &mut Repeatable(6));
    let subject = pki::Subject {
        common_name: Some("admin".into()),
        ..Default::default()
    };
    let validity = pki::Validity {
        not_before: NOW,
        not_after: NOW.plus_seconds(3600),
    };
    let issued = signer
        .issue_client(
            pki::ClientKind::Kubernetes,
            &subject,
            &client,
            validity,
            &mut Repeatable(7),
        )
        .unwrap();
    let issued = Certificate {
        authority: &authority,
        text: STANDARD.encode(issued),
    };
    issued.assert_signature();
}

struct Certificate<'a> {
    authority: &'a CertAndKey,
    text: String,
}

impl Certificate<'_> {
    /// The authority's `NotBefore` is the clock of this machine, so only the signature counts.
    fn assert_signature(&self) {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.crt");
        std::fs::write(&ca, decode(&self.authority.cert)).unwrap();
        let arguments = ["verify", "-no_check_time", "-CAfile", ca.to_str().unwrap()];
        let output = openssl(&arguments, &decode(&self.text));
        assert!(output.trim_end().ends_with(": OK"), "{output}");
    }
}
