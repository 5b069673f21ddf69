//! Edits broken down to single values, as people read them.

use super::edit::{Change, Edit};
use super::identity::{self, Identity, ListKind};
use super::path::{self, Step};
use crate::yaml::Value;

/// One value that differs. The path starts with the document.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) path: Vec<Step>,
    pub(crate) old: Option<Value>,
    pub(crate) new: Option<Value>,
    /// How many steps of the path were there on both sides, the last one changed: what is deeper
    /// came or went with it.
    pub(crate) edited: usize,
}

/// Everything that `edits` change, value by value.
pub(crate) fn leaves(edits: &[Edit]) -> Vec<Leaf> {
    let mut out = Vec::new();
    for edit in edits {
        match &edit.change {
            Change::Set { old, new, .. } => set(&edit.path, old.as_ref(), new.as_ref(), &mut out),
            Change::Order { old, new } => {
                let (old, new) = (Some(labels(old).into()), Some(labels(new).into()));
                out.push(Leaf {
                    path: edit.path.clone(),
                    old,
                    new,
                    edited: edit.path.len(),
                });
            }
        }
    }
    out
}

fn set(path: &[Step], old: Option<&Value>, new: Option<&Value>, out: &mut Vec<Leaf>) {
    let edited = path.len();
    match (old, new) {
        (Some(value), None) => each(path, value, &mut |path, value| {
            out.push(Leaf {
                path,
                old: Some(value.clone()),
                new: None,
                edited,
            });
        }),
        (None, Some(value)) => each(path, value, &mut |path, value| {
            out.push(Leaf {
                path,
                old: None,
                new: Some(value.clone()),
                edited,
            });
        }),
        (old, new) => out.push(Leaf {
            path: path.to_vec(),
            old: old.cloned(),
            new: new.cloned(),
            edited,
        }),
    }
}

/// The items of a list, in order, as one line of text.
pub(crate) fn labels(ids: &[Identity]) -> String {
    let label = |id: &Identity| path::text(&[Step::Item(id.clone())]);
    let labels: Vec<String> = ids.iter().map(label).collect();
    format!("order {}", labels.join(" "))
}

/// Visits the values below `value`. What only identifies an item is told by the path already,
/// unless there is nothing else.
fn each(path: &[Step], value: &Value, visit: &mut dyn FnMut(Vec<Step>, &Value)) {
    let below = |step: Step| [path, &[step]].concat();
    match value {
        Value::Map(map) if !map.is_empty() => {
            let tells = |key: &&str| !identity::is_identity_key(path.last(), key);
            if !map.keys().any(|key| tells(&key)) {
                return visit(path.to_vec(), value);
            }
            for (key, value) in map.iter().filter(|(key, _)| tells(key)) {
                each(&below(Step::key(key)), value, visit);
            }
        }
        Value::List(items) if !items.is_empty() => {
            let ids = ListKind::at(path).identities(items);
            for (identity, item) in ids.into_iter().zip(items) {
                each(&below(Step::Item(identity)), item, visit);
            }
        }
        other => visit(path.to_vec(), other),
    }
}
