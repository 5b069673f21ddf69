//! The resource over its life, in core's order and with core's checks.

use framework::prelude::*;
use framework::testing::Change;
use serde_json::json;

use super::TalosImageSchematic;
use super::factory_tests::serve;
use super::model::ImageSchematic;
use super::tests::{GUEST_AGENT, PUBLIC, with_extensions};
use crate::shared::testing::{core, told};

const DOCUMENT: &str = "customization:\n    systemExtensions:\n        officialExtensions:\n            - siderolabs/qemu-guest-agent\n";

fn unregistered(names: &[&str]) -> ImageSchematic {
    ImageSchematic {
        register: Field::Known(false),
        ..with_extensions(names)
    }
}

#[tokio::test]
async fn without_registration_nobody_is_asked() {
    // Port 1 answers nobody: any request would fail.
    let core = core("http://127.0.0.1:1");
    let mut object = core.object::<TalosImageSchematic>();
    let config = unregistered(&["siderolabs/qemu-guest-agent"]);
    let created = object.apply(Some(&config)).await.unwrap();
    assert_eq!(created.change, Change::Create);
    assert_eq!(created.model.unwrap().id.text(), GUEST_AGENT);
    assert_eq!(
        object.plan(Some(&config)).await.unwrap().change,
        Change::None
    );
    let updated = object
        .apply(Some(&unregistered(&["siderolabs/i915"])))
        .await
        .unwrap();
    assert_eq!(updated.change, Change::Update);
    assert_ne!(object.state().unwrap().id.text(), GUEST_AGENT);
    assert_eq!(object.apply(None).await.unwrap().change, Change::Destroy);
}

#[tokio::test]
async fn creation_registers_once() {
    let id = json!({ "id": GUEST_AGENT }).to_string();
    let list = json!([{ "name": "siderolabs/qemu-guest-agent" }]).to_string();
    let (url, asked) = serve(vec![("200 OK", list), ("201 Created", id)]).await;
    let mut object = core(&url).object::<TalosImageSchematic>();
    let config = with_extensions(&["siderolabs/qemu-guest-agent"]);
    object.apply(Some(&config)).await.unwrap();
    assert_eq!(asked.await.unwrap().len(), 2);
    assert_eq!(
        object.plan(Some(&config)).await.unwrap().change,
        Change::None
    );
}

#[tokio::test]
async fn a_failed_registration_leaves_nothing_behind() {
    let (url, _asked) = serve(vec![("400 Bad Request", "no".to_owned())]).await;
    let mut object = core(&url).object::<TalosImageSchematic>();
    let failed = object
        .apply(Some(&ImageSchematic::empty()))
        .await
        .err()
        .unwrap();
    assert!(
        told(&failed).contains("TS-FACTORY-REFUSED"),
        "{}",
        told(&failed)
    );
    assert!(object.state().is_none());
}

#[tokio::test]
async fn another_factory_is_an_update() {
    let mut first = core("http://127.0.0.1:1").object::<TalosImageSchematic>();
    first.apply(Some(&unregistered(&[]))).await.unwrap();
    let mut second = core("http://127.0.0.1:2").object::<TalosImageSchematic>();
    second.assume(&first.state().unwrap(), &()).unwrap();
    let planned = second.plan(Some(&unregistered(&[]))).await.unwrap();
    assert_eq!(planned.change, Change::Update);
    assert!(
        planned
            .model
            .unwrap()
            .iso_url
            .text()
            .starts_with("http://127.0.0.1:2/")
    );
}

#[tokio::test]
async fn an_imported_schematic_needs_no_change() {
    let (url, _asked) = serve(vec![("200 OK", DOCUMENT.to_owned())]).await;
    let mut object = core(&url).object::<TalosImageSchematic>();
    object.import(GUEST_AGENT).await.unwrap();
    let config = ImageSchematic {
        talos_version: Field::Null,
        ..with_extensions(&["siderolabs/qemu-guest-agent"])
    };
    assert_eq!(
        object.plan(Some(&config)).await.unwrap().change,
        Change::None
    );
}

#[tokio::test]
async fn state_of_the_other_provider_needs_no_change() {
    let mut object = core(PUBLIC).object::<TalosImageSchematic>();
    let state = json!({ "id": GUEST_AGENT, "schematic": DOCUMENT });
    let address = "registry.terraform.io/siderolabs/talos";
    object
        .take_over(address, "talos_image_factory_schematic", &state)
        .await
        .unwrap();
    let config = ImageSchematic {
        schematic_yaml: DOCUMENT.into(),
        ..ImageSchematic::empty()
    };
    let planned = object.plan(Some(&config)).await.unwrap();
    assert_eq!(planned.change, Change::Update);
    let config = ImageSchematic {
        talos_version: Field::Null,
        ..with_extensions(&["siderolabs/qemu-guest-agent"])
    };
    assert_eq!(
        object.plan(Some(&config)).await.unwrap().change,
        Change::None
    );
}

#[tokio::test]
async fn a_placeholder_for_the_factory_is_planned_with_a_warning_and_refused_at_apply() {
    let config = ImageSchematic {
        talos_version: "v1.12.6".into(),
        ..unregistered(&["siderolabs/qemu-guest-agent"])
    };
    for url in ["mock", "https://factory.invalid"] {
        let mut object = core(url).object::<TalosImageSchematic>();
        let planned = object.plan(Some(&config)).await.unwrap();
        let warned = told(&planned.warnings);
        assert!(warned.contains("TS-PLACEHOLDER"), "{warned}");
        let model = planned.model.unwrap();
        assert_eq!(model.id.text(), GUEST_AGENT);
        assert!(model.iso_url.is_unknown());
        let refused = told(&object.apply(Some(&config)).await.err().unwrap());
        assert!(refused.contains("TS-PLACEHOLDER"), "{refused}");
        assert!(object.state().is_none());
    }
}
