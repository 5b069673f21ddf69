use std::collections::HashSet;

use super::error::LoadError;
use super::suggest;
use crate::scalar;
use crate::tables::{StructType, Tables, Type};
use crate::yaml::path::{Step, shown};
use crate::yaml::{Budget, Map, Node, NodeKind, Resolved, Value, is_merge, resolve, to_value};

/// Reads nodes as the types of a line's tables. What comes out still tells what was written from
/// what was not, as patches need it: fields hold what the text has, null is the same as absent.
pub(crate) struct Decoder<'a> {
    tables: &'a Tables,
    budget: Budget,
    path: Vec<Step>,
}

impl<'a> Decoder<'a> {
    pub fn new(tables: &'a Tables) -> Self {
        Self {
            tables,
            budget: Budget::new(tables.rules.minus_zero_is_whole),
            path: Vec::new(),
        }
    }

    fn error(&self, line: usize, message: impl Into<String>) -> LoadError {
        LoadError::at(&self.path, line, message)
    }

    fn within<T>(&mut self, step: Step, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = work(self);
        self.path.pop();
        result
    }

    /// Reads one value; `None` for null.
    pub fn value(&mut self, ty: &Type, node: &Node) -> Result<Option<Value>, LoadError> {
        self.budget
            .count(node.line)
            .map_err(|error| LoadError::below(&self.path, error))?;
        if let NodeKind::Alias(target) = &node.kind {
            self.budget.enter_alias();
            let result = self.value(ty, target);
            self.budget.leave_alias();
            return result;
        }
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
            (Type::Struct(_) | Type::Any | Type::Map(_), _) => {
                Err(self.error(node.line, "expected a mapping"))
            }
            (Type::List(_), _) => Err(self.error(node.line, "expected a list")),
            _ => Err(self.error(node.line, "expected a single value")),
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
            let name = self.key(key)?.unwrap_or_default();
            let Some(field) = ty.field(&name) else {
                return Err(self.unknown(ty, &name, key.line));
            };
            if map.contains_key(&name) || self.seen_before(entries, key) {
                return Err(self.twice(key, &name));
            }
            let value = self.within(Step::key(name.as_str()), |d| d.value(&field.ty, node))?;
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

    /// The text of a key, `None` if it is null.
    fn key(&self, node: &Node) -> Result<Option<String>, LoadError> {
        let Some(scalar) = node.scalar() else {
            return Err(self.error(node.line, "a key must be a single value"));
        };
        match resolve(scalar).map_err(|message| self.error(node.line, message))? {
            Resolved::Null => Ok(None),
            Resolved::Binary(text) => Ok(Some(text)),
            _ => Ok(Some(scalar.text.clone())),
        }
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
                Some(_) => return Err(self.error(node.line, "expected a text")),
            }
        }
        Ok(Value::List(items))
    }

    /// A key that is a date, in lines where that is no text.
    fn refuse_date(&self, key: &Node) -> Result<(), LoadError> {
        let date = key
            .scalar()
            .is_some_and(|s| matches!(resolve(s), Ok(Resolved::Time(_))));
        if date && !self.tables.rules.dates_are_texts {
            return Err(self.error(key.line, "a date without quotes is no text"));
        }
        Ok(())
    }

    /// Null where there should be a mapping.
    fn null_item(&self, line: usize) -> Result<(), LoadError> {
        if self.tables.rules.null_items {
            return Ok(());
        }
        Err(self.error(line, "null is not possible here"))
    }

    fn mapping(&mut self, item: &Type, entries: &[(Node, Node)]) -> Result<Value, LoadError> {
        let mut map = Map::new();
        let mut seen = HashSet::with_capacity(entries.len());
        let mut merged = None;
        for (key, node) in entries {
            if is_merge(key) {
                if merged.replace(node).is_some() {
                    return Err(self.twice(key, "<<"));
                }
                continue;
            }
            self.refuse_date(key)?;
            let Some(name) = self.key(key)? else { continue };
            if !seen.insert(name.clone()) {
                return Err(self.twice(key, &name));
            }
            let value = self.within(Step::key(name.as_str()), |d| {
                let value = d.value(item, node)?;
                if value.is_none() && matches!(item, Type::Ptr(_)) {
                    d.null_item(node.line)?;
                }
                Ok::<_, LoadError>(value)
            })?;
            map.push(
                name,
                value.unwrap_or_else(|| scalar::zero(item, self.tables)),
            );
        }
        if let Some(node) = merged {
            let deep = matches!(
                item.pointee(),
                Type::Struct(_) | Type::Any | Type::Map(_) | Type::Arg
            );
            let alias = matches!(node.kind, NodeKind::Alias(_));
            if !alias || !deep && !self.tables.rules.merge_keys_in_mappings {
                let message = "merge keys are not possible here";
                return Err(self.error(node.line, message));
            }
            self.merge_key(item, &mut map, node)?;
        }
        Ok(Value::Map(map))
    }

    /// Adds what `<<` refers to, where the mapping has no key of its own.
    fn merge_key(&mut self, item: &Type, map: &mut Map, node: &Node) -> Result<(), LoadError> {
        let ty = Type::Map(Box::new(item.clone()));
        let Some(Value::Map(more)) = self.value(&ty, node)? else {
            return Err(self.error(node.line, "<< needs an alias of a mapping"));
        };
        map.add_missing(more);
        Ok(())
    }

    /// A free-form mapping: its own keys may look like anything, those further in must be text.
    fn free(&mut self, entries: &[(Node, Node)]) -> Result<Map, LoadError> {
        let mut map = Map::new();
        let mut seen = HashSet::with_capacity(entries.len());
        let mut merged = None;
        for (key, node) in entries {
            if is_merge(key) {
                if merged.replace(node).is_some() {
                    return Err(self.twice(key, "<<"));
                }
                continue;
            }
            let Some(name) = self.key(key)? else { continue };
            if !seen.insert(name.clone()) {
                return Err(self.twice(key, &name));
            }
            let value = self.within(Step::key(name.as_str()), |d| d.free_value(node))?;
            map.push(name, value);
        }
        if let Some(node) = merged {
            self.merge_free(&mut map, node)?;
        }
        Ok(map)
    }

    /// Adds what `<<` refers to, where the mapping has no key of its own; of several, the first
    /// one counts.
    fn merge_free(&mut self, map: &mut Map, node: &Node) -> Result<(), LoadError> {
        let wrong = |d: &Self, line| d.error(line, "<< needs a mapping or a list of mappings");
        let sources = match (&node.kind, &node.target().kind) {
            (_, NodeKind::Map(_)) => std::slice::from_ref(node),
            (NodeKind::List(items), _) => items.as_slice(),
            _ => return Err(wrong(self, node.line)),
        };
        for source in sources {
            let NodeKind::Map(entries) = &source.target().kind else {
                return Err(wrong(self, source.line));
            };
            map.add_missing(self.free(entries)?);
        }
        Ok(())
    }

    fn free_value(&mut self, node: &Node) -> Result<Value, LoadError> {
        let value = to_value(node, &mut self.budget)
            .map_err(|error| LoadError::below(&self.path, error))?;
        if has_timestamp(&value) {
            return Err(self.error(
                node.line,
                "a date that is not in quotes: Talos cannot carry it through a patch",
            ));
        }
        Ok(value)
    }
}

fn has_timestamp(value: &Value) -> bool {
    match value {
        Value::Plain(_) => true,
        Value::List(items) => items.iter().any(has_timestamp),
        Value::Map(map) => map.iter().any(|(_, v)| has_timestamp(v)),
        _ => false,
    }
}
