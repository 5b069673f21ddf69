use std::borrow::Cow;

use super::error::LoadError;
use super::suggest;
use crate::scalar;
use crate::tables::{StructType, Tables, Type};
use crate::yaml::path::{Step, shown};
use crate::yaml::{
    Budget, Keys, Map, Node, NodeKind, Resolved, Value, entries, free, is_merge, name_of, resolve,
};

/// Reads nodes as the types of a line's tables. What comes out still tells what was written from
/// what was not, as patches need it: fields hold what the text has, null is the same as absent.
pub(crate) struct Decoder<'a> {
    tables: &'a Tables,
    budget: Budget,
    path: Vec<Step>,
}

impl<'a> Decoder<'a> {
    pub fn new(tables: &'a Tables) -> Self {
        let rules = tables.rules;
        Self {
            tables,
            budget: Budget::of_configuration(rules.minus_zero_is_whole, rules.dates_are_texts),
            path: Vec::new(),
        }
    }

    fn error(&self, line: usize, message: impl Into<String>) -> LoadError {
        LoadError::at(&self.path, line, message)
    }

    /// Says of what form the node is, never what it holds: that may be a secret.
    fn unlike(&self, node: &Node, wanted: &str) -> LoadError {
        let found = node.form();
        self.error(node.line, format!("expected {wanted}, found {found}"))
    }

    fn within<T>(&mut self, step: Step, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = work(self);
        self.path.pop();
        result
    }

    fn count(&mut self, node: &Node) -> Result<(), LoadError> {
        let counted = self.budget.count(node.line);
        counted.map_err(|error| LoadError::below(&self.path, error))
    }

    /// Reads one value; `None` for null.
    pub fn value(&mut self, ty: &Type, node: &Node) -> Result<Option<Value>, LoadError> {
        self.count(node)?;
        if let NodeKind::Alias(target) = &node.kind {
            self.budget.enter(true);
            let result = self.value(ty, target);
            self.budget.leave(true);
            return result;
        }
        let text = self.budget.text(node.line, node.text());
        text.map_err(|error| LoadError::below(&self.path, error))?;
        match (ty.pointee(), &node.kind) {
            (ty, NodeKind::Scalar(scalar)) => scalar::decode(ty, scalar, self.tables)
                .map_err(|message| self.error(node.line, message)),
            (Type::Struct(index), NodeKind::Map(entries)) => self
                .structure(&self.tables.structs[*index], entries)
                .map(|map| Some(Value::Map(map))),
            (Type::Any, NodeKind::Map(entries)) => {
                self.free(entries).map(|map| Some(Value::Map(map)))
            }
            (Type::Map(item), NodeKind::Map(entries)) => self.mapping(item, entries).map(Some),
            (Type::List(item), NodeKind::List(nodes)) => self.list(item, nodes).map(Some),
            (Type::Arg, NodeKind::List(nodes)) => self.texts(nodes).map(Some),
            // To Talos these are mappings with hidden fields, or lists of bytes: nothing in them is nothing.
            (
                Type::Cel | Type::ByteSize | Type::Size | Type::Ip | Type::Cidr | Type::AddrPort,
                NodeKind::Map(entries),
            ) if entries.is_empty() && self.tables.rules.empty_mappings_are_empty_texts => {
                Ok(Some(Value::from("")))
            }
            (Type::HwAddr, NodeKind::List(items))
                if items.is_empty() && self.tables.rules.empty_mappings_are_empty_texts =>
            {
                Ok(Some(Value::from("")))
            }
            (Type::Struct(_) | Type::Any | Type::Map(_), _) => Err(self.unlike(node, "a mapping")),
            (Type::List(_), _) => Err(self.unlike(node, "a list")),
            _ => Err(self.unlike(node, "a single value")),
        }
    }

    /// Reads a mapping with known keys.
    pub fn structure(
        &mut self,
        ty: &StructType,
        entries: &[(Node, Node)],
    ) -> Result<Map, LoadError> {
        let mut map = Map::new();
        for (key, node) in entries {
            self.count(key)?;
            let name = self.name(key)?;
            let Some(field) = ty.field(&name) else {
                return Err(self.unknown(ty, &name, key.line));
            };
            if map.contains_key(&name) || self.seen_before(entries, key) {
                return Err(self.twice(key, &name));
            }
            let value = self.within(Step::key(name.as_ref()), |d| d.value(&field.ty, node))?;
            match value {
                Some(Value::Str(text)) if field.trim => {
                    let start = text.trim_start_matches(['\t', '\n', '\u{b}', '\u{c}', '\r']);
                    map.push(name, Value::from(start));
                }
                Some(value) => map.push(name, value),
                None => {}
            }
        }
        if ty.whole {
            for field in ty
                .fields
                .iter()
                .filter(|f| !map.contains_key(&f.name))
                .collect::<Vec<_>>()
            {
                map.push(field.name.as_str(), scalar::zero(&field.ty, self.tables));
            }
        }
        Ok(map)
    }

    /// The text of a key; empty if it is null.
    fn name<'n>(&self, key: &'n Node) -> Result<Cow<'n, str>, LoadError> {
        let name = name_of(key, Keys::Scalars, &self.budget);
        let name = name.map_err(|error| LoadError::below(&self.path, error))?;
        Ok(name.unwrap_or_default())
    }

    fn unknown(&self, ty: &StructType, name: &str, line: usize) -> LoadError {
        let message = match name {
            "<<" => "merge keys are not possible here".to_owned(),
            name => format!("unknown key '{}'", shown(name)),
        };
        let names = ty.fields.iter().map(|f| f.name.as_str());
        self.error(line, message)
            .suggest(suggest::nearest(name, names))
    }

    fn twice(&self, key: &Node, name: &str) -> LoadError {
        self.error(key.line, format!("key '{}' is there twice", shown(name)))
    }

    /// A key that null values left no trace of may still be there twice.
    fn seen_before(&self, entries: &[(Node, Node)], key: &Node) -> bool {
        entries
            .iter()
            .take_while(|(k, _)| !std::ptr::eq(k, key))
            .any(|(k, _)| k.text() == key.text())
    }

    fn list(&mut self, item: &Type, nodes: &[Node]) -> Result<Value, LoadError> {
        let mut items = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            match self.within(Step::Index(index), |d| d.value(item, node))? {
                Some(value) => items.push(value),
                // Talos keeps a null item only where it can tell it from an empty one.
                None if matches!(item, Type::Ptr(_)) => {
                    self.null_item(node.line)?;
                    items.push(Value::Null);
                }
                None => {}
            }
        }
        Ok(Value::List(items))
    }

    /// The list form of an argument: empty texts stay, null items do not.
    fn texts(&mut self, nodes: &[Node]) -> Result<Value, LoadError> {
        let mut items = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let target = node.target();
            let is_null = target
                .scalar()
                .is_none_or(|s| resolve(s) == Ok(Resolved::Null));
            let value = self.within(Step::Index(index), |d| d.value(&Type::Arg, node))?;
            match value {
                Some(value @ (Value::Str(_) | Value::Plain(_))) => items.push(value),
                None if !is_null => items.push(Value::from("")),
                None => {}
                Some(_) => return Err(self.unlike(target, "a text")),
            }
        }
        Ok(Value::List(items))
    }

    /// Null where there should be a mapping.
    fn null_item(&self, line: usize) -> Result<(), LoadError> {
        if self.tables.rules.null_items {
            return Ok(());
        }
        Err(self.error(line, "null is not possible here"))
    }

    fn mapping(&mut self, item: &Type, written: &[(Node, Node)]) -> Result<Value, LoadError> {
        self.refuse_merge(item, written)?;
        self.refuse_null_keys(written)?;
        let entries = entries(written, &mut self.budget, Keys::Scalars)
            .map_err(|error| LoadError::below(&self.path, error))?;
        let mut map = Map::new();
        for entry in entries {
            self.budget.enter(entry.aliased);
            let value = self.within(Step::key(entry.name.as_ref()), |d| {
                let value = d.value(item, entry.value)?;
                if value.is_none() && matches!(item, Type::Ptr(_)) {
                    d.null_item(entry.value.line)?;
                }
                Ok::<_, LoadError>(value)
            })?;
            self.budget.leave(entry.aliased);
            map.push(
                entry.name,
                value.unwrap_or_else(|| scalar::zero(item, self.tables)),
            );
        }
        Ok(Value::Map(map))
    }

    /// A null key and its value are left out, which is no harm if that is a single value.
    fn refuse_null_keys(&self, written: &[(Node, Node)]) -> Result<(), LoadError> {
        let is_null = |key: &Node| {
            key.scalar()
                .is_some_and(|s| resolve(s) == Ok(Resolved::Null))
        };
        let dropped =
            |(key, value): &&(Node, Node)| is_null(key) && value.target().scalar().is_none();
        match written.iter().find(dropped) {
            Some((key, _)) => Err(self.error(key.line, "a key cannot be null here")),
            None => Ok(()),
        }
    }

    /// What `<<` refers to must be of the type of the mapping's values, or an alias: of that Talos
    /// does not ask the type.
    fn refuse_merge(&self, item: &Type, written: &[(Node, Node)]) -> Result<(), LoadError> {
        let Some((_, source)) = written.iter().find(|(key, _)| is_merge(key)) else {
            return Ok(());
        };
        let deep = matches!(
            item.pointee(),
            Type::Struct(_) | Type::Any | Type::Map(_) | Type::Arg
        );
        let alias = matches!(source.kind, NodeKind::Alias(_));
        if alias && (deep || self.tables.rules.merge_keys_in_mappings) {
            return Ok(());
        }
        Err(self.error(source.line, "merge keys are not possible here"))
    }

    /// A free-form mapping: its own keys may look like anything, those further in must be text.
    fn free(&mut self, written: &[(Node, Node)]) -> Result<Map, LoadError> {
        free(written, &mut self.budget, Keys::Scalars)
            .map_err(|error| LoadError::below(&self.path, error))
    }
}
