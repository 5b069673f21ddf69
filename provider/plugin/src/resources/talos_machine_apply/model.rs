//! Attributes of `talos_machine_apply`.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;

/// Brings a machine to a base configuration and keeps what others added.
///
/// Three states are compared: what this resource applied last, what is desired, and what the machine has.
/// An update carries over exactly what changed between last applied and desired. What others set since
/// (a `talos_machine_patch`, a person) is kept and reported in `drift_found`.
#[derive(Model, Clone, PartialEq)]
pub struct MachineApply {
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
    /// Machine configuration: YAML text, or base64 of gzip of it as `base64gzip()` makes.
    #[tf(optional, sensitive)]
    pub machine_configuration: Field<Secret<String>>,
    /// The same, write-only: not kept in state.
    #[tf(optional, write_only)]
    pub machine_configuration_wo: Field<Secret<String>>,
    /// Strategic-merge patches laid over the configuration, in order; YAML text or base64 of gzip of it.
    #[tf(optional)]
    pub config_patches: Field<Vec<Field<String>>>,
    /// How the machine takes a change: `auto`, `no_reboot`, `reboot`, `staged`, or `try` (written in try mode
    /// first, and kept only if the machine still answers).
    #[tf(
        optional,
        default = "auto",
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
    /// What to do about settings that others changed: `report` or `revert`.
    #[tf(optional, default = "report", one_of("report", "revert"))]
    pub drift: Field<String>,
    /// What to do about a path that was changed here and on the machine, to different values: `error`,
    /// `keep` the machine's value or `take` ours.
    #[tf(optional, default = "error", one_of("error", "keep", "take"))]
    pub on_conflict: Field<String>,
    /// What destroy does to the machine; without it the machine is left as it is.
    #[tf(optional)]
    pub on_destroy: Field<OnDestroy>,
    /// Machines of one group change one at a time within a run.
    #[tf(optional)]
    pub disruption_group: Field<String>,
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
    /// Digest of the configuration applied last, keyed with the cluster's secret.
    #[tf(computed)]
    pub config_hash: Field<String>,
    /// What the last change does to the machine: `none`, `live`, `service_restart`, `reboot`, `install` or `staged`.
    #[tf(computed)]
    pub plan_effect: Field<String>,
    /// Paths of the last change, each `old -> new`; secrets are redacted.
    #[tf(computed)]
    pub changes: Field<BTreeMap<String, Field<String>>>,
    /// Paths that others changed since, each `ours -> live`; secrets are redacted.
    #[tf(computed)]
    pub drift_found: Field<BTreeMap<String, Field<String>>>,
}

/// What destroy does to the machine.
#[derive(Model, Clone, PartialEq)]
pub struct OnDestroy {
    /// Wipe the machine and let it leave the cluster.
    #[tf(optional, default = false)]
    pub reset: Field<bool>,
    /// Leave etcd and drain before the wipe.
    #[tf(optional, default = true)]
    pub graceful: Field<bool>,
    /// Reboot after the wipe instead of powering off.
    #[tf(optional, default = false)]
    pub reboot: Field<bool>,
    /// Partitions to wipe; all of Talos's unless given.
    #[tf(optional)]
    pub wipe_labels: Field<BTreeSet<String>>,
}

impl MachineApply {
    /// State of an import: `node=address`; the refresh that follows fills the rest.
    pub fn imported(id: &str) -> Result<Self, Error> {
        let (node, address) = crate::shared::import::node_and_address(id)?;
        let addresses: Field<Vec<Field<String>>> = Field::Known(vec![address.into()]);
        Ok(Self {
            id: node.into(),
            node: node.into(),
            endpoints: addresses,
            client_configuration: Field::Null,
            machine_configuration: Field::Null,
            machine_configuration_wo: Field::Null,
            config_patches: Field::Null,
            mode: "auto".into(),
            allow_change: Field::Null,
            drift: "report".into(),
            on_conflict: "error".into(),
            on_destroy: Field::Null,
            disruption_group: Field::Null,
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
            drift_found: Field::Known(BTreeMap::new()),
        })
    }
}
