//! From last applied, desired and live to what is written. Pure.

use std::collections::BTreeMap;

use framework::prelude::*;
use talos_config::diff::Changes;
use talos_config::document::Config;
use talos_config::ownership::{Contradiction, Drift, OnConflict, three_way};

use super::model::MachineApply;
use crate::shared::change;
use crate::shared::machine::Mode;

/// What an update of one machine comes to.
pub struct Decision {
    /// The whole configuration to write; equal to the live one where there is nothing to write.
    pub text: Secret<String>,
    /// Whether anything is to be written.
    pub writes: bool,
    /// Path to `old -> new`, redacted.
    pub changes: BTreeMap<String, String>,
    /// What the machine does about it.
    pub effect: &'static str,
    /// Path to `ours -> live`, redacted.
    pub drift: BTreeMap<String, String>,
}

/// Decides for a machine that has a configuration, or refuses with every reason.
pub fn decide(
    model: &MachineApply,
    last: Option<&Config>,
    desired: &Config,
    live: &Config,
) -> Result<Decision, Diagnostics> {
    let node = model.node.text();
    let on_conflict = match model.on_conflict.text() {
        "keep" => OnConflict::Keep,
        "take" => OnConflict::Take,
        _ => OnConflict::Error,
    };
    let drift = if model.drift.text() == "revert" {
        Drift::Revert
    } else {
        Drift::Report
    };
    let outcome = three_way(last, desired, live, on_conflict, drift)
        .map_err(|error| Diagnostics::from(unmergeable(node, &error.to_string())))?;
    // What would make it another machine makes every further question moot.
    change::refuse_dangers(node, &outcome.changes, &model.allow_change)?;
    let mut problems = Diagnostics::new();
    if on_conflict == OnConflict::Error {
        change::conflicts(node, &outcome.conflicts, WAYS_OUT, &mut problems);
        if last.is_none() && drift == Drift::Report {
            change::conflicts(
                node,
                &overwritten(&outcome.changes),
                FIRST_WAYS_OUT,
                &mut problems,
            );
        }
    }
    let effect = change::effect(
        node,
        &outcome.changes,
        Mode::of(model.mode.text()),
        &mut problems,
    );
    if problems.has_errors() {
        return Err(problems);
    }
    Ok(Decision {
        text: Secret::new(outcome.result.emit()),
        writes: !outcome.changes.is_empty(),
        changes: outcome.changes.summary(),
        effect,
        drift: outcome.drift.summary(),
    })
}

/// What of a configuration that we did not write would be lost.
fn overwritten(changes: &Changes) -> Vec<Contradiction> {
    let lost = changes
        .differences()
        .iter()
        .filter(|difference| difference.old.is_some());
    lost.map(|difference| Contradiction {
        document: difference.document.clone(),
        path: difference.path.clone(),
        before: None,
        ours: difference.new.clone(),
        live: difference.old.clone(),
    })
    .collect()
}

const WAYS_OUT: &str = "Set `on_conflict = \"keep\"` to keep the machine's value, `\"take\"` to write the desired one, or bring the two together.";

const FIRST_WAYS_OUT: &str = "The machine has a configuration that this resource did not write, and this value of it would be lost. \
    Set `on_conflict = \"take\"` to write the desired value, `\"keep\"` to keep the machine's, or bring the two together.";

fn unmergeable(node: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(
        format!(
            "TS-CONFIG-UNMERGEABLE: {node}: desired and live configuration cannot be brought together"
        ),
        format!(
            "{reason}\n\nNothing was changed. `drift = \"revert\"` writes the desired configuration as it is."
        ),
    )
}
