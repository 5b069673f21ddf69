/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Null,
    Duration,
    Time,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Optional(Box<Type>),
    /// Something with known fields.
    Object(&'static [(&'static str, Kind)]),
    /// Anything.
    Dyn,
}

/// The types that fields of objects have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Uint,
    Text,
    Bytes,
    Texts,
    /// Something with fields of its own.
    Fields(&'static [(&'static str, Kind)]),
    Other,
}

impl Kind {
    pub fn ty(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Text => Type::Text,
            Self::Bytes => Type::Bytes,
            Self::Texts => Type::List(Box::new(Type::Text)),
            Self::Fields(fields) => Type::Object(fields),
            Self::Other => Type::Dyn,
        }
    }
}

impl Type {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Int => "an integer",
            Self::Uint => "an unsigned integer (write 5u)",
            Self::Double => "a decimal number (write 5.0)",
            Self::Text => "a text",
            Self::Bytes => "bytes",
            Self::Null => "null",
            Self::Duration => "a duration",
            Self::Time => "a timestamp",
            Self::List(_) => "a list",
            Self::Map(..) => "a mapping",
            Self::Optional(_) => "an optional value",
            Self::Object(_) => "an object",
            Self::Dyn => "anything",
        }
    }

    /// Whether a value of one type can stand where the other is expected.
    pub fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn, _) | (_, Self::Dyn) => true,
            (Self::Null, Self::Object(_) | Self::Duration | Self::Time | Self::Optional(_)) => true,
            (Self::Object(_) | Self::Duration | Self::Time | Self::Optional(_), Self::Null) => true,
            (Self::List(a), Self::List(b)) | (Self::Optional(a), Self::Optional(b)) => a.fits(b),
            (Self::Map(a, b), Self::Map(c, d)) => a.fits(c) && b.fits(d),
            (a, b) => a == b,
        }
    }

    /// The more definite of two types that fit.
    pub fn join(self, other: Self) -> Self {
        if self == Self::Dyn { other } else { self }
    }

    pub fn is_ordered(&self) -> bool {
        !matches!(
            self,
            Self::Null | Self::List(_) | Self::Map(..) | Self::Optional(_) | Self::Object(_)
        )
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double | Self::Dyn)
    }
}
