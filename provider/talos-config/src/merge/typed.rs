use super::error::Fault;
use super::{free, keyed};
use crate::scalar::{self, Url};
use crate::tables::{Field, StructType, Tables, Type};
use crate::yaml::{Map, Step, Value};

/// Merges a patch into a document by the rules of the tables: lists append, mappings merge,
/// scalars win unless they are zero, and the exceptions that Talos makes.
pub(super) struct Merger<'a> {
    pub tables: &'a Tables,
    path: Vec<Place>,
}

/// A step of the way to what is being merged.
struct Place {
    step: Step,
    /// Position in the patch's list, which may differ from that in the configuration's.
    from: Option<usize>,
}

impl<'a> Merger<'a> {
    pub fn new(tables: &'a Tables) -> Self {
        Self {
            tables,
            path: Vec::new(),
        }
    }

    pub fn fault(&self, message: impl Into<String>) -> Fault {
        let path: Vec<Step> = self.path.iter().map(|place| place.step.clone()).collect();
        let source = self.path.iter().map(|place| match place.from {
            Some(from) => Step::Index(from),
            None => place.step.clone(),
        });
        Fault::at(&path, &source.collect::<Vec<_>>(), message)
    }

    /// What `work` merges is under `key`.
    pub fn within<T>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.enter(Step::key(key), None, work)
    }

    /// What `work` merges is item `at` of the configuration's list and item `from` of the patch's.
    pub fn within_item<T>(
        &mut self,
        at: usize,
        from: usize,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.enter(Step::Index(at), Some(from), work)
    }

    fn enter<T>(
        &mut self,
        step: Step,
        from: Option<usize>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.path.push(Place { step, from });
        let result = work(self);
        self.path.pop();
        result
    }

    /// Merges `right`, as it was read, into `left`.
    pub fn structure(
        &mut self,
        ty: &StructType,
        left: &mut Map,
        mut right: Map,
    ) -> Result<(), Fault> {
        for field in &ty.fields {
            let value = right.remove(&field.name);
            self.within(&field.name, |merger| merger.field(field, left, value))?;
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, left: &mut Map, right: Option<Value>) -> Result<(), Fault> {
        match (&field.ty, right) {
            (Type::Ip | Type::Cidr | Type::AddrPort, _)
                if self.tables.rules.addresses_do_not_merge =>
            {
                return Err(self.fault(
                    "this line of Talos cannot change a document with addresses by a patch: delete the document first",
                ));
            }
            // Talos overwrites these also when the patch does not mention them.
            (Type::Cel | Type::ByteSize | Type::Bool, None) => {
                left.remove(&field.name);
            }
            (Type::Cel | Type::ByteSize | Type::Bool, Some(value)) => {
                left.insert(field.name.as_str(), value);
            }
            // A part that is no pointer is merged even if it is empty, for the sake of the above.
            (Type::Struct(index), right) => {
                let mut old = map_of(left.remove(&field.name));
                self.structure(&self.tables.structs[*index], &mut old, map_of(right))?;
                left.push(field.name.as_str(), Value::Map(old));
            }
            (_, None) => {}
            (ty, Some(value)) => {
                if !left.contains_key(&field.name) {
                    let Some(start) = empty_list(field) else {
                        left.push(field.name.as_str(), value);
                        return Ok(());
                    };
                    left.push(field.name.as_str(), start);
                }
                if let Some(old) = left.get_mut(&field.name) {
                    self.value(ty, Some(field), old, value)?;
                }
            }
        }
        Ok(())
    }

    /// Merges two values that are both there.
    fn value(
        &mut self,
        ty: &Type,
        field: Option<&Field>,
        left: &mut Value,
        right: Value,
    ) -> Result<(), Fault> {
        let replace = field.is_some_and(|f| f.replace);
        if left.is_null() {
            *left = right;
            return Ok(());
        }
        match (ty, right) {
            (_, Value::Null) => {}
            (Type::Ptr(inner), right) => self.pointee(inner, left, right)?,
            (Type::Struct(index), Value::Map(right)) => {
                if let Value::Map(left) = left {
                    self.structure(&self.tables.structs[*index], left, right)?;
                }
            }
            (Type::Any, Value::Map(right)) => match left {
                Value::Map(left) if !replace => free::merge(self, left, right)?,
                left if !right.is_empty() => *left = Value::Map(right),
                _ => {}
            },
            (Type::List(_), right) if replace => *left = right,
            (Type::List(item), Value::List(right)) => {
                if let Value::List(left) = left {
                    match field.and_then(|f| f.key) {
                        Some(key) => keyed::merge(self, item, key, left, right)?,
                        None => left.extend(right),
                    }
                }
            }
            (Type::Map(item), Value::Map(right)) => self.mapping(item, left, right)?,
            (Type::Base64 | Type::Base64Key | Type::HwAddr | Type::Bool, right) => *left = right,
            (Type::Url | Type::Endpoint, right) => self.url(left, &right)?,
            (Type::Size, right) => merge_size(left, right),
            (ty, right) => {
                if !scalar::is_zero(ty, &right, self.tables) {
                    *left = right;
                }
            }
        }
        Ok(())
    }

    /// Behind a pointer, empty values count too.
    fn pointee(&mut self, inner: &Type, left: &mut Value, right: Value) -> Result<(), Fault> {
        match inner {
            Type::DiskSizeMatch => {
                return Err(self.fault(
                    "Talos cannot change this condition by a patch: delete diskSelector first",
                ));
            }
            Type::Struct(_) | Type::Endpoint => self.value(inner, None, left, right)?,
            inner
                if !matches!(inner, Type::Bool)
                    && !self.tables.rules.empty_behind_pointer_overwrites
                    && scalar::is_zero(inner, &right, self.tables) => {}
            _ => *left = right,
        }
        Ok(())
    }

    fn mapping(&mut self, item: &Type, left: &mut Value, right: Map) -> Result<(), Fault> {
        let Value::Map(left) = left else {
            return Ok(());
        };
        left.merge(right, |key, old, value| {
            if old.is_null() || *item == Type::Arg {
                *old = value;
                return Ok(());
            }
            self.within(key, |merger| merger.value(item, None, old, value))
        })
    }

    /// URLs merge part by part: a patch without a path keeps the path that was there.
    fn url(&self, left: &mut Value, right: &Value) -> Result<(), Fault> {
        let parse = |value: &Value| {
            Url::parse(value.as_str().unwrap_or_default()).map_err(|why| self.fault(why))
        };
        if right.as_str().is_none_or(str::is_empty) {
            return Ok(());
        }
        let mut url = parse(left)?;
        url.merge(&parse(right)?).map_err(|why| self.fault(why))?;
        *left = Value::from(url.to_string());
        Ok(())
    }
}

fn map_of(value: Option<Value>) -> Map {
    match value {
        Some(Value::Map(map)) => map,
        _ => Map::new(),
    }
}

/// Items of a keyed list merge with each other too, so such a list starts empty.
fn empty_list(field: &Field) -> Option<Value> {
    field.key.map(|_| Value::List(Vec::new()))
}

/// A size in bytes hides a percentage that is set beside it.
fn merge_size(left: &mut Value, right: Value) {
    let relative = |value: &Value| value.as_str().is_some_and(|text| text.contains('%'));
    let unset = right.as_str().is_none_or(str::is_empty);
    if unset
        || relative(&right) && !relative(left) && left.as_str().is_some_and(|text| !text.is_empty())
    {
        return;
    }
    *left = right;
}
