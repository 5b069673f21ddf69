use std::fmt;
use std::sync::OnceLock;

use super::read::read;
use super::types::Tables;
use crate::yaml::Dialect;

/// A release line of Talos: the documents it knows and how it treats them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(Known);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Known {
    V1_11,
    V1_12,
    V1_13,
    V1_14,
}

impl Line {
    /// Talos 1.11, which also stands for older ones.
    pub const V1_11: Self = Self(Known::V1_11);
    /// Talos 1.12.
    pub const V1_12: Self = Self(Known::V1_12);
    /// Talos 1.13.
    pub const V1_13: Self = Self(Known::V1_13);
    /// Talos 1.14.
    pub const V1_14: Self = Self(Known::V1_14);
    /// All known lines, the oldest first.
    pub const ALL: [Self; 4] = [Self::V1_11, Self::V1_12, Self::V1_13, Self::V1_14];
    /// The newest known line, which also stands for those that come after it.
    pub const NEWEST: Self = Self::V1_14;

    /// As in `v1.12`: 12.
    pub const fn minor(self) -> u32 {
        match self.0 {
            Known::V1_11 => 11,
            Known::V1_12 => 12,
            Known::V1_13 => 13,
            Known::V1_14 => 14,
        }
    }

    /// Whether this is at least the line of 1.`minor`.
    pub(crate) const fn from(self, minor: u32) -> bool {
        self.minor() >= minor
    }

    /// How the texts of this line are written.
    pub const fn dialect(self) -> Dialect {
        match self.0 {
            Known::V1_11 => Dialect::First,
            Known::V1_12 => Dialect::Second,
            Known::V1_13 => Dialect::Third,
            Known::V1_14 => Dialect::Fourth,
        }
    }

    pub(crate) fn tables(self) -> &'static Tables {
        static V1_11: OnceLock<Tables> = OnceLock::new();
        static V1_12: OnceLock<Tables> = OnceLock::new();
        static V1_13: OnceLock<Tables> = OnceLock::new();
        static V1_14: OnceLock<Tables> = OnceLock::new();
        let place = match self.0 {
            Known::V1_11 => &V1_11,
            Known::V1_12 => &V1_12,
            Known::V1_13 => &V1_13,
            Known::V1_14 => &V1_14,
        };
        // A table that does not read is caught by this module's tests; here it is empty.
        place.get_or_init(|| read(self.text()).unwrap_or_default())
    }

    /// The tables as text.
    pub(super) const fn text(self) -> &'static str {
        match self.0 {
            Known::V1_11 => include_str!("talos-1.11.txt"),
            Known::V1_12 => include_str!("talos-1.12.txt"),
            Known::V1_13 => include_str!("talos-1.13.txt"),
            Known::V1_14 => include_str!("talos-1.14.txt"),
        }
    }

    /// Names of the kinds of documents, `v1alpha1` first.
    pub fn kinds(self) -> impl Iterator<Item = &'static str> {
        self.tables().kinds.iter().map(|kind| kind.name.as_str())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}", self.minor())
    }
}
