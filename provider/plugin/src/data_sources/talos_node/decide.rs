//! From what a machine says to attributes. Pure.

use std::collections::BTreeMap;

use framework::prelude::*;
use talos_client::{Disk, Link, NodeFacts, Service};

use super::model::{Node, NodeDisk, NodeLink, NodeService};

/// Stage of a machine that does not answer.
pub const UNREACHABLE: &str = "unreachable";

/// Fills the computed attributes.
pub fn describe(model: &mut Node, facts: NodeFacts) {
    let system = facts.system_disk;
    let disks = facts.disks.into_iter().map(|(name, disk)| {
        let is_system = system.as_ref() == Some(&name);
        (name, node_disk(disk, is_system))
    });
    model.disks = Field::Known(disks.collect());
    model.uuid = facts.uuid.into();
    model.hostname = facts.hostname.into();
    model.stage = facts.status.stage.as_str().into();
    model.talos_version = facts.talos_version.into();
    model.schematic_id = facts.schematic_id.into();
    model.extensions = Field::Known(
        facts
            .extensions
            .into_iter()
            .map(|extension| (extension.name, extension.version.into()))
            .collect(),
    );
    model.addresses = Field::Known(facts.addresses.into_iter().map(Field::Known).collect());
    model.links = by_name(facts.links, node_link);
    model.services = by_name(facts.services, node_service);
}

/// Nothing is known of a machine that does not answer, and the stage says so.
pub fn unreachable(model: &mut Node) {
    model.stage = UNREACHABLE.into();
}

fn by_name<T, U>(map: BTreeMap<String, T>, change: impl Fn(T) -> U) -> Field<BTreeMap<String, U>> {
    Field::Known(
        map.into_iter()
            .map(|(name, item)| (name, change(item)))
            .collect(),
    )
}

fn node_disk(disk: Disk, system: bool) -> NodeDisk {
    NodeDisk {
        device: disk.device.into(),
        size_bytes: number(Some(disk.size_bytes)),
        model: disk.model.into(),
        serial: disk.serial.into(),
        wwid: disk.wwid.into(),
        uuid: disk.uuid.into(),
        bus_path: disk.bus_path.into(),
        transport: disk.transport.into(),
        rotational: disk.rotational.into(),
        readonly: disk.readonly.into(),
        cdrom: disk.cdrom.into(),
        system: system.into(),
    }
}

fn node_link(link: Link) -> NodeLink {
    NodeLink {
        hardware_address: link.hardware_address.into(),
        kind: link.kind.into(),
        state: link.state.into(),
        mtu: number(link.mtu),
        driver: link.driver.into(),
        speed_mbit: number(link.speed_mbit),
    }
}

fn node_service(service: Service) -> NodeService {
    NodeService {
        state: service.state.into(),
        healthy: service.healthy.into(),
    }
}

/// Numbers beyond 63 bits do not occur in what Talos measures; they would be null.
fn number(value: Option<u64>) -> Field<i64> {
    value.and_then(|value| i64::try_from(value).ok()).into()
}
