//! Reading the mappings of a bundle: with what merge keys add, with tags, and no key twice.

use super::text::BundleError;
use crate::yaml::path::shown_path;
use crate::yaml::{
    Budget, Entry, Keys, Node, NodeKind, ParseError, Resolved, Step, entries, resolve,
};

type Result<T> = std::result::Result<T, BundleError>;

/// A mapping of a bundle. What is absent or null is a mapping without keys.
pub(super) struct Mapping<'a> {
    path: Vec<Step>,
    entries: Vec<Entry<'a>>,
    /// It is within what an alias expands to.
    aliased: bool,
}

impl<'a> Mapping<'a> {
    /// The whole document.
    pub fn root(node: &'a Node, budget: &mut Budget) -> Result<Self> {
        Self::read(Vec::new(), Some(node), false, budget)
    }

    /// The mapping under `key`.
    pub fn child(&self, key: &str, budget: &mut Budget) -> Result<Self> {
        let (node, aliased) = self.value(key);
        Self::read(self.below(key), node, aliased, budget)
    }

    /// Whether the key is there, whatever its value.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).0.is_some()
    }

    /// The text under `key`; empty if it is absent or null. Numbers and the like count as they are
    /// written: a token such as `123456.1234567890123456` is text.
    pub fn text(&self, key: &str, budget: &mut Budget) -> Result<String> {
        let (Some(node), aliased) = self.value(key) else {
            return Ok(String::new());
        };
        let refuse = |message: &str| place(&self.below(key), node.line, message);
        let scalar = node.target().scalar();
        let scalar = scalar.ok_or_else(|| refuse("must be a single value"))?;
        budget
            .within(aliased || is_alias(node), |budget| {
                budget.count(node.line)?;
                budget.text(node.line, &scalar.text)
            })
            .map_err(|error| unreadable(&self.path, error))?;
        Ok(match resolve(scalar).map_err(refuse)? {
            Resolved::Null => String::new(),
            Resolved::Binary(text) => text,
            _ => scalar.text.clone(),
        })
    }

    fn read(
        path: Vec<Step>,
        node: Option<&'a Node>,
        aliased: bool,
        budget: &mut Budget,
    ) -> Result<Self> {
        let aliased = aliased || node.is_some_and(is_alias);
        let entries = match node.map(|node| (&node.target().kind, node.line)) {
            None => Vec::new(),
            Some((NodeKind::Map(written), _)) => budget
                .within(aliased, |budget| entries(written, budget, Keys::Any))
                .map_err(|error| unreadable(&path, error))?,
            Some((NodeKind::Scalar(s), _)) if resolve(s) == Ok(Resolved::Null) => Vec::new(),
            Some((_, line)) => return Err(place(&path, line, "must be a mapping")),
        };
        Ok(Self {
            path,
            entries,
            aliased,
        })
    }

    fn value(&self, key: &str) -> (Option<&'a Node>, bool) {
        match self.entries.iter().find(|entry| entry.name == key) {
            Some(entry) => (Some(entry.value), self.aliased || entry.aliased),
            None => (None, self.aliased),
        }
    }

    fn below(&self, key: &str) -> Vec<Step> {
        self.path.iter().cloned().chain([Step::key(key)]).collect()
    }
}

fn is_alias(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Alias(_))
}

fn unreadable(path: &[Step], error: ParseError) -> BundleError {
    let path: Vec<Step> = path.iter().cloned().chain(error.path).collect();
    place(&path, error.line, &error.message)
}

fn place(path: &[Step], line: usize, message: &str) -> BundleError {
    let path = if path.is_empty() {
        "the bundle".to_owned()
    } else {
        shown_path(path)
    };
    BundleError::Place {
        path,
        line,
        message: message.to_owned(),
    }
}
