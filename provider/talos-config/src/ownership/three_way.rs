use super::apply::{self, apply};
use super::{Contradiction, contradictions};
use crate::diff::edit::{self, Change, Edit};
use crate::diff::{Changes, documents, leaves};
use crate::document::{Config, LoadError};
use crate::redact::Redactor;
use crate::yaml::Value;

/// What to do with a path that changed on both sides to different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Leave it as it is and tell: the caller makes an error of it.
    Error,
    /// Leave it as it is.
    Keep,
    /// Write ours.
    Take,
}

/// What to do with what others set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// Keep it and tell.
    Report,
    /// Write exactly what is desired.
    Revert,
}

/// What an update of a whole configuration comes to.
pub struct ThreeWay {
    /// The configuration to write. Equal to the live one when there is nothing to do.
    pub result: Config,
    /// From the live configuration to the result.
    pub changes: Changes,
    /// From the desired configuration to the result: what others set and what stays.
    pub drift: Changes,
    /// Changed on both sides to different values.
    pub conflicts: Vec<Contradiction>,
}

/// Carries over to `live` exactly what changed between `last` and `desired`.
///
/// Without `last` (nothing is known to have been applied) everything in `desired` is set, with
/// [`OnConflict::Keep`] only what `live` does not have; what only `live` has counts as set by
/// others. There are no conflicts then: what would be overwritten is in the changes.
pub fn three_way(
    last: Option<&Config>,
    desired: &Config,
    live: &Config,
    on_conflict: OnConflict,
    drift: Drift,
) -> Result<ThreeWay, LoadError> {
    let redactor = Redactor::new([last, Some(desired), Some(live)].into_iter().flatten());
    let (desired_root, live_root) = (documents::root(desired), documents::root(live));
    let mut root = live_root.clone();
    let mut outcome = apply::Outcome::default();
    match (drift, last) {
        (Drift::Revert, _) => root = desired_root.clone(),
        (Drift::Report, Some(last)) => {
            let edits = edit::edits(&[], &documents::root(last), &desired_root);
            let take = on_conflict == OnConflict::Take;
            outcome = apply(&mut root, &edits, Some(&desired_root), &|_| take);
        }
        (Drift::Report, None) => {
            let mut edits = edit::edits(&[], &live_root, &desired_root);
            let keep = on_conflict == OnConflict::Keep;
            edits.retain(|edit| {
                if keep {
                    is_addition(edit)
                } else {
                    !is_removal(edit)
                }
            });
            apply(&mut root, &edits, Some(&desired_root), &|_| true);
        }
    }
    let result = documents::config(&root, desired.line())?;
    let result_root = documents::canonical_root(&result);
    let between =
        |from: &Value, to: &Value| Changes::new(leaves(&edit::edits(&[], from, to)), &redactor);
    Ok(ThreeWay {
        changes: between(&live_root, &result_root),
        drift: between(&desired_root, &result_root),
        conflicts: contradictions(&outcome.conflicts.iter().collect::<Vec<_>>(), &redactor),
        result,
    })
}

fn is_addition(edit: &Edit) -> bool {
    matches!(edit.change, Change::Set { old: None, .. })
}

fn is_removal(edit: &Edit) -> bool {
    matches!(edit.change, Change::Set { new: None, .. })
}
