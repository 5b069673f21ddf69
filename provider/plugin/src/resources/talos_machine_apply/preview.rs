//! What a first apply would do, for the plan: there is no earlier look to compare with.

use framework::prelude::*;
use tokio_util::sync::CancellationToken;

use super::decide::decide;
use super::desired::{Desired, desired};
use super::model::MachineApply;
use crate::provider::Data;
use crate::shared::{calls, change, machine};

/// One warning where the machine already has a configuration that would change.
pub async fn preview(data: &Data, config: MachineApply) -> Vec<Diagnostic> {
    let Ok(access) = data.access(&config.endpoints, &config.client_configuration) else {
        return Vec::new();
    };
    let calls = calls::during(calls::PREVIEW, &CancellationToken::new());
    let Ok(machine) = machine::observe(&access, &data.pool, &calls).await else {
        return Vec::new();
    };
    let line = machine.line();
    let Ok(Desired::Config(wanted)) = desired(&config, line) else {
        return Vec::new();
    };
    let live = machine.held().and_then(|held| change::parse(held, line));
    let Some(live) = live else { return Vec::new() };
    let node = config.node.text();
    match decide(&config, None, &wanted, &live) {
        Ok(decision) if !decision.writes => Vec::new(),
        Ok(decision) => vec![Diagnostic::warning(
            format!(
                "TS-PREVIEW: {node}: configured already; {}",
                change::sentence(&decision.changes, decision.effect)
            ),
            change::listing(&decision.changes),
        )],
        Err(problems) => problems.into_iter().collect(),
    }
}
