//! Which paths a patch sets, whether or not it changes them.

use std::collections::{BTreeMap, BTreeSet};

use super::Patch;
use super::load::Form;
use crate::diff::diff;
use crate::document::Config;
use crate::yaml::Value;

/// Paths (see [`crate::diff::Difference::full_path`]) of values in `after` that one of the patches
/// sets to just that: what was there before does not matter.
pub(super) fn set_by<'a>(
    patches: impl IntoIterator<Item = &'a Patch>,
    after: &Config,
) -> BTreeSet<String> {
    let empty = after.emptied();
    let there = values(&empty, after);
    let of_patch = |patch: &Patch| match &patch.0 {
        Form::Empty => Vec::new(),
        Form::Strategic(_) => said(patch, &empty, &there),
        Form::Json(operations) => {
            let removals = operations.iter().filter_map(|operation| operation.undone());
            let without =
                removals.filter_map(|removal| patched(after, &Patch(Form::Json(vec![removal]))));
            without
                .flat_map(|without| values(&without, after).into_keys())
                .collect()
        }
    };
    patches.into_iter().flat_map(of_patch).collect()
}

/// What a strategic patch says by itself, as far as it is `there`. What it leaves empty says
/// nothing.
fn said(patch: &Patch, empty: &Config, there: &BTreeMap<String, Value>) -> Vec<String> {
    let Some(alone) = patched(empty, patch) else {
        return Vec::new();
    };
    let said = values(empty, &alone).into_iter();
    said.filter(|(path, value)| !is_empty(value) && there.get(path) == Some(value))
        .map(|(path, _)| path)
        .collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Str(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

/// Deletions need not find anything.
fn patched(config: &Config, patch: &Patch) -> Option<Config> {
    let mut config = config.clone();
    let applied = config.apply_patches_again(std::slice::from_ref(patch));
    applied.ok().map(|_| config)
}

/// The values that `new` has and `old` has not, by path.
fn values(old: &Config, new: &Config) -> BTreeMap<String, Value> {
    let changes = diff(old, new);
    let shown = changes.differences().iter().zip(changes.leaves());
    shown
        .filter_map(|(shown, leaf)| Some((shown.full_path(), leaf.new.clone()?)))
        .collect()
}
