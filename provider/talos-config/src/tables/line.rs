use std::sync::OnceLock;

use super::read::read;
use super::types::Tables;

/// A release line of Talos: the documents it knows and how it treats them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line(Known);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Known {
    V1_12,
}

impl Line {
    /// Talos 1.12.
    pub const V1_12: Self = Self(Known::V1_12);

    pub(crate) fn tables(self) -> &'static Tables {
        static V1_12: OnceLock<Tables> = OnceLock::new();
        match self.0 {
            // A table that does not read is caught by this module's tests; here it is empty.
            Known::V1_12 => {
                V1_12.get_or_init(|| read(include_str!("talos-1.12.txt")).unwrap_or_default())
            }
        }
    }

    /// Names of the kinds of documents, `v1alpha1` first.
    pub fn kinds(self) -> impl Iterator<Item = &'static str> {
        self.tables().kinds.iter().map(|kind| kind.name.as_str())
    }
}
