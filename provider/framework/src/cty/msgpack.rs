//! The msgpack form, read and written by the type both sides know.

use std::collections::BTreeMap;
use std::io::Read as _;

use rmp::Marker;
use rmp::{decode as read, encode as write};

use super::value::SetItems;
use super::{CodecError, Number, Path, Step, Type, Value};

/// Nesting deeper than any schema; guards the stack against hostile bytes.
const MAX_DEPTH: usize = 256;

/// Reads one value of type `ty`; nothing may follow it.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let mut reader = Reader {
        rest: bytes,
        path: Path::root(),
    };
    let value = reader.value(ty)?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(reader.wrong("bytes follow the value"))
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    path: Path,
}

impl Reader<'_> {
    fn wrong(&self, reason: impl Into<String>) -> CodecError {
        CodecError::new(&self.path, reason)
    }

    fn truncated<E>(&self) -> impl FnOnce(E) -> CodecError + use<E> {
        let error = self.wrong("the bytes are not what the type announces");
        |_| error
    }

    fn value(&mut self, ty: &Type) -> Result<Value, CodecError> {
        if self.path.0.len() > MAX_DEPTH {
            return Err(self.wrong("nested too deeply"));
        }
        match self.rest.first().map(|byte| Marker::from_u8(*byte)) {
            None => Err(self.wrong("no bytes where a value belongs")),
            Some(Marker::Null) => {
                self.rest = &self.rest[1..];
                Ok(Value::Null)
            }
            Some(
                Marker::FixExt1
                | Marker::FixExt2
                | Marker::FixExt4
                | Marker::FixExt8
                | Marker::FixExt16,
            )
            | Some(Marker::Ext8 | Marker::Ext16 | Marker::Ext32) => self.unknown(),
            Some(marker) => self.known(ty, marker),
        }
    }

    /// Any extension means unknown, refined or not.
    fn unknown(&mut self) -> Result<Value, CodecError> {
        let meta = read::read_ext_meta(&mut self.rest).map_err(self.truncated())?;
        self.take(meta.size as usize)?;
        Ok(Value::Unknown)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], CodecError> {
        let error = self.wrong("the bytes end early");
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(error)?;
        self.rest = rest;
        Ok(taken)
    }

    fn known(&mut self, ty: &Type, marker: Marker) -> Result<Value, CodecError> {
        match ty {
            Type::String => Ok(Value::string(self.text()?)),
            Type::Bool => read::read_bool(&mut self.rest)
                .map(Value::Bool)
                .map_err(self.truncated()),
            Type::Number => self.number(marker).map(Value::Number),
            Type::List(element) => self.items(|_| Some(element), None).map(Value::List),
            Type::Set(element) => self
                .items(|_| Some(element), None)
                .map(|items| Value::Set(SetItems(items))),
            Type::Tuple(elements) => self
                .items(|index| elements.get(index), Some(elements.len()))
                .map(Value::List),
            Type::Map(element) => self.entries(|_| Some(element), false).map(Value::Map),
            Type::Object(attributes) => {
                let entries = self.entries(|name| attributes.get(name), true)?;
                if entries.len() == attributes.len() {
                    Ok(Value::Object(entries))
                } else {
                    Err(self.wrong("the object lacks attributes of the schema"))
                }
            }
            Type::Dynamic => self.dynamic(),
        }
    }

    fn text(&mut self) -> Result<String, CodecError> {
        let length = read::read_str_len(&mut self.rest).map_err(self.truncated())?;
        let bytes = self.take(length as usize)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.wrong("the text is not UTF-8"))
    }

    fn number(&mut self, marker: Marker) -> Result<Number, CodecError> {
        let number = match marker {
            Marker::F32 => Number::from_exact_f64(
                read::read_f32(&mut self.rest)
                    .map_err(self.truncated())?
                    .into(),
            ),
            Marker::F64 => {
                Number::from_exact_f64(read::read_f64(&mut self.rest).map_err(self.truncated())?)
            }
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                Number::parse(&self.text()?)
            }
            Marker::U64 => {
                self.take(1)?;
                let mut bytes = [0; 8];
                self.rest.read_exact(&mut bytes).map_err(self.truncated())?;
                Some(Number::Int(u64::from_be_bytes(bytes).into()))
            }
            _ => Some(Number::from(
                read::read_int::<i64, _>(&mut self.rest).map_err(self.truncated())?,
            )),
        };
        number.ok_or_else(|| self.wrong("not a finite decimal number"))
    }

    fn items<'t>(
        &mut self,
        element: impl Fn(usize) -> Option<&'t Type>,
        expected: Option<usize>,
    ) -> Result<Vec<Value>, CodecError> {
        let length = read::read_array_len(&mut self.rest).map_err(self.truncated())? as usize;
        if expected.is_some_and(|expected| expected != length) {
            return Err(self.wrong("the tuple has another length"));
        }
        let mut items = Vec::with_capacity(length.min(self.rest.len()));
        for index in 0..length {
            let ty = element(index).ok_or_else(|| self.wrong("too many elements"))?;
            self.path.0.push(Step::Index(index as i64));
            items.push(self.value(ty)?);
            self.path.0.pop();
        }
        Ok(items)
    }

    fn entries<'t>(
        &mut self,
        element: impl Fn(&str) -> Option<&'t Type>,
        object: bool,
    ) -> Result<BTreeMap<String, Value>, CodecError> {
        let length = read::read_map_len(&mut self.rest).map_err(self.truncated())?;
        let mut entries = BTreeMap::new();
        for _ in 0..length {
            let key = self.text()?;
            let ty = element(&key)
                .ok_or_else(|| self.wrong(format!("the schema has no attribute {key:?}")))?;
            self.path.0.push(if object {
                Step::Attribute(key.clone())
            } else {
                Step::Key(key.clone())
            });
            entries.insert(key, self.value(ty)?);
            self.path.0.pop();
        }
        Ok(entries)
    }

    /// `[type as JSON bytes, value]`.
    fn dynamic(&mut self) -> Result<Value, CodecError> {
        if read::read_array_len(&mut self.rest).map_err(self.truncated())? != 2 {
            return Err(self.wrong("a value of any type comes as a pair"));
        }
        let length = read::read_bin_len(&mut self.rest).map_err(self.truncated())?;
        let json = self.take(length as usize)?.to_vec();
        let ty = serde_json::from_slice(&json)
            .ok()
            .and_then(|json| Type::from_json(&json));
        let ty = ty.ok_or_else(|| self.wrong("the type that the value brings cannot be read"))?;
        let value = self.value(&ty)?;
        Ok(Value::Typed(Box::new((ty, value))))
    }
}

/// Writes `value` as type `ty`. Fails where the value is of another type.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, CodecError> {
    let mut writer = Writer {
        out: Vec::new(),
        path: Path::root(),
    };
    writer.value(value, ty)?;
    Ok(writer.out)
}

struct Writer {
    out: Vec<u8>,
    path: Path,
}

impl Writer {
    fn wrong(&self, reason: impl Into<String>) -> CodecError {
        CodecError::new(&self.path, reason)
    }

    /// Writing to memory cannot fail; the mapping keeps the code free of unwrap.
    fn done<T, E>(&self, result: Result<T, E>) -> Result<(), CodecError> {
        result
            .map(drop)
            .map_err(|_| self.wrong("the value does not fit the wire"))
    }

    fn value(&mut self, value: &Value, ty: &Type) -> Result<(), CodecError> {
        let written = match (value, ty) {
            (Value::Null, _) => write::write_nil(&mut self.out).map_err(drop),
            (Value::Unknown, _) => {
                self.out.extend([0xd4, 0, 0]);
                Ok(())
            }
            (Value::String(text), Type::String) => {
                write::write_str(&mut self.out, text).map_err(drop)
            }
            (Value::Bool(flag), Type::Bool) => {
                write::write_bool(&mut self.out, *flag).map_err(drop)
            }
            (Value::Number(number), Type::Number) => return self.number(number),
            (Value::List(items), Type::List(element)) => {
                return self.items(items, |_| Some(element));
            }
            (Value::Set(SetItems(items)), Type::Set(element)) => {
                return self.items(items, |_| Some(element));
            }
            (Value::List(items), Type::Tuple(elements)) if items.len() == elements.len() => {
                return self.items(items, |index| elements.get(index));
            }
            (Value::Map(entries), Type::Map(element)) => {
                return self.entries(entries, |_| Some(element), false);
            }
            (Value::Object(entries), Type::Object(attributes))
                if entries.len() == attributes.len() =>
            {
                return self.entries(entries, |name| attributes.get(name), true);
            }
            (Value::Typed(pair), Type::Dynamic) => return self.dynamic(&pair.0, &pair.1),
            (Value::Object(_), Type::Object(_)) => {
                return Err(self.wrong("the object's attributes are not the schema's"));
            }
            (other, _) => return Err(self.wrong(format!("{} where {ty} belongs", other.kind()))),
        };
        self.done(written)
    }

    fn number(&mut self, number: &Number) -> Result<(), CodecError> {
        let written = match number {
            Number::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => write::write_sint(&mut self.out, value)
                    .map(drop)
                    .map_err(drop),
                (_, Ok(value)) => write::write_uint(&mut self.out, value)
                    .map(drop)
                    .map_err(drop),
                _ => write::write_str(&mut self.out, &value.to_string()).map_err(drop),
            },
            Number::Decimal(text) => write::write_str(&mut self.out, text).map_err(drop),
        };
        self.done(written)
    }

    fn items<'t>(
        &mut self,
        items: &[Value],
        element: impl Fn(usize) -> Option<&'t Type>,
    ) -> Result<(), CodecError> {
        let length = u32::try_from(items.len()).map_err(|_| self.wrong("too many elements"))?;
        let written = write::write_array_len(&mut self.out, length);
        self.done(written)?;
        for (index, item) in items.iter().enumerate() {
            let ty = element(index).ok_or_else(|| self.wrong("too many elements"))?;
            self.path.0.push(Step::Index(index as i64));
            self.value(item, ty)?;
            self.path.0.pop();
        }
        Ok(())
    }

    fn entries<'t>(
        &mut self,
        entries: &BTreeMap<String, Value>,
        element: impl Fn(&str) -> Option<&'t Type>,
        object: bool,
    ) -> Result<(), CodecError> {
        let length = u32::try_from(entries.len()).map_err(|_| self.wrong("too many entries"))?;
        let written = write::write_map_len(&mut self.out, length);
        self.done(written)?;
        for (key, value) in entries {
            let ty = element(key)
                .ok_or_else(|| self.wrong(format!("the schema has no attribute {key:?}")))?;
            let written = write::write_str(&mut self.out, key);
            self.done(written)?;
            self.path.0.push(if object {
                Step::Attribute(key.clone())
            } else {
                Step::Key(key.clone())
            });
            self.value(value, ty)?;
            self.path.0.pop();
        }
        Ok(())
    }

    fn dynamic(&mut self, ty: &Type, value: &Value) -> Result<(), CodecError> {
        let written = write::write_array_len(&mut self.out, 2);
        self.done(written)?;
        let written = write::write_bin(&mut self.out, ty.to_json().to_string().as_bytes());
        self.done(written)?;
        self.value(value, ty)
    }
}
