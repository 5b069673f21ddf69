//! Reading renders; nothing is looked up anywhere.

use framework::prelude::*;

use super::model::MachineConfig;
use super::render::{inspect, render};
use crate::provider::TalosStack;

/// The data source.
pub struct TalosMachineConfig;

impl DataSource for TalosMachineConfig {
    type Provider = TalosStack;
    type Model = MachineConfig;
    const NAME: &'static str = "talos_machine_config";

    fn validate(config: &MachineConfig, found: &mut Diagnostics) {
        inspect(config, found);
    }

    async fn read(cx: &DataCx<Self>, mut config: MachineConfig) -> Result<MachineConfig, Error> {
        let rendered = render(&config)?;
        if rendered.placeholder {
            cx.warn(
                format!(
                    "TS-PLACEHOLDER: {}: the {} configuration was rendered with placeholder inputs",
                    config.cluster_name.text(),
                    config.machine_type.text()
                ),
                "An input stands in for the output of a stage that has not been applied. The configuration serves for planning; \
                 its first line says so, and no resource applies it.",
            );
        }
        if let Some(warning) = &rendered.newer {
            let summary = format!(
                "TS-TALOS-NEWER: {}: the {} configuration is rendered by the rules of an older Talos",
                config.cluster_name.text(),
                config.machine_type.text()
            );
            cx.warn(
                summary,
                format!("{warning}. Update the provider when it knows that version."),
            );
        }
        rendered.describe(&mut config);
        Ok(config)
    }
}
