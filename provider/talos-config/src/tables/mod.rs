//! What each line of Talos knows: kinds of documents, their fields in the order of output, types,
//! and the rules by which they are left out, merged and kept secret.
//!
//! The tables are text files next to this module, written by `acceptance-tests/oracle tables`
//! from the official machinery of that line. A new line is a new file and an entry in `Line`.

mod line;
mod read;
mod secret;
mod types;

pub use line::Line;
pub(crate) use types::{EnumType, Field, Kind, ListKey, Rules, StructType, Tables, Type};

#[cfg(test)]
mod tests;
