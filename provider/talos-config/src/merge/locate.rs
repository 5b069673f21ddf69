//! Finds again where in a patch something was said; only errors ask.

use super::delete;
use crate::yaml::{Node, NodeKind, Step, parse_nodes};

/// The line of what is at `path` in document `number` (counted from 0) of a patch that was read
/// before; the line of the nearest thing above it where there is nothing.
pub(super) fn line(text: &str, number: usize, path: &[Step]) -> Option<usize> {
    let mut root = parse_nodes(text).ok()?.into_iter().nth(number)?;
    // Positions in lists are those without the deletions.
    delete::extract(&mut root, &mut Vec::new()).ok()?;
    let mut place = (&root, root.line);
    for step in path {
        let Some(next) = enter(place.0, step) else {
            break;
        };
        place = next;
    }
    Some(place.1)
}

/// What a step leads to, and its line: for a key that of the key.
fn enter<'a>(node: &'a Node, step: &Step) -> Option<(&'a Node, usize)> {
    match (&node.target().kind, step) {
        (NodeKind::Map(entries), Step::Key(name)) => {
            let (key, value) = entries.iter().find(|(key, _)| key.text() == name)?;
            Some((value, key.line))
        }
        (NodeKind::List(items), Step::Index(index)) => {
            items.get(*index).map(|item| (item, item.line))
        }
        _ => None,
    }
}
