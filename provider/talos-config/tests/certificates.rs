//! Go's crypto/x509 accepts what we mint, and finds in it what it finds in official certificates.
//! Skipped where there is no Go.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use oracle::{Answer, Certificate, machinery};
use support::Repeatable;
use talos_config::pki::{self, ClientCredentials, Lifetime, Timestamp};
use talos_config::secrets::{Bundle, CertAndKey, Secret};
use talos_config::tables::Line;

const NOW: Timestamp = Timestamp(1_790_000_000);
/// A year, as official administrators' certificates last.
const YEAR: i64 = 365 * 24 * 3600;

fn pem(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

fn key(text: &Secret) -> String {
    pki::standard_label(&pem(text.expose())).expose().to_owned()
}

fn authority(name: &str, pair: &CertAndKey) -> Certificate {
    Certificate {
        name: name.to_owned(),
        authority: String::new(),
        certificate: pem(&pair.cert),
        key: key(&pair.key),
        at: NOW.0 + 60,
    }
}

fn client(name: &str, credentials: &ClientCredentials) -> Certificate {
    Certificate {
        name: name.to_owned(),
        authority: pem(&credentials.ca_certificate),
        certificate: pem(&credentials.client_certificate),
        key: key(&credentials.client_key),
        at: NOW.0 + 60,
    }
}

/// Everything that a cluster's secrets are made of, and the administrators' certificates.
fn minted(contract: u32) -> Vec<Certificate> {
    let bundle = Bundle::generate(contract, NOW, &mut Repeatable(contract.into())).unwrap();
    let lifetime = Lifetime {
        now: NOW,
        seconds: YEAR,
    };
    let random = &mut Repeatable(77);
    let certs = &bundle.certs;
    let admin = ["os:admin".to_owned()];
    let masters = ["system:masters".to_owned()];
    let talos = pki::talos_client(&certs.os, &admin, lifetime, random).unwrap();
    let kubernetes =
        pki::kubernetes_client(&certs.k8s, "admin", &masters, lifetime, random).unwrap();
    vec![
        authority("etcd", &certs.etcd),
        authority("kubernetes", &certs.k8s),
        authority("aggregator", &certs.k8s_aggregator),
        authority("talos", &certs.os),
        client("talos admin", &talos),
        client("kubernetes admin", &kubernetes),
        Certificate {
            name: "service account".to_owned(),
            key: pem(certs.k8s_serviceaccount.key.expose()),
            ..Certificate::default()
        },
    ]
}

fn question(certificate: &Certificate) -> Answer {
    Answer {
        name: certificate.name.clone(),
        op: "certificate".into(),
        certificate: Some(certificate.clone()),
        ..Answer::default()
    }
}

/// What Go says of each: its facts, or why it refuses.
fn verify(program: &Path, certificates: &[Certificate]) -> Vec<Result<String, String>> {
    let questions: Vec<Answer> = certificates.iter().map(question).collect();
    let answers = machinery::ask(program, &questions);
    assert_eq!(answers.len(), certificates.len());
    let verdict = |answer: Answer| {
        if answer.error.is_empty() {
            Ok(answer.output)
        } else {
            Err(answer.error)
        }
    };
    answers.into_iter().map(verdict).collect()
}

fn facts(program: &Path, certificates: &[Certificate]) -> BTreeMap<String, String> {
    let verdicts = verify(program, certificates);
    certificates
        .iter()
        .zip(verdicts)
        .map(|(certificate, verdict)| {
            let name = certificate.name.clone();
            let facts = verdict.unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, facts)
        })
        .collect()
}

#[test]
fn go_accepts_what_we_mint_and_finds_what_it_finds_in_official_certificates() {
    let Some(program) = machinery::find("certificates", Line::NEWEST) else {
        return;
    };
    let ours = facts(&program, &minted(14));
    assert_eq!(ours.len(), 7);

    let mint = Answer {
        op: "mint".into(),
        ..Answer::default()
    };
    let answer = machinery::ask(&program, &[mint]).remove(0);
    let official: Vec<Certificate> = serde_json::from_str(&answer.output).unwrap();
    let official = facts(&program, &official);
    assert_eq!(official.len(), 6);
    for (name, facts) in official {
        assert_eq!(ours.get(&name), Some(&facts), "{name}");
    }
}

#[test]
fn service_account_keys_of_old_contracts_are_ecdsa() {
    let Some(program) = machinery::find("service account keys", Line::NEWEST) else {
        return;
    };
    for (contract, kind) in [(6, "ECDSA P-256"), (12, "RSA 4096")] {
        let facts = facts(&program, &minted(contract));
        let key = &facts["service account"];
        assert!(key.contains(kind), "contract 1.{contract}: {key}");
    }
}

/// The same certificates with one thing wrong each: a judge that accepts these judges nothing.
#[test]
fn go_refuses_what_is_corrupted_foreign_or_expired() {
    let Some(program) = machinery::find("corrupted certificates", Line::NEWEST) else {
        return;
    };
    let good = minted(6);
    let other = Bundle::generate(6, NOW, &mut Repeatable(1234)).unwrap();
    let mut bad = Vec::new();
    for certificate in &good {
        if certificate.certificate.is_empty() {
            bad.push(Certificate {
                key: spoilt(&certificate.key, |bytes| bytes.truncate(bytes.len() - 1)),
                ..certificate.clone()
            });
            continue;
        }
        bad.push(Certificate {
            // The last byte is one of the signature's.
            certificate: spoilt(&certificate.certificate, |bytes| {
                *bytes.last_mut().unwrap() ^= 1;
            }),
            ..certificate.clone()
        });
        bad.push(Certificate {
            key: key(&other.certs.etcd.key),
            ..certificate.clone()
        });
        bad.push(Certificate {
            at: NOW.0 + 11 * YEAR,
            ..certificate.clone()
        });
        if !certificate.authority.is_empty() {
            bad.push(Certificate {
                authority: pem(&other.certs.os.cert),
                ..certificate.clone()
            });
        }
    }
    for (certificate, verdict) in bad.iter().zip(verify(&program, &bad)) {
        assert!(verdict.is_err(), "{}: {verdict:?}", certificate.name);
    }
}

fn spoilt(text: &str, spoil: impl Fn(&mut Vec<u8>)) -> String {
    let label = text.lines().next().unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = STANDARD.decode(body).unwrap();
    spoil(&mut bytes);
    let end = label.replace("BEGIN", "END");
    format!("{label}\n{}\n{end}\n", STANDARD.encode(bytes))
}
