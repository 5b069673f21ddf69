use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::document::{attributes, wanted};
use super::import;
use super::model::{ImageSchematic, SchematicOverlay, SchematicSecureBoot};
use super::plan::{describe, validate};
use super::resource::register;
use crate::shared::image_factory::ImageFactory;
use talos_config::schematic::Schematic;

const PUBLIC: &str = "https://factory.talos.dev";
const GUEST_AGENT: &str = "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515";

fn with_extensions(names: &[&str]) -> ImageSchematic {
    let names: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    ImageSchematic { extensions: Field::Known(names), talos_version: "v1.12.6".into(), ..ImageSchematic::empty() }
}

fn described(mut model: ImageSchematic) -> ImageSchematic {
    describe(Some(PUBLIC), &mut model).unwrap();
    model
}

fn problems(model: &ImageSchematic) -> Vec<String> {
    let mut found = Diagnostics::new();
    validate(model, &mut found);
    found.iter().map(|problem| problem.summary.clone()).collect()
}

/// A factory that gives one answer, whatever is asked: status line and body. What it was asked comes back.
async fn factory(answers: Vec<(&'static str, String)>) -> (ImageFactory, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut requests = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(request(&mut stream).await);
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
        requests
    });
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
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
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

#[test]
fn all_is_known_at_plan() {
    let model = described(with_extensions(&["siderolabs/qemu-guest-agent"]));
    assert_eq!(model.id.text(), GUEST_AGENT);
    assert_eq!(model.installer_image.text(), format!("factory.talos.dev/nocloud-installer/{GUEST_AGENT}:v1.12.6"));
    assert_eq!(model.iso_url.text(), format!("{PUBLIC}/image/{GUEST_AGENT}/v1.12.6/nocloud-amd64.iso"));
}

#[test]
fn without_version_there_are_no_addresses() {
    let model = described(ImageSchematic { talos_version: Field::Null, ..with_extensions(&[]) });
    assert!(model.id.is_known());
    assert!(model.installer_image.is_null() && model.iso_url.is_null() && model.pxe_url.is_null());
}

#[test]
fn what_depends_on_unknowns_is_unknown() {
    let model = described(ImageSchematic { kernel_args: Field::Known(vec![Field::Unknown]), ..with_extensions(&[]) });
    assert!(model.id.is_unknown() && model.iso_url.is_unknown());
    let model = described(ImageSchematic { talos_version: Field::Unknown, ..with_extensions(&[]) });
    assert!(model.id.is_known() && model.iso_url.is_unknown());
}

#[test]
fn attributes_and_document_give_the_same_id() {
    let overlay = SchematicOverlay {
        name: "rpi_generic".into(),
        image: "siderolabs/sbc-raspberrypi".into(),
        options: Field::Known(BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())])),
    };
    let model = ImageSchematic {
        kernel_args: Field::Known(vec!["-console".into(), "console=ttyS0".into()]),
        overlay: Field::Known(overlay),
        meta: Field::Known(BTreeMap::from([("0xc".to_owned(), "x".to_owned()), ("10".to_owned(), "y".to_owned())])),
        secure_boot: Field::Known(SchematicSecureBoot { include_well_known_certificates: Field::Known(true) }),
        ..with_extensions(&["siderolabs/zfs", "siderolabs/i915"])
    };
    let schematic = wanted(&model).unwrap().unwrap().schematic;
    assert_eq!(schematic.meta, [(10, "y".to_owned()), (12, "x".to_owned())]);
    let text = ImageSchematic { schematic_yaml: schematic.canonical().into(), ..ImageSchematic::empty() };
    assert_eq!(described(text).id, described(model).id);
}

#[test]
fn secure_boot_images_are_others() {
    let secure = SchematicSecureBoot { include_well_known_certificates: Field::Null };
    let model = described(ImageSchematic { secure_boot: Field::Known(secure), ..with_extensions(&[]) });
    assert!(model.iso_url.text().ends_with("nocloud-amd64-secureboot.iso"));
}

#[test]
fn what_cannot_be_is_refused_at_validation() {
    let twice = ImageSchematic { schematic_yaml: "customization: {}".into(), ..with_extensions(&["a/b"]) };
    assert_eq!(problems(&twice), ["TS-INPUT-CONFLICT: extensions and schematic_yaml are both set"]);
    let meta = |keys: &[&str]| ImageSchematic {
        meta: Field::Known(keys.iter().map(|&key| (key.to_owned(), String::new())).collect()),
        ..ImageSchematic::empty()
    };
    assert_eq!(problems(&meta(&["ten"])).len(), 1);
    assert_eq!(problems(&meta(&["10", "0xa"])).len(), 1);
    assert!(problems(&meta(&["10", "0xb"])).is_empty());
    let document = ImageSchematic { schematic_yaml: "customisation: {}".into(), ..ImageSchematic::empty() };
    assert_eq!(problems(&document), ["TS-SCHEMATIC-INVALID: the schematic is not valid"]);
    let version = ImageSchematic { talos_version: "latest".into(), ..ImageSchematic::empty() };
    assert_eq!(problems(&version).len(), 1);
    let mock = ImageSchematic { talos_version: "mock".into(), ..ImageSchematic::empty() };
    assert!(problems(&mock).is_empty());
}

#[tokio::test]
async fn registration_checks_extensions_and_posts_the_document() {
    let list = json!([{ "name": "siderolabs/qemu-guest-agent", "ref": "r" }]).to_string();
    let (factory, asked) = factory(vec![("200 OK", list), ("201 Created", json!({ "id": GUEST_AGENT }).to_string())]).await;
    register(&factory, &with_extensions(&["siderolabs/qemu-guest-agent"])).await.unwrap();
    let asked = asked.await.unwrap();
    assert!(asked[0].starts_with("GET /version/v1.12.6/extensions/official "), "{}", asked[0]);
    assert!(asked[1].starts_with("POST /schematics "), "{}", asked[1]);
    assert!(asked[1].ends_with("            - siderolabs/qemu-guest-agent\n"), "{}", asked[1]);
}

#[tokio::test]
async fn an_unknown_extension_is_not_posted() {
    let list = json!([{ "name": "siderolabs/qemu-guest-agent" }]).to_string();
    let (factory, asked) = factory(vec![("200 OK", list)]).await;
    let error = register(&factory, &with_extensions(&["siderolabs/qemu-agent"])).await.unwrap_err();
    assert!(summary(&error).contains("TS-SCHEMATIC-EXTENSION"), "{}", summary(&error));
    assert_eq!(asked.await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_id_is_an_error() {
    let (factory, _asked) = factory(vec![("201 Created", json!({ "id": "0".repeat(64) }).to_string())]).await;
    let error = register(&factory, &ImageSchematic::empty()).await.unwrap_err();
    assert!(summary(&error).contains("TS-FACTORY-ID"), "{}", summary(&error));
}

#[tokio::test]
async fn a_busy_factory_is_asked_again() {
    let id = Schematic::default().id();
    let answers = vec![("503 Service Unavailable", String::new()), ("201 Created", json!({ "id": id }).to_string())];
    let (factory, asked) = factory(answers).await;
    register(&factory, &ImageSchematic::empty()).await.unwrap();
    assert_eq!(asked.await.unwrap().len(), 2);
}

#[tokio::test]
async fn refusals_and_strangers_are_told_apart() {
    let (refusing, _asked) = factory(vec![("400 Bad Request", "unknown field".to_owned())]).await;
    let error = register(&refusing, &ImageSchematic::empty()).await.unwrap_err();
    assert!(summary(&error).contains("TS-FACTORY-REFUSED") && summary(&error).contains("unknown field"));
    let (stranger, _asked) = factory(vec![("200 OK", "<html>".to_owned())]).await;
    let error = register(&stranger, &ImageSchematic::empty()).await.unwrap_err();
    assert!(summary(&error).contains("TS-FACTORY-ANSWER"), "{}", summary(&error));
    let nobody = ImageFactory::new("http://127.0.0.1:1", None).unwrap();
    let error = register(&nobody, &ImageSchematic::empty()).await.unwrap_err();
    assert!(summary(&error).contains("TS-FACTORY-UNREACHABLE"), "{}", summary(&error));
}

#[test]
fn a_ca_that_is_none_is_named() {
    for ca in ["/nonexistent/ca.pem", "-----BEGIN CERTIFICATE-----\nbroken"] {
        let error = ImageFactory::new(PUBLIC, Some(ca)).err().unwrap();
        assert!(summary(&error).contains("TS-FACTORY-CA"), "{}", summary(&error));
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
    let error = import::by_id(&unknowing, PUBLIC, GUEST_AGENT).await.err().unwrap();
    assert!(summary(&error).contains("does not know"), "{}", summary(&error));
    assert!(import::by_id(&unknowing, PUBLIC, "latest").await.is_err());
}

#[test]
fn a_schematic_that_attributes_cannot_say_stays_text() {
    let text = "customization: {bootloader: grub}";
    let model = attributes(text, &Schematic::from_yaml(text).unwrap());
    assert_eq!(model.schematic_yaml.text(), text);
    // The order of the list counts and a set has none.
    let text = "customization: {systemExtensions: {officialExtensions: [b, a]}}";
    assert!(attributes(text, &Schematic::from_yaml(text).unwrap()).schematic_yaml.is_known());
}

#[test]
fn state_of_the_other_provider_moves_without_a_change() {
    let raw = json!({ "id": GUEST_AGENT, "schematic": "customization:\n  systemExtensions:\n    officialExtensions:\n    - siderolabs/qemu-guest-agent\n" });
    let model = import::moved(&raw).unwrap();
    assert_eq!(model.id.text(), GUEST_AGENT);
    assert!(model.extensions.is_known());
}
