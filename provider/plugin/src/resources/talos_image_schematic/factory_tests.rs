//! Registration and import against a small HTTP server.

use framework::prelude::*;
use serde_json::json;
use talos_config::schematic::Schematic;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::import;
use super::model::ImageSchematic;
use super::resource::register;
use super::tests::{GUEST_AGENT, PUBLIC, with_extensions};
use crate::shared::image_factory::ImageFactory;

/// Status line and body.
type Answer = (&'static str, String);

/// A server that gives these answers in order, whatever is asked. Its address; what it was asked comes back.
pub(super) async fn serve(answers: Vec<Answer>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut requests = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(request(&mut stream).await);
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .await
                .unwrap();
        }
        requests
    });
    (url, asked)
}

async fn factory(answers: Vec<Answer>) -> (ImageFactory, JoinHandle<Vec<String>>) {
    let (url, asked) = serve(answers).await;
    (ImageFactory::new(&url, None).unwrap(), asked)
}

/// Request line and body.
async fn request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        });
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return format!("{}\n{body}", head.lines().next().unwrap_or_default());
        }
    }
}

fn summary(error: &Error) -> String {
    let first = error.diagnostics().iter().next().unwrap();
    format!("{} {}", first.summary, first.detail)
}

#[tokio::test]
async fn registration_checks_extensions_and_posts_the_document() {
    let list = json!([{ "name": "siderolabs/qemu-guest-agent", "ref": "r" }]).to_string();
    let (factory, asked) = factory(vec![
        ("200 OK", list),
        ("201 Created", json!({ "id": GUEST_AGENT }).to_string()),
    ])
    .await;
    register(&factory, &with_extensions(&["siderolabs/qemu-guest-agent"]))
        .await
        .unwrap();
    let asked = asked.await.unwrap();
    assert!(
        asked[0].starts_with("GET /version/v1.12.6/extensions/official "),
        "{}",
        asked[0]
    );
    assert!(asked[1].starts_with("POST /schematics "), "{}", asked[1]);
    assert!(
        asked[1].ends_with("            - siderolabs/qemu-guest-agent\n"),
        "{}",
        asked[1]
    );
}

#[tokio::test]
async fn an_unknown_extension_is_not_posted() {
    let list = json!([{ "name": "siderolabs/qemu-guest-agent" }]).to_string();
    let (factory, asked) = factory(vec![("200 OK", list)]).await;
    let error = register(&factory, &with_extensions(&["siderolabs/qemu-agent"]))
        .await
        .unwrap_err();
    assert!(
        summary(&error).contains("TS-SCHEMATIC-EXTENSION"),
        "{}",
        summary(&error)
    );
    assert_eq!(asked.await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_id_is_an_error() {
    let (factory, _asked) = factory(vec![(
        "201 Created",
        json!({ "id": "0".repeat(64) }).to_string(),
    )])
    .await;
    let error = register(&factory, &ImageSchematic::empty())
        .await
        .unwrap_err();
    assert!(
        summary(&error).contains("TS-FACTORY-ID"),
        "{}",
        summary(&error)
    );
}

#[tokio::test]
async fn a_busy_factory_is_asked_again() {
    let id = Schematic::default().id();
    let answers = vec![
        ("503 Service Unavailable", String::new()),
        ("201 Created", json!({ "id": id }).to_string()),
    ];
    let (factory, asked) = factory(answers).await;
    register(&factory, &ImageSchematic::empty()).await.unwrap();
    assert_eq!(asked.await.unwrap().len(), 2);
}

#[tokio::test]
async fn refusals_and_strangers_are_told_apart() {
    let (refusing, _asked) = factory(vec![("400 Bad Request", "unknown field".to_owned())]).await;
    let error = register(&refusing, &ImageSchematic::empty())
        .await
        .unwrap_err();
    assert!(
        summary(&error).contains("TS-FACTORY-REFUSED") && summary(&error).contains("unknown field")
    );
    let (stranger, _asked) = factory(vec![("200 OK", "<html>".to_owned())]).await;
    let error = register(&stranger, &ImageSchematic::empty())
        .await
        .unwrap_err();
    assert!(
        summary(&error).contains("TS-FACTORY-ANSWER"),
        "{}",
        summary(&error)
    );
    let nobody = ImageFactory::new("http://127.0.0.1:1", None).unwrap();
    let error = register(&nobody, &ImageSchematic::empty())
        .await
        .unwrap_err();
    assert!(
        summary(&error).contains("TS-FACTORY-UNREACHABLE"),
        "{}",
        summary(&error)
    );
}

#[test]
fn a_ca_that_is_none_is_named() {
    for ca in ["/nonexistent/ca.pem", "-----BEGIN CERTIFICATE-----\nbroken"] {
        let error = ImageFactory::new(PUBLIC, Some(ca)).err().unwrap();
        assert!(
            summary(&error).contains("TS-FACTORY-CA"),
            "{}",
            summary(&error)
        );
    }
}

#[tokio::test]
async fn import_gives_attributes_where_they_say_everything() {
    let text = "customization:\n    systemExtensions:\n        officialExtensions:\n            - siderolabs/qemu-guest-agent\n";
    let (factory, _asked) = factory(vec![("200 OK", text.to_owned())]).await;
    let model = import::by_id(&factory, PUBLIC, GUEST_AGENT).await.unwrap();
    assert_eq!(model.id.text(), GUEST_AGENT);
    assert!(model.extensions.is_known() && model.schematic_yaml.is_null());
}

#[tokio::test]
async fn import_names_what_is_unknown() {
    let (unknowing, _asked) = factory(vec![("404 Not Found", String::new())]).await;
    let error = import::by_id(&unknowing, PUBLIC, GUEST_AGENT)
        .await
        .err()
        .unwrap();
    assert!(
        summary(&error).contains("does not know"),
        "{}",
        summary(&error)
    );
    assert!(import::by_id(&unknowing, PUBLIC, "latest").await.is_err());
}
