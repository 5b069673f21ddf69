use crate::yaml::{Map, Value};

/// A place in a configuration that may be empty; asking an empty place gives empty answers.
#[derive(Clone, Copy)]
pub(super) enum View<'a> {
    Nothing,
    Map(&'a Map),
    Value(&'a Value),
}

impl<'a> View<'a> {
    pub fn of_map(map: &'a Map) -> Self {
        Self::Map(map)
    }

    pub fn of(value: Option<&'a Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Nothing,
            Some(Value::Map(map)) => Self::Map(map),
            Some(value) => Self::Value(value),
        }
    }

    /// The place at a path of plain keys, separated by dots.
    pub fn at(self, path: &str) -> Self {
        path.split('.').fold(self, |view, key| match view {
            Self::Map(map) => Self::of(map.get(key)),
            _ => Self::Nothing,
        })
    }

    /// Something is there and is not null.
    pub fn is_set(self) -> bool {
        !matches!(self, Self::Nothing)
    }

    pub fn text(self) -> &'a str {
        match self {
            Self::Value(Value::Str(text)) => text,
            _ => "",
        }
    }

    pub fn flag(self) -> bool {
        matches!(self, Self::Value(Value::Bool(true)))
    }

    pub fn int(self) -> i128 {
        match self {
            Self::Value(Value::Int(number)) => *number,
            _ => 0,
        }
    }

    pub fn items(self) -> impl ExactSizeIterator<Item = View<'a>> + Clone {
        let items = match self {
            Self::Value(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().map(|item| View::of(Some(item)))
    }

    /// Entries of a mapping.
    pub fn entries(self) -> Vec<(&'a str, View<'a>)> {
        match self {
            Self::Map(map) => map
                .iter()
                .map(|(key, value)| (key, View::of(Some(value))))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Texts of a list.
    pub fn texts(self) -> impl Iterator<Item = &'a str> + Clone {
        self.items().map(View::text)
    }

    /// Number of items of a list.
    pub fn len(self) -> usize {
        self.items().len()
    }

    /// The value itself, for those that need more.
    pub fn value(self) -> Option<&'a Value> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}
