//! Pulling from a small registry of the test's own, over the real protocol: login, redirect, digests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use kubernetes::artifact::{Reference, digest_of, download, pull};
use kubernetes::{Code, Cx};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

const FILE: &str = "flux-operator/install.yaml";

/// Status, headers and body by path; a path with a login answers 401 before a token is shown.
#[derive(Default)]
struct Registry {
    answers: BTreeMap<String, (u16, String, Vec<u8>)>,
    login: bool,
    asked: Mutex<Vec<String>>,
}

async fn serve(registry: Arc<Registry>, listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let registry = Arc::clone(&registry);
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let (mut first, mut token) = (String::new(), false);
            stream.read_line(&mut first).await.unwrap();
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                token |= line
                    .to_lowercase()
                    .starts_with("authorization: bearer secret-token");
                if line.trim().is_empty() {
                    break;
                }
            }
            let path = first.split_whitespace().nth(1).unwrap().to_owned();
            registry
                .asked
                .lock()
                .unwrap()
                .push(format!("{path} {token}"));
            let missing = (404, String::new(), Vec::new());
            let (status, headers, body) = registry.answers.get(&path).unwrap_or(&missing).clone();
            let (status, headers, body) = if registry.login && path.starts_with("/v2/") && !token {
                let port = stream.get_ref().local_addr().unwrap().port();
                (
                    401,
                    format!(
                        "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"s\",scope=\"repository:a/b:pull\"\r\n"
                    ),
                    Vec::new(),
                )
            } else {
                (status, headers, body)
            };
            let head = format!(
                "HTTP/1.1 {status} x\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let stream = stream.get_mut();
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
        });
    }
}

fn layer(text: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    archive
        .append_data(&mut header, FILE, text.as_bytes())
        .unwrap();
    let mut encoder = archive.into_inner().unwrap();
    encoder.flush().unwrap();
    encoder.finish().unwrap()
}

/// An artifact as the project publishes it.
fn published(text: &str) -> (Registry, String) {
    let layer = layer(text);
    let digest = digest_of(&layer);
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.cncf.flux.config.v1+json"}},"layers":[{{"mediaType":"application/vnd.cncf.flux.content.v1.tar+gzip","digest":"{digest}"}}]}}"#
    );
    let manifest_digest = digest_of(manifest.as_bytes());
    let mut registry = Registry::default();
    for name in ["v1.0.0".to_owned(), manifest_digest.clone()] {
        let path = format!("/v2/a/b/manifests/{name}");
        registry
            .answers
            .insert(path, (200, String::new(), manifest.clone().into_bytes()));
    }
    // Blobs lie elsewhere, as with the public registry.
    registry.answers.insert(
        format!("/v2/a/b/blobs/{digest}"),
        (307, "Location: /elsewhere\r\n".to_owned(), Vec::new()),
    );
    registry
        .answers
        .insert("/elsewhere".to_owned(), (200, String::new(), layer));
    registry.answers.insert(
        "/token?scope=repository%3Aa%2Fb%3Apull&service=s".to_owned(),
        (200, String::new(), br#"{"token":"secret-token"}"#.to_vec()),
    );
    (registry, manifest_digest)
}

async fn start(registry: Registry) -> (Arc<Registry>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("oci://{}/a/b", listener.local_addr().unwrap());
    let registry = Arc::new(registry);
    tokio::spawn(serve(Arc::clone(&registry), listener));
    (registry, address)
}

fn cx() -> Cx {
    Cx::new(Duration::from_secs(20))
}

#[tokio::test]
async fn a_file_is_pulled_with_login_and_redirect() {
    let (mut registry, digest) = published("kind: Deployment\n");
    registry.login = true;
    let (registry, address) = start(registry).await;
    let reference = Reference::parse(&address, "v1.0.0").unwrap();
    let pulled = pull(&cx(), &reference, None, FILE).await.unwrap();
    assert_eq!(
        (pulled.text.as_str(), pulled.digest.as_str()),
        ("kind: Deployment\n", digest.as_str())
    );
    let pinned = pull(&cx(), &reference, Some(&digest), FILE).await.unwrap();
    assert_eq!(pinned.digest, digest);
    assert!(
        registry
            .asked
            .lock()
            .unwrap()
            .iter()
            .any(|asked| asked.starts_with("/token"))
    );
}

#[tokio::test]
async fn what_is_not_what_was_announced_is_refused() {
    let (mut registry, digest) = published("kind: Deployment\n");
    registry.answers.insert(
        "/elsewhere".to_owned(),
        (200, String::new(), layer("kind: Trojan\n")),
    );
    let (_, address) = start(registry).await;
    let reference = Reference::parse(&address, "v1.0.0").unwrap();
    let error = pull(&cx(), &reference, None, FILE).await.err().unwrap();
    assert_eq!(error.code, Code::ArtifactDigest, "{error}");

    let (mut registry, _) = published("kind: Deployment\n");
    registry.answers.insert(
        format!("/v2/a/b/manifests/{digest}"),
        (200, String::new(), b"{}".to_vec()),
    );
    let (_, address) = start(registry).await;
    let reference = Reference::parse(&address, "v1.0.0").unwrap();
    let error = pull(&cx(), &reference, Some(&digest), FILE)
        .await
        .err()
        .unwrap();
    assert_eq!(error.code, Code::ArtifactDigest, "{error}");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let (registry, _) = published("kind: Deployment\n");
    let (_, address) = start(registry).await;
    let code = async |tag: &str, file: &str| {
        let reference = Reference::parse(&address, tag).unwrap();
        pull(&cx(), &reference, None, file)
            .await
            .err()
            .unwrap()
            .code
    };
    assert_eq!(code("v9.9.9", FILE).await, Code::ArtifactMissing);
    assert_eq!(code("v1.0.0", "other.yaml").await, Code::ArtifactContent);
    let nobody = Reference::parse("oci://127.0.0.1:1/a", "v1").unwrap();
    assert_eq!(
        pull(&cx(), &nobody, None, FILE).await.err().unwrap().code,
        Code::RegistryUnreachable
    );
    let url = address
        .replace("oci://", "http://")
        .replace("/a/b", "/elsewhere");
    assert!(download(&cx(), &url).await.is_err(), "a layer is no text");
    let missing = url.replace("elsewhere", "nowhere");
    assert_eq!(
        download(&cx(), &missing).await.err().unwrap().code,
        Code::ArtifactMissing
    );
}
