//! Who owns which part of a machine's configuration when several stages, and people, write it.
//!
//! [`three_way`] carries over what changed in a whole configuration since it was last applied;
//! [`patch`] sets and takes back single paths. Both keep what others set and name what they
//! would have to overwrite. [`dangers`] and [`effect`] judge a change before it is made.

mod apply;
mod danger;
mod effect;
mod patch;
mod three_way;

pub use danger::{Danger, dangers};
pub use effect::{Effect, effect};
pub use patch::{OnForeign, PatchOutcome, Record, patch};
pub use three_way::{Drift, OnConflict, ThreeWay, three_way};

use crate::diff::{Difference, Leaf, view};
use crate::redact::Redactor;
use crate::yaml::Value;

/// A path that two sides want to be different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Which document and path.
    pub document: String,
    /// As in [`Difference`].
    pub path: String,
    /// What we last set there, redacted; `None` is absence.
    pub before: Option<String>,
    /// What we want there, redacted; `None` is absence.
    pub ours: Option<String>,
    /// What is there, redacted; `None` is absence.
    pub live: Option<String>,
}

fn contradictions(conflicts: &[&apply::Conflict], redactor: &Redactor) -> Vec<Contradiction> {
    let show =
        |conflict: &apply::Conflict, value: &Option<Value>| -> (Difference, Option<String>) {
            let leaf = Leaf {
                path: conflict.path.clone(),
                old: None,
                new: value.clone(),
                edited: conflict.path.len(),
            };
            let shown = view(&leaf, redactor);
            let new = shown.new.clone();
            (shown, new)
        };
    let one = |conflict: &&apply::Conflict| {
        let (shown, before) = show(conflict, &conflict.old);
        Contradiction {
            document: shown.document,
            path: shown.path,
            before,
            ours: show(conflict, &conflict.new).1,
            live: show(conflict, &conflict.live).1,
        }
    };
    conflicts.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
