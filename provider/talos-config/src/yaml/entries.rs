//! The entries of a mapping, with those that its merge key `<<` adds.

use std::borrow::Cow;
use std::collections::HashSet;

use super::budget::Budget;
use super::node::{Node, NodeKind};
use super::parse::ParseError;
use super::path::shown;
use super::resolve::{Resolved, resolve};

/// An entry of a mapping.
pub(crate) struct Entry<'n> {
    /// The key's text.
    pub name: Cow<'n, str>,
    pub key: &'n Node,
    pub value: &'n Node,
    /// It comes from `<<` by way of an alias.
    pub aliased: bool,
}

/// Which keys a mapping may have. Those that `<<` adds may be anything with a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Scalars of any type, but no aliases.
    Scalars,
    /// Texts, and aliases of texts: what Talos can carry through a patch.
    Texts,
    /// Scalars of any type, and aliases of them.
    Any,
}

/// The entries of a mapping: first those that are written in it, then those that `<<` refers to
/// and that it does not have. Null keys count for nothing.
pub(crate) fn entries<'n>(
    written: &'n [(Node, Node)],
    budget: &mut Budget,
    keys: Keys,
) -> Result<Vec<Entry<'n>>, ParseError> {
    let mut reader = Reader {
        budget,
        found: Vec::with_capacity(written.len()),
        names: HashSet::with_capacity(written.len()),
    };
    reader.mapping(written, keys, None)?;
    Ok(reader.found)
}

const MERGE: &str = "<<";

/// Whether a mapping key is the merge key.
pub(crate) fn is_merge(key: &Node) -> bool {
    key.scalar()
        .is_some_and(|s| s.text == MERGE && !s.quoted && matches!(s.tag.as_str(), "" | "!!merge"))
}

/// Goes from the mapping to what it refers to, and counts on the way what Go's reader counts: each
/// key, each reference and the mapping behind it, whether or not it adds anything.
struct Reader<'n, 'b> {
    budget: &'b mut Budget,
    found: Vec<Entry<'n>>,
    /// Those of all that was found.
    names: HashSet<Cow<'n, str>>,
}

/// How a mapping that `<<` refers to was come by.
#[derive(Clone, Copy)]
struct Source {
    aliased: bool,
}

impl<'n> Reader<'n, '_> {
    fn mapping(
        &mut self,
        written: &'n [(Node, Node)],
        keys: Keys,
        source: Option<Source>,
    ) -> Result<(), ParseError> {
        let aliased = source.is_some_and(|source| source.aliased);
        // What is there already may be here once more, but only once.
        let mut own = source.map(|_| HashSet::with_capacity(written.len()));
        let mut merged = None;
        let mut nulls = HashSet::new();
        let twice = |key: &Node, name: &str| {
            let message = format!("key '{}' is there twice", shown(name));
            ParseError::at(key.line, message)
        };
        for (key, value) in written {
            let Some(name) = self.name(key, keys)? else {
                // Go's reader compares what is written: `~` and `null` may both be there.
                let text = key.target().text();
                if !nulls.insert(text) || own.as_ref().unwrap_or(&self.names).contains(text) {
                    return Err(twice(key, text));
                }
                continue;
            };
            let is_new = self.names.insert(name.clone());
            let is_first = own.as_mut().map_or(is_new, |own| own.insert(name.clone()));
            if !is_first || nulls.contains(name.as_ref()) {
                return Err(twice(key, &name));
            }
            if is_merge(key) {
                merged = Some(value);
            } else if source.is_some() && name == MERGE {
                // Some lines of Talos drop it.
                let message = "the text '<<' cannot be a key of a mapping that is merged";
                return Err(ParseError::at(key.line, message));
            } else if is_new {
                self.found.push(Entry {
                    name,
                    key,
                    value,
                    aliased,
                });
            }
        }
        let Some(merged) = merged else { return Ok(()) };
        if source.is_none() {
            // Go's reader begins with reading the keys once more.
            for (key, _) in written {
                self.budget.count(key.line)?;
            }
        }
        match &merged.kind {
            NodeKind::List(items) => items.iter().try_for_each(|item| self.add(item, aliased)),
            _ => self.add(merged, aliased),
        }
    }

    fn name(&mut self, key: &'n Node, keys: Keys) -> Result<Option<Cow<'n, str>>, ParseError> {
        if is_merge(key) {
            return Ok(Some(Cow::Borrowed(MERGE)));
        }
        self.budget.count(key.line)?;
        self.budget.text(key.line, key.target().text())?;
        name_of(key, keys, self.budget)
    }

    /// Adds one mapping that `<<` refers to.
    fn add(&mut self, node: &'n Node, aliased: bool) -> Result<(), ParseError> {
        let NodeKind::Map(written) = &node.target().kind else {
            let message = "<< needs a mapping or a list of mappings";
            return Err(ParseError::at(node.line, message));
        };
        self.budget.count(node.line)?;
        let is_alias = matches!(node.kind, NodeKind::Alias(_));
        let aliased = aliased || is_alias;
        self.budget.enter(is_alias);
        if is_alias {
            self.budget.count(node.line)?;
        }
        self.mapping(written, Keys::Any, Some(Source { aliased }))?;
        self.budget.leave(is_alias);
        Ok(())
    }
}

/// The text of a key, `None` if it is null.
pub(crate) fn name_of<'n>(
    key: &'n Node,
    keys: Keys,
    budget: &Budget,
) -> Result<Option<Cow<'n, str>>, ParseError> {
    let node = match keys {
        Keys::Scalars => key,
        Keys::Texts | Keys::Any => key.target(),
    };
    let scalar = node
        .scalar()
        .ok_or_else(|| ParseError::at(key.line, "a key must be a single value"))?;
    match resolve(scalar).map_err(|message| ParseError::at(key.line, message))? {
        Resolved::Text => Ok(Some(Cow::Borrowed(&scalar.text))),
        Resolved::Binary(text) if keys != Keys::Texts => Ok(Some(Cow::Owned(text))),
        _ if keys == Keys::Texts => {
            let message = format!(
                "the key {} is not text: put it in quotes",
                shown(&scalar.text)
            );
            Err(ParseError::at(key.line, message))
        }
        Resolved::Null => Ok(None),
        Resolved::Time(_) if budget.no_date_keys => {
            let message = "a date without quotes is no text";
            Err(ParseError::at(key.line, message))
        }
        _ => Ok(Some(Cow::Borrowed(&scalar.text))),
    }
}
