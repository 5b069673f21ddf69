//! Randomly made configurations: edits lead there and back again, whoever else is writing.

use std::collections::HashSet;

use super::super::apply::apply;
use crate::diff::edit::{edits, inverse};
use crate::random::{self, Random, testing::Repeatable};
use crate::yaml::{Map, Value, sort_keys};

struct Maker(Repeatable);

impl Maker {
    fn below(&mut self, limit: u8) -> u8 {
        random::bytes::<1>(&mut self.0 as &mut dyn Random)[0] % limit
    }

    fn value(&mut self, depth: u8) -> Value {
        match self.below(if depth == 0 { 2 } else { 5 }) {
            0 => Value::Int(i128::from(self.below(4))),
            1 => Value::from(["a", "b", "c"][usize::from(self.below(3))]),
            2 => self.map(depth - 1).into(),
            3 => Value::List((0..self.below(4)).map(|_| self.value(0)).collect()),
            _ => Value::List((0..self.below(4)).map(|_| self.named(depth - 1)).collect()),
        }
    }

    fn named(&mut self, depth: u8) -> Value {
        let name = ["x", "y", "z"][usize::from(self.below(3))];
        let mut map = self.map(depth);
        map.insert("name", name);
        map.into()
    }

    fn map(&mut self, depth: u8) -> Map {
        let mut map = Map::new();
        for _ in 0..self.below(4) {
            let key = ["k", "l", "m", "environment"][usize::from(self.below(4))];
            map.insert(key, self.value(depth));
        }
        map
    }

    /// A list of documents with distinct names.
    fn root(&mut self) -> Value {
        let mut documents = Vec::new();
        for name in ["one", "two", "three"] {
            if self.below(4) > 0 {
                let mut map = self.map(3);
                map.insert("kind", "K");
                map.insert("name", name);
                let at = usize::from(self.below(3)).min(documents.len());
                documents.insert(at, Value::Map(map));
            }
        }
        Value::List(documents)
    }
}

/// Ten thousand, or a million with `TALOS_STACK_DEEP`.
fn rounds() -> usize {
    if std::env::var_os("TALOS_STACK_DEEP").is_some() {
        1_000_000
    } else {
        10_000
    }
}

fn sorted(mut value: Value) -> Value {
    sort_keys(&mut value);
    value
}

#[test]
fn edits_lead_there_and_back() {
    let mut maker = Maker(Repeatable::new(1));
    for round in 0..rounds() {
        let (old, new) = (maker.root(), maker.root());
        let forth = edits(&[], &old, &new);
        let mut tree = old.clone();
        let outcome = apply(&mut tree, &forth, None, &|_| false);
        assert!(outcome.conflicts.is_empty(), "round {round}");
        assert_eq!(sorted(tree.clone()), sorted(new), "round {round}");
        let outcome = apply(&mut tree, &inverse(&forth), None, &|_| false);
        assert!(outcome.conflicts.is_empty(), "round {round}");
        assert_eq!(sorted(tree), sorted(old), "round {round}");
    }
}

#[test]
fn edits_applied_twice_do_no_more() {
    let mut maker = Maker(Repeatable::new(2));
    for round in 0..rounds() {
        let (old, new) = (maker.root(), maker.root());
        let forth = edits(&[], &old, &new);
        let mut tree = new.clone();
        let outcome = apply(&mut tree, &forth, None, &|_| false);
        assert!(outcome.conflicts.is_empty(), "round {round}");
        assert_eq!(sorted(tree), sorted(new), "round {round}");
    }
}

/// Leaves one item of each name in every list.
fn drop_namesakes(value: &mut Value) {
    match value {
        Value::Map(map) => map.iter_mut().for_each(|(_, value)| drop_namesakes(value)),
        Value::List(items) => {
            let mut names = HashSet::new();
            items.retain(|item| {
                let name = item.get("name").and_then(Value::as_str);
                name.is_none_or(|name| names.insert(name.to_owned()))
            });
            items.iter_mut().for_each(drop_namesakes);
        }
        _ => {}
    }
}

#[test]
fn what_was_taken_is_at_odds_no_more() {
    let mut maker = Maker(Repeatable::new(3));
    for round in 0..rounds() {
        let (old, new, mut live) = (maker.root(), maker.root(), maker.root());
        // Which of two items of one name is meant changes when one of them goes.
        drop_namesakes(&mut live);
        let forth = edits(&[], &old, &new);
        apply(&mut live.clone(), &forth, Some(&new), &|_| false);
        apply(&mut live, &forth, Some(&new), &|_| true);
        let outcome = apply(&mut live, &forth, Some(&new), &|_| false);
        assert!(outcome.conflicts.is_empty(), "round {round}");
    }
}
