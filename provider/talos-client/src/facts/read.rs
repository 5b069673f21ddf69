//! Reading the facts: many small resources over one connection at a time.

use std::collections::BTreeMap;

use super::{ClusterInfo, Disk, Extension, Link, MachineStatus, NodeFacts};
use crate::calls::{Kind, Resource, Service, kind};
use crate::client::Client;
use crate::cx::Cx;
use crate::error::{Code, Result};

impl Client {
    /// What the machine says of itself, configured or in maintenance mode.
    ///
    /// # Errors
    /// Any of the taxonomy; what the machine's mode or the role does not allow to see is left out instead.
    pub async fn facts(&self, cx: &Cx) -> Result<NodeFacts> {
        // First alone: it decides whether the machine answers at all.
        let status = self.machine_status(cx).await?;
        self.facts_beside(status, cx).await
    }

    /// The same for a machine that has just answered with its status. All is asked for at once, so that answers that
    /// come late cost their time once.
    ///
    /// # Errors
    /// As [`Self::facts`].
    pub async fn facts_beside(&self, status: MachineStatus, cx: &Cx) -> Result<NodeFacts> {
        let itself = async {
            tokio::try_join!(
                self.one(cx, &kind::SYSTEM_INFORMATION, "systeminformation"),
                self.one(cx, &kind::IDENTITY, "local"),
                self.one(cx, &kind::HOSTNAME, "hostname"),
                self.one(cx, &kind::VERSION, "version"),
                self.one(cx, &kind::PLATFORM, "platformmetadata"),
                self.one(cx, &kind::SCHEMATIC, "image-factory-schematic"),
                self.one(cx, &kind::SYSTEM_DISK, "system-disk"),
            )
        };
        let parts = async {
            tokio::try_join!(
                self.addresses(cx),
                self.all(cx, &kind::EXTENSION),
                self.all(cx, &kind::DISK),
                self.all(cx, &kind::LINK),
                self.known_services(cx),
                self.known_boot_id(cx),
                self.cluster_info(cx),
                self.machine_type(cx),
            )
        };
        let (
            (hardware, identity, hostname, version, platform, schematic, system_disk),
            (addresses, extensions, disks, links, services, boot_id, cluster, machine_type),
        ) = tokio::try_join!(itself, parts)?;
        let text =
            |resource: Option<Resource>, key| resource.and_then(|resource| resource.text(&[key]));
        let extensions: Vec<_> = extensions.iter().map(extension).collect();
        let named = extensions
            .iter()
            .find(|extension| extension.name == "schematic")
            .map(|found| found.version.clone());
        Ok(NodeFacts {
            uuid: text(hardware, "uuid"),
            node_id: text(identity, "nodeId"),
            hostname: text(hostname, "hostname"),
            status,
            talos_version: text(version, "version"),
            platform: text(platform, "platform"),
            schematic_id: text(schematic, "schematicId").or(named),
            extensions: extensions
                .into_iter()
                .filter(|extension| extension.name != "schematic")
                .collect(),
            addresses,
            disks: disks
                .into_iter()
                .map(|resource| (resource.id.clone(), disk(&resource)))
                .collect(),
            system_disk: text(system_disk, "diskID"),
            links: links
                .into_iter()
                .map(|resource| (resource.id.clone(), link(&resource)))
                .collect(),
            services,
            boot_id,
            cluster,
            machine_type,
        })
    }

    /// The cluster that the machine is configured for.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn cluster_info(&self, cx: &Cx) -> Result<Option<ClusterInfo>> {
        let info = self.one(cx, &kind::CLUSTER_INFO, "current").await?;
        Ok(info.and_then(|info| {
            Some(ClusterInfo {
                id: info.text(&["clusterId"])?,
                name: info.text(&["clusterName"]).unwrap_or_default(),
            })
        }))
    }

    /// controlplane or worker; `None` before the machine is configured.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn machine_type(&self, cx: &Cx) -> Result<Option<String>> {
        let found = self.one(cx, &kind::MACHINE_TYPE, "machine-type").await?;
        Ok(found
            .and_then(|found| found.text(&[]))
            .filter(|name| name != "unknown"))
    }

    /// The machine's addresses without prefix length, the default one first.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn addresses(&self, cx: &Cx) -> Result<Vec<String>> {
        let (default, current) = tokio::try_join!(
            self.one(cx, &kind::NODE_ADDRESS, "default"),
            self.one(cx, &kind::NODE_ADDRESS, "current"),
        )?;
        let mut addresses = Vec::new();
        for prefix in [default, current]
            .into_iter()
            .flatten()
            .flat_map(|found| found.texts(&["addresses"]))
        {
            let address = prefix.split('/').next().unwrap_or_default().to_owned();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }

    /// A resource that the machine's mode, its version or our role may not show.
    async fn one(&self, cx: &Cx, kind: &Kind, id: &str) -> Result<Option<Resource>> {
        hidden_is_none(self.get(cx, kind, id).await).map(Option::flatten)
    }

    async fn all(&self, cx: &Cx, kind: &Kind) -> Result<Vec<Resource>> {
        hidden_is_none(self.list(cx, kind).await).map(Option::unwrap_or_default)
    }

    async fn known_boot_id(&self, cx: &Cx) -> Result<Option<String>> {
        hidden_is_none(self.boot_id(cx).await)
    }

    /// In maintenance mode of Talos up to 1.12 only the state API lists services.
    async fn known_services(&self, cx: &Cx) -> Result<BTreeMap<String, Service>> {
        let services = match hidden_is_none(self.services(cx).await)? {
            Some(services) => services,
            None => self
                .all(cx, &kind::SERVICE)
                .await?
                .iter()
                .map(service)
                .collect(),
        };
        Ok(services
            .into_iter()
            .map(|service| (service.id.clone(), service))
            .collect())
    }
}

/// A refusal to show something is an answer, too.
fn hidden_is_none<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.code {
            Code::NodeRole | Code::NodeUnsupported | Code::NodeNotFound | Code::NodeMaintenance => {
                Ok(None)
            }
            _ => Err(error),
        },
    }
}

fn extension(resource: &Resource) -> Extension {
    let text = |key| resource.text(&["metadata", key]);
    Extension {
        name: text("name").unwrap_or_else(|| resource.id.clone()),
        version: text("version").unwrap_or_default(),
    }
}

fn disk(resource: &Resource) -> Disk {
    let text = |key| resource.text(&[key]);
    Disk {
        device: text("dev_path").unwrap_or_else(|| format!("/dev/{}", resource.id)),
        size_bytes: resource.number(&["size"]).unwrap_or_default(),
        model: text("model"),
        serial: text("serial"),
        wwid: text("wwid"),
        uuid: text("uuid"),
        bus_path: text("bus_path"),
        transport: text("transport"),
        rotational: resource.is_true(&["rotational"]),
        readonly: resource.is_true(&["readonly"]),
        cdrom: resource.is_true(&["cdrom"]),
    }
}

fn link(resource: &Resource) -> Link {
    let text = |key| resource.text(&[key]);
    Link {
        hardware_address: text("hardwareAddr"),
        kind: text("kind"),
        state: text("operationalState"),
        mtu: resource.number(&["mtu"]),
        driver: text("driver"),
        // The kernel says 2^32 - 1 where it does not know.
        speed_mbit: resource
            .number(&["speedMbit"])
            .filter(|speed| (1..u64::from(u32::MAX)).contains(speed)),
    }
}

fn service(resource: &Resource) -> Service {
    let running = resource.is_true(&["running"]);
    Service {
        id: resource.id.clone(),
        state: if running { "Running" } else { "Waiting" }.to_owned(),
        healthy: (!resource.is_true(&["unknown"])).then(|| resource.is_true(&["healthy"])),
        message: String::new(),
    }
}
