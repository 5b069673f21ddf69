//! Where a value sits inside another.

use std::fmt;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of an object.
    Attribute(String),
    /// A key of a map.
    Key(String),
    /// A position in a list or tuple.
    Index(i64),
}

/// A place, read as users write it: `disks["scsi0"].size`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The whole value.
    pub fn root() -> Self {
        Self::default()
    }

    /// A top-level attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self::root().attr(name)
    }

    /// One attribute deeper.
    #[must_use]
    pub fn attr(mut self, name: impl Into<String>) -> Self {
        self.0.push(Step::Attribute(name.into()));
        self
    }

    /// One map key deeper.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.0.push(Step::Key(key.into()));
        self
    }

    /// One list position deeper.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0
            .push(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)));
        self
    }

    /// This place seen from outside: `outer` first.
    #[must_use]
    pub fn under(mut self, outer: Step) -> Self {
        self.0.insert(0, outer);
        self
    }

    /// Whether this is the whole value.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

/// Dotted attribute names: `"on_destroy.reset"`.
impl From<&str> for Path {
    fn from(text: &str) -> Self {
        text.split('.')
            .filter(|name| !name.is_empty())
            .fold(Self::root(), Self::attr)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
