//! What differs between two configurations, by document and path, secrets replaced.
//!
//! List items are matched by what they are (interface, name, value, …), not by where they stand.

pub(crate) mod documents;
pub(crate) mod edit;
pub(crate) mod identity;
mod leaves;
pub(crate) mod path;
mod recorded;
pub(crate) mod tree;
mod view;

pub(crate) use leaves::{Leaf, labels, leaves};
pub(crate) use view::view;
pub use view::{Changes, Difference};

use crate::document::Config;
use crate::redact::Redactor;

/// Everything that `new` has different from `old`.
pub fn diff(old: &Config, new: &Config) -> Changes {
    let edits = edit::edits(&[], &documents::root(old), &documents::root(new));
    Changes::new(leaves(&edits), &Redactor::new([old, new]))
}

#[cfg(test)]
mod tests;
