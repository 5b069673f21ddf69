//! Ephemeral resources, one folder per type: credentials that no state or plan keeps.

pub mod talos_client_config;
pub mod talos_kubeconfig;

use framework::prelude::*;

use crate::provider::TalosStack;

/// Adds all ephemeral resources.
pub fn register(registry: &mut Registry<TalosStack>) {
    registry.ephemeral::<talos_client_config::TalosClientConfig>();
    registry.ephemeral::<talos_kubeconfig::EphemeralKubeconfig>();
}

/// What is said where the inputs stand in for those of a stage that has not run.
const PLACEHOLDER_DETAIL: &str = "`machine_secrets` holds values that stand in for the output of a stage that has not \
    been applied. The credentials are placeholders too: they serve for planning, and nothing accepts them at apply.";

/// Seconds of a duration attribute.
fn seconds(ttl: &Field<GoDuration>, default: i64) -> i64 {
    ttl.get().map_or(default, |ttl| {
        i64::try_from(ttl.value().as_secs()).unwrap_or(i64::MAX)
    })
}

/// The members of a list that are there; `default` where the attribute is null.
fn texts(list: &Field<Vec<Field<String>>>, default: &[&str]) -> Vec<String> {
    match list {
        Field::Null => default.iter().map(|&text| text.to_owned()).collect(),
        list => list.all_known().unwrap_or_default(),
    }
}
