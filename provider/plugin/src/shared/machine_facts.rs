//! What state says of a machine, from what was seen.

use framework::prelude::*;

use super::machine::Observed;

/// The observed attributes that `talos_machine_apply` and `talos_machine_patch` have in common.
pub struct MachineFacts {
    /// SMBIOS UUID; Talos's own identity of the machine where it has none (in a container).
    pub machine_uuid: Field<String>,
    /// Host name.
    pub hostname: Field<String>,
    /// Addresses without prefix lengths.
    pub addresses: Field<Vec<Field<String>>>,
    /// Stage.
    pub stage: Field<String>,
    /// Version.
    pub talos_version: Field<String>,
    /// Schematic.
    pub schematic_id: Field<String>,
    /// Boot.
    pub boot_id: Field<String>,
    /// Address that answered.
    pub endpoint: Field<String>,
}

impl MachineFacts {
    /// From one look.
    pub fn of(machine: &Observed) -> Self {
        let facts = &machine.facts;
        Self {
            machine_uuid: facts.uuid.clone().or_else(|| facts.node_id.clone()).into(),
            hostname: facts.hostname.clone().into(),
            addresses: Field::Known(facts.addresses.iter().cloned().map(Field::Known).collect()),
            stage: facts.status.stage.to_string().into(),
            talos_version: facts.talos_version.clone().into(),
            schematic_id: facts.schematic_id.clone().into(),
            boot_id: facts.boot_id.clone().into(),
            endpoint: machine.endpoint.clone().into(),
        }
    }
}

/// Puts facts into the attributes of a model that has them all.
#[macro_export]
macro_rules! describe_machine {
    ($state:expr, $machine:expr) => {{
        let facts = $crate::shared::machine_facts::MachineFacts::of($machine);
        $state.machine_uuid = facts.machine_uuid;
        $state.hostname = facts.hostname;
        $state.addresses = facts.addresses;
        $state.stage = facts.stage;
        $state.talos_version = facts.talos_version;
        $state.schematic_id = facts.schematic_id;
        $state.boot_id = facts.boot_id;
        $state.endpoint = facts.endpoint;
    }};
}

/// Into a model that has them all, what another one knows of a machine's release and boot: a change without a reboot
/// leaves these alone, so the plan of one promises them. Stage, host name and addresses may follow from any setting.
#[macro_export]
macro_rules! keep_boot {
    ($model:expr, $known:expr) => {
        $crate::keep_boot!(@each $model, $known, talos_version, schematic_id, boot_id)
    };
    (@each $model:expr, $known:expr, $($field:ident),*) => {$(
        if $known.$field.is_known() {
            $model.$field = $known.$field.clone();
        }
    )*};
}
