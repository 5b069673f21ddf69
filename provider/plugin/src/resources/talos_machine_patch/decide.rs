//! From patches, the record of what is owned, and live to what is written. Pure.

use std::collections::BTreeMap;

use framework::prelude::*;
use talos_config::document::{Config, LoadError};
use talos_config::merge::Patch;
use talos_config::ownership::{OnForeign, PatchOutcome, Record, patch};

use super::model::MachinePatch;
use crate::shared::change;
use crate::shared::machine::Mode;
use crate::shared::patch_texts;

/// The attribute that patches come from.
pub const PATCHES: &str = "patches";

/// What setting, changing or taking back patches comes to.
pub struct Decision {
    /// The whole configuration to write; equal to the live one where there is nothing to write.
    pub text: Secret<String>,
    /// Whether anything is to be written.
    pub writes: bool,
    /// What is owned from then on.
    pub record: Record,
    /// Path to `old -> new`, redacted.
    pub changes: BTreeMap<String, String>,
    /// What the machine does about it.
    pub effect: &'static str,
    /// Path to the value set, redacted.
    pub owned: BTreeMap<String, String>,
    /// Digest of the owned paths and their values.
    pub digest: String,
    /// Owned paths that others changed since, `ours -> live`, redacted.
    pub drift: BTreeMap<String, String>,
    /// Paths given up that others changed since: they stay as they are.
    pub kept: Vec<String>,
    /// Deletions that found nothing to delete, a sentence each.
    pub idle: Vec<String>,
}

/// Decides, or refuses with every reason.
pub fn decide(
    model: &MachinePatch,
    patches: &[Patch],
    record: &Record,
    live: &Config,
) -> Result<Decision, Diagnostics> {
    let node = model.node.text();
    let on_foreign = if model.on_conflict.text() == "take" {
        OnForeign::Take
    } else {
        OnForeign::Error
    };
    let mut idle = Vec::new();
    let lay = |config: &mut Config| {
        // Where a record was lost the deletion has been made already: it has what it wants.
        let faults = config
            .apply_patches_again(patches)
            .map_err(Refusal::Patch)?;
        idle.extend(faults.iter().map(ToString::to_string));
        Ok(())
    };
    let outcome = patch(live, record, lay, on_foreign)
        .map_err(|refusal: Refusal| refusal.diagnostics(node))?;
    // What would make it another machine makes every further question moot.
    change::refuse_dangers(node, &outcome.changes, &model.allow_change)?;
    let mut problems = Diagnostics::new();
    change::conflicts(node, &outcome.conflicts, WAYS_OUT, &mut problems);
    let effect = change::effect(
        node,
        &outcome.changes,
        Mode::of(model.mode.text()),
        &mut problems,
    );
    if problems.has_errors() {
        Err(problems)
    } else {
        Ok(Decision::of(&outcome, effect, idle))
    }
}

const WAYS_OUT: &str =
    "Set `on_conflict = \"take\"` to write the patch's value, or bring the two together.";

impl Decision {
    fn of(outcome: &PatchOutcome, effect: &'static str, idle: Vec<String>) -> Self {
        let owned = outcome.owned.new_values();
        let settings = serde_json::to_string(&outcome.record.settings()).unwrap_or_default();
        Self {
            text: Secret::new(outcome.result.emit()),
            writes: !outcome.changes.is_empty(),
            digest: change::digest_of(&outcome.result, &settings),
            record: outcome.record.clone(),
            changes: outcome.changes.summary(),
            drift: outcome.drift.summary(),
            kept: outcome
                .kept
                .iter()
                .map(|kept| change::full_path(&kept.document, &kept.path))
                .collect(),
            owned,
            effect,
            idle,
        }
    }
}

/// Why patches cannot be laid over the configuration.
enum Refusal {
    Load(LoadError),
    Patch(talos_config::merge::PatchError),
}

impl From<LoadError> for Refusal {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl Refusal {
    fn diagnostics(&self, node: &str) -> Diagnostics {
        match self {
            Self::Patch(error) => patch_texts::refused(PATCHES, error.patch, &error.to_string()).into(),
            Self::Load(error) => Diagnostic::error(
                format!("TS-CONFIG-UNMERGEABLE: {node}: the patches do not fit the machine's configuration"),
                format!("{error}\n\nNothing was changed."),
            )
            .at(PATCHES)
            .into(),
        }
    }
}
