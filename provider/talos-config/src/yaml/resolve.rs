//! What a scalar means: YAML 1.1's implicit types as Go's reader knows them.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::node::{Node, NodeKind, Scalar};
use super::order;
use super::parse::ParseError;
use super::path::{Step, shown};
use super::value::{Map, Value};
use super::{number, timestamp};

/// A scalar's type and value. `Text` carries no value: it is the scalar's own text.
#[derive(Clone, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    /// RFC 3339.
    Time(String),
    /// Decoded `!!binary`.
    Binary(String),
    Text,
}

/// Resolves by tag, quoting and text. The error says what does not fit, without the text.
pub(crate) fn resolve(scalar: &Scalar) -> Result<Resolved, &'static str> {
    let tag = scalar.tag.as_str();
    match tag {
        "" if scalar.quoted => return Ok(Resolved::Text),
        "!!str" => return Ok(Resolved::Text),
        "!!binary" => return binary(&scalar.text),
        "" | "!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp" => {}
        _ => return Ok(Resolved::Text),
    }
    let resolved = implicit(&scalar.text, tag.is_empty() || tag == "!!timestamp");
    match (tag, resolved) {
        ("", resolved) => Ok(resolved),
        ("!!null", Resolved::Null) => Ok(Resolved::Null),
        ("!!bool", Resolved::Bool(b)) => Ok(Resolved::Bool(b)),
        ("!!int", Resolved::Int(i)) => Ok(Resolved::Int(i)),
        ("!!float", Resolved::Float(f)) => Ok(Resolved::Float(f)),
        #[allow(clippy::cast_precision_loss)] // that is what the tag asks for
        ("!!float", Resolved::Int(i)) => Ok(Resolved::Float(i as f64)),
        ("!!timestamp", Resolved::Time(t)) => Ok(Resolved::Time(t)),
        _ => Err("the value is not of the type that its tag names"),
    }
}

/// The implicit type of plain text.
pub(super) fn implicit(text: &str, times: bool) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "true" | "True" | "TRUE" => return Resolved::Bool(true),
        "false" | "False" | "FALSE" => return Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Resolved::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        "-0" | "-0.0" => return Resolved::Float(-0.0),
        _ => {}
    }
    match text.as_bytes().first() {
        Some(b'.') => go_float(text).map_or(Resolved::Text, Resolved::Float),
        Some(b'0'..=b'9' | b'+' | b'-') => numeric(text, times),
        _ => Resolved::Text,
    }
}

fn numeric(text: &str, times: bool) -> Resolved {
    if times && let Some(time) = timestamp::normalize(text) {
        return Resolved::Time(time);
    }
    let plain = text.replace('_', "");
    if let Some(int) = number::parse_int(&plain) {
        return Resolved::Int(int);
    }
    number::parse_float(&plain).map_or(Resolved::Text, Resolved::Float)
}

/// A float that starts with a dot; Go's own parser also takes underscores only in hexadecimal.
fn go_float(text: &str) -> Option<f64> {
    number::parse_float(text)
}

fn binary(text: &str) -> Result<Resolved, &'static str> {
    let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = STANDARD
        .decode(compact)
        .map_err(|_| "!!binary is not base64")?;
    String::from_utf8(bytes)
        .map(Resolved::Binary)
        .map_err(|_| "!!binary does not hold text")
}

/// Counts what aliases expand to, so that a small text cannot become a huge tree.
#[derive(Default)]
pub(crate) struct Budget {
    total: usize,
    aliased: usize,
    depth: usize,
    /// `-0` is an integer, as in old lines of Talos.
    whole_zero: bool,
}

impl Budget {
    /// A fresh budget; `whole_zero` reads `-0` as an integer.
    pub fn new(whole_zero: bool) -> Self {
        Self {
            whole_zero,
            ..Self::default()
        }
    }

    /// Accounts for one node; the limits are those of Go's reader.
    pub fn count(&mut self, line: usize) -> Result<(), ParseError> {
        self.total += 1;
        self.aliased += usize::from(self.depth > 0);
        #[allow(clippy::cast_precision_loss)] // a ratio
        let ratio = self.aliased as f64 / self.total as f64;
        if self.aliased > 100 && self.total > 1000 && ratio > allowed_ratio(self.total) {
            return Err(ParseError::at(line, "aliases expand to too much"));
        }
        Ok(())
    }

    /// What follows is the expansion of an alias.
    pub fn enter_alias(&mut self) {
        self.depth += 1;
    }

    /// The expansion is over.
    pub fn leave_alias(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

/// Small documents may consist of aliases almost wholly, large ones to a tenth.
#[allow(clippy::cast_precision_loss)] // a ratio
fn allowed_ratio(total: usize) -> f64 {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    match total {
        0..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * ((total - LOW) as f64 / (HIGH - LOW) as f64),
    }
}

/// A node as a free-form value. Keys of mappings must be scalars and become text.
pub(crate) fn to_value(node: &Node, budget: &mut Budget) -> Result<Value, ParseError> {
    budget.count(node.line)?;
    match &node.kind {
        NodeKind::Alias(target) => {
            budget.enter_alias();
            let value = to_value(target, budget);
            budget.leave_alias();
            value
        }
        NodeKind::Scalar(scalar) => {
            if budget.whole_zero && scalar.text == "-0" && !scalar.quoted && scalar.tag.is_empty() {
                return Ok(Value::Int(0));
            }
            scalar_value(scalar).map_err(|message| ParseError::at(node.line, message))
        }
        NodeKind::List(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| to_value(item, budget).map_err(|e| e.within(Step::Index(at))))
            .collect::<Result<_, _>>()
            .map(Value::List),
        NodeKind::Map(entries) => {
            let mut map = Map::new();
            add_entries(&mut map, entries, budget)?;
            map.entries_mut()
                .sort_by(|(a, _), (b, _)| order::compare_keys(a, b));
            Ok(Value::Map(map))
        }
    }
}

fn add_entries(
    map: &mut Map,
    entries: &[(Node, Node)],
    budget: &mut Budget,
) -> Result<(), ParseError> {
    let mut merged = None;
    let mut seen = HashSet::with_capacity(entries.len());
    for (key, value) in entries {
        if is_merge(key) {
            if merged.replace(value).is_some() {
                return Err(ParseError::at(key.line, "key '<<' is there twice"));
            }
            continue;
        }
        let name = text_key(key)?;
        if !seen.insert(name.clone()) {
            return Err(ParseError::at(
                key.line,
                format!("key '{}' is there twice", shown(&name)),
            ));
        }
        let value =
            to_value(value, budget).map_err(|error| error.within(Step::key(name.as_str())))?;
        map.push(name, value);
    }
    merged.map_or(Ok(()), |node| merge(map, node, budget))
}

/// Adds what `<<` refers to, where the mapping has no key of its own.
fn merge(map: &mut Map, node: &Node, budget: &mut Budget) -> Result<(), ParseError> {
    let sources = match &node.target().kind {
        NodeKind::Map(_) => std::slice::from_ref(node.target()),
        NodeKind::List(items) if !matches!(node.kind, NodeKind::Alias(_)) => items.as_slice(),
        _ => {
            return Err(ParseError::at(
                node.line,
                "<< needs a mapping or a list of mappings",
            ));
        }
    };
    for source in sources {
        let Value::Map(more) = to_value(source.target(), budget)? else {
            return Err(ParseError::at(
                source.line,
                "<< needs a mapping or a list of mappings",
            ));
        };
        map.add_missing(more);
    }
    Ok(())
}

/// Whether a mapping key is the merge indicator.
pub(crate) fn is_merge(key: &Node) -> bool {
    key.scalar()
        .is_some_and(|s| s.text == "<<" && !s.quoted && matches!(s.tag.as_str(), "" | "!!merge"))
}

/// The text of a key in a free-form mapping; other types than text are refused, because Talos
/// cannot carry them through a patch.
fn text_key(key: &Node) -> Result<String, ParseError> {
    let target = key.target();
    let Some(scalar) = target.scalar() else {
        return Err(ParseError::at(key.line, "a key must be a scalar"));
    };
    match resolve(scalar).map_err(|m| ParseError::at(key.line, m))? {
        Resolved::Text => Ok(scalar.text.clone()),
        Resolved::Binary(text) => Ok(text),
        _ => Err(ParseError::at(
            key.line,
            format!(
                "the key {} is not text: put it in quotes",
                shown(&scalar.text)
            ),
        )),
    }
}

pub(crate) fn scalar_value(scalar: &Scalar) -> Result<Value, &'static str> {
    Ok(match resolve(scalar)? {
        Resolved::Null => Value::Null,
        Resolved::Bool(b) => Value::Bool(b),
        Resolved::Int(i) => Value::Int(i),
        Resolved::Float(f) => Value::Float(f),
        Resolved::Time(t) => Value::Plain(t),
        Resolved::Binary(t) => Value::Str(t),
        Resolved::Text => Value::Str(scalar.text.clone()),
    })
}
