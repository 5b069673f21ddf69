//! The difference between two trees as steps that can be recorded, replayed and undone.

use serde::{Deserialize, Serialize};

use super::identity::{Identity, ListKind};
use super::path::Step;
use crate::yaml::{Map, Value};

/// One difference. The path starts with the document.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Edit {
    pub(crate) path: Vec<Step>,
    pub(crate) change: Change,
}

/// What differs at a path.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// The value there; `None` is absence.
    Set {
        #[serde(with = "super::recorded")]
        old: Option<Value>,
        #[serde(with = "super::recorded")]
        new: Option<Value>,
        /// For a list item that came or went: where in its list.
        place: Option<Place>,
    },
    /// The order of the items that a list has before and after.
    Order {
        old: Vec<Identity>,
        new: Vec<Identity>,
    },
}

/// Where in its list an item stands, by its neighbours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    index: usize,
    /// The item in front of it.
    after: Option<Identity>,
    /// The next item behind it that both lists have.
    before: Option<Identity>,
}

impl Place {
    /// Where the item goes in a list that may have changed since.
    pub(crate) fn index_in(&self, kind: ListKind, items: &[Value]) -> usize {
        let position = |of: &Option<Identity>| {
            of.as_ref()
                .and_then(|identity| kind.position(items, identity))
        };
        if let Some(after) = position(&self.after) {
            return after + 1;
        }
        match position(&self.before) {
            Some(before) => before,
            // It was alone: what others put there since came first.
            None if self.after.is_none() && self.before.is_none() => items.len(),
            None => self.index.min(items.len()),
        }
    }
}

impl Edit {
    /// What it sets, and nothing of what it was set on.
    pub(crate) fn setting(&self) -> Self {
        let change = match &self.change {
            Change::Set { new, .. } => Change::Set {
                old: None,
                new: new.clone(),
                place: None,
            },
            Change::Order { new, .. } => Change::Order {
                old: Vec::new(),
                new: new.iter().map(Identity::anywhere).collect(),
            },
        };
        Self {
            path: self.path.iter().map(Step::anywhere).collect(),
            change,
        }
    }

    /// The edit that takes this one back.
    pub(crate) fn inverse(&self) -> Self {
        let change = match self.change.clone() {
            Change::Set { old, new, place } => Change::Set {
                old: new,
                new: old,
                place,
            },
            Change::Order { old, new } => Change::Order { old: new, new: old },
        };
        Self {
            path: self.path.clone(),
            change,
        }
    }
}

/// Edits that take back `edits`, to be applied in this order.
pub(crate) fn inverse(edits: &[Edit]) -> Vec<Edit> {
    edits.iter().rev().map(Edit::inverse).collect()
}

/// The edits that turn `old` into `new`. Both are lists of documents, or, with a path, whatever
/// stands at that path.
pub(crate) fn edits(path: &[Step], old: &Value, new: &Value) -> Vec<Edit> {
    let mut differ = Differ {
        path: path.to_vec(),
        out: Vec::new(),
    };
    differ.value(old, new);
    differ.out
}

struct Differ {
    path: Vec<Step>,
    out: Vec<Edit>,
}

impl Differ {
    fn value(&mut self, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Map(old), Value::Map(new)) => self.map(old, new),
            (Value::List(old), Value::List(new)) => self.list(old, new),
            _ if old != new => self.set(Some(old), Some(new), None),
            _ => {}
        }
    }

    fn map(&mut self, old: &Map, new: &Map) {
        let (in_old, in_new) = (old.index(new.len()), new.index(old.len()));
        for (key, value) in old.iter() {
            self.below(Step::key(key), |differ| match new.get_by(&in_new, key) {
                Some(other) => differ.value(value, other),
                None => differ.set(Some(value), None, None),
            });
        }
        let added = |(key, _): &(&str, &Value)| old.get_by(&in_old, key).is_none();
        for (key, value) in new.iter().filter(added) {
            self.below(Step::key(key), |differ| differ.set(None, Some(value), None));
        }
    }

    /// In this order: inside, removals from the end, order, additions from the start. Then every
    /// place names neighbours that are there, both when it is applied and when it is taken back.
    fn list(&mut self, old: &[Value], new: &[Value]) {
        let kind = ListKind::at(&self.path);
        let (old_ids, new_ids) = (kind.identities(old), kind.identities(new));
        for (identity, value) in old_ids.iter().zip(old) {
            let other = new_ids.iter().position(|other| other == identity);
            if let Some(other) = other {
                self.below(Step::Item(identity.clone()), |d| {
                    d.value(value, &new[other])
                });
            }
        }
        for (index, identity) in old_ids.iter().enumerate().rev() {
            if !new_ids.contains(identity) {
                let place = place(&old_ids, index, &new_ids);
                let step = Step::Item(identity.clone());
                self.below(step, |differ| {
                    differ.set(Some(&old[index]), None, Some(place))
                });
            }
        }
        self.order(&old_ids, &new_ids);
        for (index, identity) in new_ids.iter().enumerate() {
            if !old_ids.contains(identity) {
                let place = place(&new_ids, index, &old_ids);
                let step = Step::Item(identity.clone());
                self.below(step, |differ| {
                    differ.set(None, Some(&new[index]), Some(place))
                });
            }
        }
    }

    fn order(&mut self, old: &[Identity], new: &[Identity]) {
        let common = |of: &[Identity], other: &[Identity]| -> Vec<Identity> {
            of.iter()
                .filter(|identity| other.contains(identity))
                .cloned()
                .collect()
        };
        let (old, new) = (common(old, new), common(new, old));
        if old != new {
            self.out.push(Edit {
                path: self.path.clone(),
                change: Change::Order { old, new },
            });
        }
    }

    fn set(&mut self, old: Option<&Value>, new: Option<&Value>, place: Option<Place>) {
        let change = Change::Set {
            old: old.cloned(),
            new: new.cloned(),
            place,
        };
        self.out.push(Edit {
            path: self.path.clone(),
            change,
        });
    }

    fn below(&mut self, step: Step, inside: impl FnOnce(&mut Self)) {
        self.path.push(step);
        inside(self);
        self.path.pop();
    }
}

fn place(ids: &[Identity], index: usize, other: &[Identity]) -> Place {
    Place {
        index,
        after: index.checked_sub(1).map(|before| ids[before].clone()),
        before: ids[index + 1..]
            .iter()
            .find(|identity| other.contains(identity))
            .cloned(),
    }
}
