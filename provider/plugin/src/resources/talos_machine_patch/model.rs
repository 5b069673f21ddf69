//! Attributes of `talos_machine_patch`.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;

/// Lays patches over the live configuration of a machine and owns only what they set.
///
/// A path that leaves `patches`, or the destroyed resource, gets back what was there before, unless somebody
/// changed it since. Items of lists are owned by identity: applying twice never duplicates.
#[derive(Model, Clone, PartialEq)]
pub struct MachinePatch {
    /// `cluster/node`.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// Name of the machine, for ids and messages.
    #[tf(required)]
    pub node: Field<String>,
    /// Addresses of the machine's Talos API, tried in order.
    #[tf(required)]
    pub endpoints: Field<Vec<Field<String>>>,
    /// Client identity for the Talos API; the provider's unless given.
    #[tf(optional, sensitive)]
    pub client_configuration: Field<ClientConfiguration>,
    /// Strategic-merge documents, `$patch: delete` included; YAML text or base64 of gzip of it.
    #[tf(required)]
    pub patches: Field<Vec<Field<String>>>,
    /// How the machine takes a change: `no_reboot`, `auto`, `reboot`, `staged`, or `try`.
    #[tf(
        optional,
        default = "no_reboot",
        one_of("auto", "no_reboot", "reboot", "staged", "try")
    )]
    pub mode: Field<String>,
    /// Identity changes of a live machine that are allowed: `hostname`, `node_ip`, `cluster_id`,
    /// `encryption_key`, `install_disk`, `machine_type`.
    #[tf(
        optional,
        one_of(
            "hostname",
            "node_ip",
            "cluster_id",
            "encryption_key",
            "install_disk",
            "machine_type"
        )
    )]
    pub allow_change: Field<BTreeSet<String>>,
    /// Give paths back what was there before when the resource is destroyed.
    #[tf(optional, default = true)]
    pub revert_on_destroy: Field<bool>,
    /// What to do about an owned path that somebody else changed: `error` or `take`.
    #[tf(optional, default = "error", one_of("error", "take"))]
    pub on_conflict: Field<String>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// UUID of the machine: its identity.
    #[tf(computed, keep)]
    pub machine_uuid: Field<String>,
    /// Host name that the machine has.
    #[tf(computed)]
    pub hostname: Field<String>,
    /// Addresses that the machine has.
    #[tf(computed)]
    pub addresses: Field<Vec<Field<String>>>,
    /// Stage the machine is in: `maintenance`, `booting`, `running`, ….
    #[tf(computed)]
    pub stage: Field<String>,
    /// Talos version that runs.
    #[tf(computed)]
    pub talos_version: Field<String>,
    /// Schematic of the image that runs; null where it has none.
    #[tf(computed)]
    pub schematic_id: Field<String>,
    /// Identity of the current boot.
    #[tf(computed)]
    pub boot_id: Field<String>,
    /// Address that answered last.
    #[tf(computed)]
    pub endpoint: Field<String>,
    /// Digest of the owned paths and their values, keyed with the cluster's secret.
    #[tf(computed)]
    pub config_hash: Field<String>,
    /// What the last change does to the machine: `none`, `live`, `service_restart`, `reboot`, `install` or `staged`.
    #[tf(computed)]
    pub plan_effect: Field<String>,
    /// Paths of the last change, each `old -> new`; secrets are redacted.
    #[tf(computed)]
    pub changes: Field<BTreeMap<String, Field<String>>>,
    /// Paths this resource owns and the values it set; secrets are redacted.
    #[tf(computed)]
    pub owned: Field<BTreeMap<String, Field<String>>>,
    /// Owned paths with what was there before, for this resource alone: what it takes back although a run was cut off.
    #[tf(computed, sensitive)]
    pub record: Field<Secret<String>>,
}

impl MachinePatch {
    /// Mode of a patch that says none; the schema's default says the same.
    pub const DEFAULT_MODE: &str = "no_reboot";

    /// State of an import: `node=address`, owning nothing; the refresh that follows fills the rest.
    pub fn imported(id: &str) -> Result<Self, Error> {
        let (node, address) = crate::shared::import::node_and_address(id)?;
        let addresses: Field<Vec<Field<String>>> = Field::Known(vec![address.into()]);
        Ok(Self {
            id: node.into(),
            node: node.into(),
            endpoints: addresses,
            client_configuration: Field::Null,
            patches: Field::Known(Vec::new()),
            mode: Self::DEFAULT_MODE.into(),
            allow_change: Field::Null,
            revert_on_destroy: Field::Known(true),
            on_conflict: "error".into(),
            timeouts: Field::Null,
            machine_uuid: Field::Null,
            hostname: Field::Null,
            addresses: Field::Null,
            stage: Field::Null,
            talos_version: Field::Null,
            schematic_id: Field::Null,
            boot_id: Field::Null,
            endpoint: Field::Null,
            config_hash: Field::Null,
            plan_effect: "none".into(),
            changes: Field::Known(BTreeMap::new()),
            owned: Field::Known(BTreeMap::new()),
            record: Field::Null,
        })
    }
}
