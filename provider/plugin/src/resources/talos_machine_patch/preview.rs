//! What a first patch would do, for the plan: there is no earlier look to compare with.

use framework::prelude::*;
use talos_config::ownership::Record;

use super::decide::{PATCHES, decide};
use super::model::MachinePatch;
use crate::provider::Data;
use crate::shared::patch_texts::{self, Patches};
use crate::shared::{calls, change, machine};
use tokio_util::sync::CancellationToken;

/// One warning that lists the paths, or why they cannot be listed.
pub async fn preview(data: &Data, mut config: MachinePatch) -> Vec<Diagnostic> {
    if config.mode.is_null() {
        config.mode = MachinePatch::DEFAULT_MODE.into();
    }
    let Ok(access) = data.access(&config.endpoints, &config.client_configuration) else {
        return Vec::new();
    };
    let calls = calls::during(calls::PREVIEW, &CancellationToken::new());
    let Ok(machine) = machine::observe(&access, &data.pool, &calls).await else {
        return Vec::new();
    };
    let line = machine.line();
    let Ok(Patches::Known(patches)) = patch_texts::load(&config.patches, PATCHES, line) else {
        return Vec::new();
    };
    let live = machine.held().and_then(|held| change::parse(held, line));
    let Some(live) = live else { return Vec::new() };
    let node = config.node.text();
    match decide(&config, &patches, &Record::default(), &live) {
        Ok(decision) if !decision.writes => Vec::new(),
        Ok(decision) => vec![Diagnostic::warning(
            format!(
                "TS-PREVIEW: {node}: {} on the machine as it is now",
                change::sentence(&decision.changes, decision.effect)
            ),
            change::listing(&decision.changes),
        )],
        Err(problems) => problems.into_iter().collect(),
    }
}
