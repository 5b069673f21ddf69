//! Replaying edits on a tree that others may have changed in the meantime.

use crate::diff::edit::{self, Change, Edit, Place};
use crate::diff::identity::{Identity, ListKind, is_identity_key};
use crate::diff::path::Step;
use crate::diff::{Leaf, labels, tree};
use crate::yaml::Value;

/// An edit that does not fit: the tree has neither the old nor the new value.
pub(crate) struct Conflict {
    pub(crate) path: Vec<Step>,
    /// What the edit expected.
    pub(crate) old: Option<Value>,
    /// What the edit wants.
    pub(crate) new: Option<Value>,
    /// What is there.
    pub(crate) live: Option<Value>,
}

/// What replaying came upon.
#[derive(Default)]
pub(crate) struct Outcome {
    /// What was written.
    pub(crate) written: Vec<Leaf>,
    /// What did not fit, whether or not it was written all the same.
    pub(crate) conflicts: Vec<Conflict>,
}

/// Replays `edits` on `root`. Where one does not fit, `take` decides whether it is written all
/// the same. `goal` is the tree the edits lead to: where a list item that they reach into has
/// gone, taking restores it from there.
pub(crate) fn apply(
    root: &mut Value,
    edits: &[Edit],
    goal: Option<&Value>,
    take: &dyn Fn(&[Step]) -> bool,
) -> Outcome {
    let mut replay = Replay {
        root,
        goal,
        take,
        outcome: Outcome::default(),
    };
    for edit in edits {
        replay.edit(edit);
    }
    replay.outcome
}

struct Replay<'a> {
    root: &'a mut Value,
    goal: Option<&'a Value>,
    take: &'a dyn Fn(&[Step]) -> bool,
    outcome: Outcome,
}

impl Replay<'_> {
    fn edit(&mut self, edit: &Edit) {
        match &edit.change {
            Change::Set { old, new, place } => {
                self.set(&edit.path, old.as_ref(), new.as_ref(), place.as_ref());
            }
            Change::Order { old, new } => self.order(&edit.path, old, new),
        }
    }

    fn set(
        &mut self,
        path: &[Step],
        old: Option<&Value>,
        new: Option<&Value>,
        place: Option<&Place>,
    ) {
        let live = tree::get(self.root, path).cloned();
        if tree::same_or_absent(live.as_ref(), new) {
            return;
        }
        if tree::same_or_absent(live.as_ref(), old) && self.write(path, new, place) {
            self.wrote(path, old, new);
            return;
        }
        if self.set_inside(path, live.as_ref(), old, new) {
            return;
        }
        if (self.take)(path) {
            if !self.write(path, new, place) {
                self.restore_ancestor(path);
            }
            self.wrote(path, live.as_ref(), new);
        }
        self.outcome.conflicts.push(Conflict {
            path: path.to_vec(),
            old: old.cloned(),
            new: new.cloned(),
            live,
        });
    }

    /// Where both sides are mappings, or lists, only what is inside can be at odds.
    fn set_inside(
        &mut self,
        path: &[Step],
        live: Option<&Value>,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> bool {
        let Some(empty) = live.and_then(tree::empty_like) else {
            return false;
        };
        let is_alike = |value: Option<&Value>| {
            value.is_none_or(|value| tree::empty_like(value).as_ref() == Some(&empty))
        };
        if !is_alike(old) || !is_alike(new) {
            return false;
        }
        let edits = edit::edits(path, old.unwrap_or(&empty), new.unwrap_or(&empty));
        for edit in &edits {
            // What identifies the item goes with the whole item or not at all.
            let (step, parent) = (edit.path.last(), &edit.path[..edit.path.len() - 1]);
            let key = step.and_then(Step::as_key).unwrap_or_default();
            if new.is_some() || parent != path || !is_identity_key(path.last(), key) {
                self.edit(edit);
            }
        }
        if new.is_none() && self.is_hollow(path) {
            tree::remove(self.root, path);
        }
        true
    }

    /// Whether nothing is left but what identifies the item.
    fn is_hollow(&self, path: &[Step]) -> bool {
        match tree::get(self.root, path) {
            Some(Value::Map(map)) => map.keys().all(|key| is_identity_key(path.last(), key)),
            Some(Value::List(items)) => items.is_empty(),
            _ => false,
        }
    }

    fn write(&mut self, path: &[Step], new: Option<&Value>, place: Option<&Place>) -> bool {
        match new {
            Some(value) => tree::put(self.root, path, value.clone(), place),
            None => {
                tree::remove(self.root, path);
                true
            }
        }
    }

    /// Puts back, from the goal, the topmost part of `path` that is missing; where what it is to
    /// stand in has become something else, that as well.
    fn restore_ancestor(&mut self, path: &[Step]) {
        let missing = (1..=path.len()).find(|end| tree::get(self.root, &path[..*end]).is_none());
        for end in (1..=missing.unwrap_or_default()).rev() {
            let top = &path[..end];
            let value = self.goal.and_then(|goal| tree::get(goal, top));
            if value.is_some_and(|value| tree::put(self.root, top, value.clone(), None)) {
                return;
            }
        }
    }

    fn wrote(&mut self, path: &[Step], old: Option<&Value>, new: Option<&Value>) {
        self.outcome.written.push(Leaf {
            path: path.to_vec(),
            old: old.cloned(),
            new: new.cloned(),
            edited: path.len(),
        });
    }

    fn order(&mut self, path: &[Step], old: &[Identity], new: &[Identity]) {
        let kind = ListKind::at(path);
        let Some(items) = tree::list_mut(self.root, path) else {
            return;
        };
        let live = kind.identities(items);
        let present = |ids: &[Identity]| -> Vec<Identity> {
            ids.iter().filter(|id| live.contains(id)).cloned().collect()
        };
        let (old, new) = (present(old), present(new));
        let live: Vec<Identity> = live.into_iter().filter(|id| new.contains(id)).collect();
        if live == new {
            return;
        }
        let fits = live == old;
        if fits || (self.take)(path) {
            reorder(kind, items, &new);
        }
        if !fits {
            let names = |ids: &[Identity]| Some(labels(ids).into());
            self.outcome.conflicts.push(Conflict {
                path: path.to_vec(),
                old: names(&old),
                new: names(&new),
                live: names(&live),
            });
        }
    }
}

/// Puts the items named in `order` into that order, in the slots that they take up together.
fn reorder(kind: ListKind, items: &mut [Value], order: &[Identity]) {
    let ids = kind.identities(items);
    let slots = (0..ids.len()).filter(|slot| order.contains(&ids[*slot]));
    let sorted: Vec<Value> = order
        .iter()
        .filter_map(|id| kind.position(items, id))
        .map(|position| items[position].clone())
        .collect();
    for (slot, item) in slots.collect::<Vec<_>>().into_iter().zip(sorted) {
        items[slot] = item;
    }
}
