use std::collections::BTreeMap;

use framework::prelude::*;
use talos_client::{Disk, Extension, NodeFacts};

use super::TalosNode;
use super::decide::{describe, unreachable};
use super::model::Node;
use crate::shared::testing::{core, told};

fn node() -> Node {
    Node {
        endpoints: Field::Known(vec!["10.0.0.1".into()]),
        client_configuration: Field::Null,
        timeouts: Field::Null,
        uuid: Field::Null,
        hostname: Field::Null,
        stage: Field::Null,
        talos_version: Field::Null,
        schematic_id: Field::Null,
        extensions: Field::Null,
        addresses: Field::Null,
        disks: Field::Null,
        links: Field::Null,
        services: Field::Null,
    }
}

fn disk(device: &str) -> Disk {
    Disk {
        device: device.to_owned(),
        size_bytes: 64 << 30,
        model: None,
        serial: None,
        wwid: None,
        uuid: None,
        bus_path: None,
        transport: Some("virtio".to_owned()),
        rotational: false,
        readonly: false,
        cdrom: false,
    }
}

fn facts() -> NodeFacts {
    NodeFacts {
        uuid: Some("4c4c4544-0000-0000-0000-000000000001".to_owned()),
        node_id: None,
        hostname: None,
        status: talos_client::MachineStatus {
            stage: talos_client::Stage::Maintenance,
            ready: true,
            unmet: Vec::new(),
        },
        talos_version: Some("v1.12.6".to_owned()),
        platform: None,
        schematic_id: None,
        extensions: vec![Extension {
            name: "i915".to_owned(),
            version: "v1".to_owned(),
        }],
        addresses: vec!["10.0.0.1".to_owned()],
        disks: BTreeMap::from([
            ("vda".to_owned(), disk("/dev/vda")),
            ("vdb".to_owned(), disk("/dev/vdb")),
        ]),
        system_disk: Some("vda".to_owned()),
        links: BTreeMap::new(),
        services: BTreeMap::new(),
        boot_id: None,
        cluster: None,
        machine_type: None,
    }
}

#[test]
fn what_is_not_known_is_null() {
    let mut model = node();
    describe(&mut model, facts());
    assert_eq!(model.stage.text(), "maintenance");
    assert!(model.hostname.is_null() && model.schematic_id.is_null());
    assert_eq!(model.extensions.get().unwrap()["i915"].text(), "v1");
    assert!(model.links.get().unwrap().is_empty());
}

#[test]
fn the_disk_of_talos_is_marked() {
    let mut model = node();
    describe(&mut model, facts());
    let disks = model.disks.get().unwrap();
    assert_eq!(disks["vda"].system, Field::Known(true));
    assert_eq!(disks["vdb"].system, Field::Known(false));
    assert_eq!(disks["vdb"].size_bytes, Field::Known(64 << 30));
}

#[test]
fn silence_is_a_stage() {
    let mut model = node();
    unreachable(&mut model);
    assert_eq!(model.stage.text(), "unreachable");
    assert!(model.disks.is_null() && model.talos_version.is_null());
}

#[tokio::test]
async fn a_placeholder_address_is_not_called() {
    let mut config = node();
    config.endpoints = Field::Known(vec!["node.invalid".into()]);
    let read = core("").read::<TalosNode>(&config).await.unwrap();
    assert_eq!(read.value.stage.text(), "unreachable");
    assert!(
        told(&read.warnings).contains("`endpoints` is a placeholder"),
        "{}",
        told(&read.warnings)
    );
}

#[tokio::test]
async fn an_address_that_is_none_is_an_error() {
    let mut config = node();
    config.endpoints = Field::Known(vec!["not an address".into()]);
    let refused = core("").read::<TalosNode>(&config).await.err().unwrap();
    assert!(
        told(&refused).contains("TS-CLIENT-ENDPOINT"),
        "{}",
        told(&refused)
    );
}
