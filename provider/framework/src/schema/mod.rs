//! Schemas: what users may write, checked against core's rules and translated to the wire.

mod check;
mod wire;

use std::collections::BTreeMap;

pub use check::problems;
pub use wire::{block_to_wire, type_json};

use crate::cty::{Type, Value};

/// How nested objects are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A map of objects.
    Map,
}

/// What an attribute holds.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A plain value.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested(Nesting, Vec<Attribute>),
}

impl Shape {
    /// The value's type.
    pub fn ty(&self) -> Type {
        match self {
            Self::Plain(ty) => ty.clone(),
            Self::Nested(nesting, attributes) => {
                let object = object_type(attributes);
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => Type::list(object),
                    Nesting::Map => Type::map(object),
                }
            }
        }
    }

    /// A list of this: nested when this is one nested object.
    #[must_use]
    pub fn list(self) -> Self {
        match self {
            Self::Nested(Nesting::Single, attributes) => Self::Nested(Nesting::List, attributes),
            other => Self::Plain(Type::list(other.ty())),
        }
    }

    /// A map of this: nested when this is one nested object.
    #[must_use]
    pub fn map(self) -> Self {
        match self {
            Self::Nested(Nesting::Single, attributes) => Self::Nested(Nesting::Map, attributes),
            other => Self::Plain(Type::map(other.ty())),
        }
    }

    /// A set of this. Sets of objects stay plain: their members could not be planned one by one.
    #[must_use]
    pub fn set(self) -> Self {
        Self::Plain(Type::set(self.ty()))
    }
}

/// One attribute: what the derive writes down.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Name in configuration.
    pub name: &'static str,
    /// Markdown for the registry page.
    pub description: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Users must write it.
    pub required: bool,
    /// Users may write it.
    pub optional: bool,
    /// The provider may fill it.
    pub computed: bool,
    /// Masked in output.
    pub sensitive: bool,
    /// Never stored.
    pub write_only: bool,
    /// What it is when users write nothing.
    pub default: Option<Value>,
    /// A computed value that stays over updates instead of becoming unknown.
    pub keep: bool,
    /// A change replaces the object.
    pub replace: bool,
    /// The only texts allowed (of the value, or of each element).
    pub one_of: &'static [&'static str],
    /// Why users should stop using it.
    pub deprecated: Option<&'static str>,
}

impl Attribute {
    /// An attribute with no flag set.
    pub fn new(name: &'static str, description: &'static str, shape: Shape) -> Self {
        Self {
            name,
            description,
            shape,
            required: false,
            optional: false,
            computed: false,
            sensitive: false,
            write_only: false,
            default: None,
            keep: false,
            replace: false,
            one_of: &[],
            deprecated: None,
        }
    }
}

/// The schema of one type, provider configuration included.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Raised when stored state needs an upgrade.
    pub version: i64,
    /// Markdown for the registry page.
    pub description: &'static str,
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// Their type, as the wire needs it for each value.
    pub ty: Type,
}

impl Schema {
    /// A schema of these attributes.
    pub fn new(version: i64, description: &'static str, attributes: Vec<Attribute>) -> Self {
        let ty = object_type(&attributes);
        Self {
            version,
            description,
            attributes,
            ty,
        }
    }

    /// An object whose attributes are all null.
    pub fn null_object(&self) -> Value {
        Value::object(
            self.attributes
                .iter()
                .map(|attribute| (attribute.name, Value::Null)),
        )
    }
}

/// The object type of attributes.
pub fn object_type(attributes: &[Attribute]) -> Type {
    Type::Object(
        attributes
            .iter()
            .map(|attribute| (attribute.name.to_owned(), attribute.shape.ty()))
            .collect::<BTreeMap<_, _>>(),
    )
}
