use serde::{Deserialize, Serialize};

use super::apply::{Conflict, Outcome, apply};
use super::{Contradiction, contradictions};
use crate::diff::edit::{self, Change, Edit};
use crate::diff::path::Step;
use crate::diff::{Changes, Leaf, documents, leaves, tree};
use crate::document::{Config, LoadError};
use crate::redact::Redactor;
use crate::yaml::Value;

/// What to do with an owned path that something else has changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnForeign {
    /// Leave it as it is and tell: the caller makes an error of conflicts.
    Error,
    /// Write ours.
    Take,
}

/// What patches own on a machine: for each path what was there before and what they set. It
/// holds secrets where patches do, so it belongs where only the plugin reads it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    edits: Vec<Edit>,
}

impl Record {
    /// Whether nothing is owned.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// What is set, without what was there before and where lists have it: equal for records that set the same.
    pub fn settings(&self) -> Self {
        let edits = self.edits.iter().map(Edit::setting).collect();
        Self { edits }
    }
}

/// What setting, changing or taking back patches comes to.
pub struct PatchOutcome {
    /// The configuration to write. Equal to the live one when there is nothing to do.
    pub result: Config,
    /// To be kept, in place of the previous one, once the result is written.
    pub record: Record,
    /// From the live configuration to the result.
    pub changes: Changes,
    /// Everything owned: before and after.
    pub owned: Changes,
    /// Owned paths that something else has changed since, from ours to what is there; they stay
    /// as they are.
    pub drift: Changes,
    /// Paths that are no longer wanted but that something else has changed since: they stay.
    pub kept: Vec<Contradiction>,
    /// Paths that something else has changed since and that we now want to be different again.
    pub conflicts: Vec<Contradiction>,
}

/// Sets on `live` what `patches` do to a configuration, after taking back what `previous` owns and
/// they no longer do. Without patches everything is taken back: then the configuration equals,
/// byte for byte, the one before the first call, as far as nobody else changed it.
///
/// `patches` gets the configuration as it would be without them.
pub fn patch<E: From<LoadError>>(
    live: &Config,
    previous: &Record,
    patches: impl FnOnce(&mut Config) -> Result<(), E>,
    on_foreign: OnForeign,
) -> Result<PatchOutcome, E> {
    let live_root = documents::root(live);
    // The base: as if we had never been there. Ours is undone where others changed it, too.
    let mut base = live_root.clone();
    apply(&mut base, &edit::inverse(&previous.edits), None, &|_| true);
    let base = documents::config(&base, live.line())?;
    let mut desired = base.clone();
    patches(&mut desired)?;
    let base_root = documents::canonical_root(&base);
    let wanted = without_repeats(
        &base_root,
        edit::edits(&[], &base_root, &documents::root(&desired)),
    );
    let desired_root = replayed(&base_root, &wanted);
    let last_root = replayed(&base_root, &previous.edits);

    let steps = edit::edits(&[], &last_root, &desired_root);
    let take = on_foreign == OnForeign::Take;
    let is_wanted = |path: &[Step]| wanted.iter().any(|edit| touches(&edit.path, path));
    let mut root = live_root.clone();
    let outcome = apply(&mut root, &steps, Some(&desired_root), &|path| {
        take && is_wanted(path)
    });
    if take {
        apply(&mut root, &wanted, Some(&desired_root), &|_| true);
    }
    let drift = drift(&root, &wanted);
    let result = documents::config(&root, live.line())?;

    let redactor = Redactor::new([live, &result, &desired]);
    let (conflicts, kept): (Vec<&Conflict>, Vec<&Conflict>) = outcome
        .conflicts
        .iter()
        .partition(|conflict| is_wanted(&conflict.path));
    let changes = leaves(&edit::edits(
        &[],
        &live_root,
        &documents::canonical_root(&result),
    ));
    Ok(PatchOutcome {
        changes: Changes::new(changes, &redactor),
        owned: Changes::new(leaves(&wanted), &redactor),
        drift: Changes::new(drift, &redactor),
        kept: contradictions(&kept, &redactor),
        conflicts: contradictions(&conflicts, &redactor),
        record: Record { edits: wanted },
        result,
    })
}

/// Without additions to lists that already have just that item: they would double it. It happens
/// when a patch was applied and the record of it was lost.
fn without_repeats(base: &Value, mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.retain(|edit| {
        let (Some(Step::Item(identity)), parent) = (
            edit.path.last(),
            &edit.path[..edit.path.len().saturating_sub(1)],
        ) else {
            return true;
        };
        let Change::Set {
            old: None,
            new: Some(item),
            ..
        } = &edit.change
        else {
            return true;
        };
        let is_there = |list: &Value| {
            list.as_list()
                .is_some_and(|items| items.iter().any(|other| tree::same(other, item)))
        };
        identity.nth == 0 || !tree::get(base, parent).is_some_and(is_there)
    });
    edits
}

fn replayed(base: &Value, edits: &[Edit]) -> Value {
    let mut root = base.clone();
    apply(&mut root, edits, None, &|_| true);
    root
}

/// Whether one of the paths leads to, or through, the other's end.
fn touches(one: &[Step], other: &[Step]) -> bool {
    one.iter().zip(other).all(|(a, b)| a == b)
}

/// Where the tree does not have what the edits set, from ours to what it has.
fn drift(root: &Value, owned: &[Edit]) -> Vec<Leaf> {
    let mut trial = root.clone();
    let Outcome { written, conflicts } = apply(&mut trial, owned, None, &|_| false);
    let missing = written.into_iter().map(|leaf| Leaf {
        old: leaf.new,
        new: leaf.old,
        ..leaf
    });
    let changed = conflicts.into_iter().map(|c| Leaf {
        edited: c.path.len(),
        path: c.path,
        old: c.new,
        new: c.live,
    });
    missing.chain(changed).collect()
}
