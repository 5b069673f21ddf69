//! Certificates and keys of every kind, and PEM that is wrong or looks so, in bundles and in
//! documents: the official machinery says the same on every line.

use std::process::Command;

use base64::{Engine, engine::general_purpose::STANDARD};
use talos_config::pki::{self, Lifetime, Timestamp};
use talos_config::secrets::{Bundle, CertAndKey};
use talos_config::tables::Line;

use crate::oracle::{self, Answer, machinery};
use crate::support::Repeatable;

const NOW: Timestamp = Timestamp(1_790_000_000);

/// PEM of an authority, its key in both forms.
struct Authority {
    cert: String,
    pkcs8: String,
    /// SEC1 or PKCS#1.
    traditional: String,
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn authority(algorithm: &[&str]) -> Authority {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (key, cert) = (file("key"), file("cert"));
    let request = ["req", "-x509", "-nodes", "-days", "3650", "-subj", "/O=a"];
    let files = ["-keyout", &key, "-out", &cert];
    openssl(&[&request[..], algorithm, &files].concat());
    Authority {
        cert: std::fs::read_to_string(&cert).unwrap(),
        pkcs8: openssl(&["pkey", "-in", &key]),
        traditional: openssl(&["pkey", "-in", &key, "-traditional"]),
    }
}

fn on_curve(name: &str) -> Authority {
    let curve = format!("ec_paramgen_curve:{name}");
    authority(&["-newkey", "ec", "-pkeyopt", &curve])
}

/// The PEM of other bytes.
fn changed(pem: &str, change: impl Fn(&mut Vec<u8>)) -> String {
    let mut lines: Vec<&str> = pem.lines().collect();
    let (first, last) = (lines.remove(0), lines.pop().unwrap());
    let mut bytes = STANDARD.decode(lines.concat()).unwrap();
    change(&mut bytes);
    format!("{first}\n{}\n{last}\n", STANDARD.encode(bytes))
}

/// Layouts of a PEM text, and whether a block is found in them.
fn layouts(pem: &str) -> Vec<(&'static str, String, bool)> {
    let in_first_line = |text: &str| pem.replacen("-----\n", text, 1);
    let broken = changed(pem, |_| ()).replacen("-----\n", "-----\n%", 1);
    let indented: String = pem.lines().map(|line| format!("  {line}\n")).collect();
    vec![
        ("as it is", pem.to_owned(), true),
        ("indented", indented, false),
        ("text in front", format!("foo {pem}"), false),
        ("text behind", format!("{} foo\n", pem.trim_end()), false),
        ("blanks behind", format!("{} \t\n", pem.trim_end()), true),
        ("no break after BEGIN", in_first_line("-----"), false),
        (
            "no break before END",
            pem.replace("\n-----END", "-----END"),
            false,
        ),
        (
            "headers",
            in_first_line("-----\nProc-Type: 4,CLEAR\n\n"),
            true,
        ),
        ("carriage returns", pem.replace('\n', "\r\n"), true),
        ("a broken one in front", format!("{broken}{pem}"), true),
        ("another END", pem.replace("-----END ", "-----END X"), false),
        ("lines in front", format!("text\n\n{pem}"), true),
    ]
}

fn encoded(cert: &str, key: &str) -> CertAndKey {
    CertAndKey {
        cert: STANDARD.encode(cert),
        key: STANDARD.encode(key).as_str().into(),
    }
}

/// Bundles, and whether they are accepted.
fn bundles() -> Vec<(String, Bundle, bool)> {
    let good = Bundle::generate(6, NOW, &mut Repeatable(8)).unwrap();
    let (p256, p384, p521) = (on_curve("P-256"), on_curve("P-384"), on_curve("P-521"));
    let rsa = authority(&["-newkey", "rsa:2048"]);
    let named = [("P-256", &p256), ("P-384", &p384), ("P-521", &p521)];
    let mut found = Vec::new();
    let mut add = |name: String, accepted, edit: &dyn Fn(&mut Bundle)| {
        let mut bundle = good.clone();
        edit(&mut bundle);
        found.push((name, bundle, accepted));
    };
    for (name, one) in named.into_iter().chain([("RSA", &rsa)]) {
        for (form, key) in [("PKCS#8", &one.pkcs8), ("traditional", &one.traditional)] {
            add(format!("{name} as {form}"), true, &|bundle| {
                bundle.certs.k8s = encoded(&one.cert, key);
                bundle.certs.os = encoded(&one.cert, key);
                bundle.certs.k8s_serviceaccount.key = STANDARD.encode(key).as_str().into();
            });
        }
    }
    for (name, text, accepted) in layouts(&p256.cert) {
        add(format!("certificate, {name}"), accepted, &|bundle| {
            bundle.certs.etcd = encoded(&text, &p256.traditional);
        });
    }
    for (name, text, accepted) in layouts(&p256.traditional) {
        add(format!("key, {name}"), accepted, &|bundle| {
            bundle.certs.etcd = encoded(&p256.cert, &text);
            bundle.certs.k8s_serviceaccount.key = STANDARD.encode(&text).as_str().into();
        });
    }
    let longer = changed(&p256.cert, |bytes| bytes.push(0));
    add("a byte behind the certificate".into(), false, &|bundle| {
        bundle.certs.etcd = encoded(&longer, &p256.traditional);
    });
    let zero = changed(&p384.traditional, |bytes| bytes[8..56].fill(0xff));
    add("a scalar above the order".into(), false, &|bundle| {
        bundle.certs.k8s_serviceaccount.key = STANDARD.encode(&zero).as_str().into();
    });
    let pkcs1 = rsa.traditional.replace("RSA PRIVATE", "ED25519 PRIVATE");
    let pkcs8 = rsa.pkcs8.replace("BEGIN PRIVATE", "BEGIN ED25519 PRIVATE");
    let pkcs8 = pkcs8.replace("END PRIVATE", "END ED25519 PRIVATE");
    for text in [pkcs1, pkcs8] {
        add("RSA that says it is Ed25519".into(), false, &|bundle| {
            bundle.certs.k8s_serviceaccount.key = STANDARD.encode(&text).as_str().into();
        });
    }
    found
}

fn question(name: &str, op: &str, config: String) -> Answer {
    Answer {
        name: name.to_owned(),
        op: op.to_owned(),
        config,
        ..Answer::default()
    }
}

/// Asks all lines from `first` on.
fn compare(about: &str, first: Line, questions: &[Answer]) -> Vec<(Line, Vec<Answer>)> {
    let mut wrong = Vec::new();
    let mut all = Vec::new();
    for line in oracle::lines().filter(|line| *line >= first) {
        let Some(program) = machinery::find(about, line) else {
            continue;
        };
        let answers = machinery::ask(&program, questions);
        assert_eq!(answers.len(), questions.len());
        wrong.extend(answers.iter().filter_map(|answer| {
            let difference = oracle::difference(answer, line)?;
            Some(format!("Talos {line}: {difference}"))
        }));
        all.push((line, answers));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    all
}

#[test]
fn authorities_in_bundles_are_judged_as_officially() {
    let bundles = bundles();
    for (name, bundle, accepted) in &bundles {
        let problems = bundle.problems();
        assert_eq!(problems.is_empty(), *accepted, "{name}: {problems:?}");
    }
    let questions: Vec<Answer> = bundles
        .iter()
        .map(|(name, bundle, _)| question(name, "bundle", bundle.to_yaml().expose().to_owned()))
        .collect();
    for (line, answers) in compare("authorities", Line::V1_11, &questions) {
        for ((name, _, accepted), answer) in bundles.iter().zip(answers) {
            assert_eq!(answer.error.is_empty(), *accepted, "{line}: {name}");
        }
    }
}

fn block(text: &str, indent: usize) -> String {
    let lines = text.lines().map(|line| format!("{:indent$}{line}\n", ""));
    format!("|{}\n{}", indent_mark(text), lines.collect::<String>())
}

/// YAML needs it where the first line begins with blanks.
fn indent_mark(text: &str) -> &'static str {
    if text.starts_with(' ') { "4" } else { "" }
}

fn tls(ca: &str, cert: &str, key: &str) -> String {
    format!(
        "apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: a\nca: {}clientIdentity:\n    cert: {}    key: {}",
        block(ca, 4),
        block(cert, 8),
        block(key, 8)
    )
}

#[test]
fn clients_of_registries_are_judged_as_officially() {
    let p256 = on_curve("P-256");
    let rsa = authority(&["-newkey", "rsa:2048"]);
    let p521 = on_curve("P-521");
    let mut questions = Vec::new();
    for one in [&p256, &rsa, &p521] {
        for key in [&one.pkcs8, &one.traditional, &one.cert] {
            let text = tls(&one.cert, &one.cert, key);
            questions.push(question("a kind of key", "validate", text));
        }
    }
    let longer = changed(&p256.cert, |bytes| bytes.push(0));
    let other = changed(&p256.cert, |bytes| *bytes = vec![0x30, 2, 5, 0]);
    let ca_texts = [&longer, &other].map(|bad| format!("{bad}{}", p256.cert));
    for cert in [&longer, &other, &p256.pkcs8, &ca_texts[0], &ca_texts[1]] {
        let text = tls(cert, cert, &p256.pkcs8);
        questions.push(question("a certificate", "validate", text));
    }
    for (name, text, _) in layouts(&p256.cert) {
        if !text.contains('\r') && !text.starts_with(' ') {
            let text = tls(&text, &text, &p256.pkcs8);
            questions.push(question(name, "validate", text));
        }
    }
    compare("registries", Line::V1_12, &questions);
}

#[test]
fn authorities_in_documents_are_judged_as_officially() {
    let mut questions = Vec::new();
    for curve in ["P-256", "P-384", "P-521"] {
        let one = on_curve(curve);
        for key in [&one.pkcs8, &one.traditional] {
            let pair = format!(
                "apiVersion: v1alpha1\nkind: KubeAPIServerCAConfig\nissuingCA:\n    cert: {}    key: {}",
                block(&one.cert, 8),
                block(key, 8)
            );
            let account = format!(
                "apiVersion: v1alpha1\nkind: KubeServiceAccountConfig\nissuer:\n    issuerURL: https://a\n    privateKey: {}",
                block(key, 8)
            );
            questions.push(question(curve, "validate", pair));
            questions.push(question(curve, "validate", account));
        }
    }
    for (line, answers) in compare("documents of authorities", Line::V1_14, &questions) {
        for answer in answers {
            // What else a cluster needs is not in these documents.
            let errors = &answer.verdicts["metal"].errors;
            let about = ["PEM", "parse", "invalid", "issuer"];
            let known = !errors
                .iter()
                .any(|e| about.iter().any(|word| e.contains(word)));
            assert!(known, "{line}: {}: {errors:?}", answer.name);
        }
    }
}

/// P-384 signs for clients; P-521 says what to do.
#[test]
fn clients_of_other_curves_are_signed_or_refused_by_name() {
    let lifetime = Lifetime {
        now: NOW,
        seconds: 3600,
    };
    let issue = |one: &Authority| {
        let pair = encoded(&one.cert, &one.traditional);
        pki::kubernetes_client(&pair, "a", &[], lifetime, &mut Repeatable(1))
    };
    let p384 = on_curve("P-384");
    let client = issue(&p384).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let ca = file("ca", p384.cert.as_bytes());
    let cert = STANDARD.decode(&client.client_certificate).unwrap();
    let cert = file("cert", &cert);
    openssl(&["verify", "-no_check_time", "-CAfile", &ca, &cert]);
    let error = issue(&on_curve("P-521")).err().unwrap().to_string();
    assert!(
        error.contains("certs.k8s has a key on the curve P-521"),
        "{error}"
    );
    assert!(error.contains("talosctl"), "{error}");
}
