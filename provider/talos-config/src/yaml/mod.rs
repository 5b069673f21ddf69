//! YAML as Talos reads and writes it: a parser that keeps positions, the plain tree that the rest
//! of the crate works on, and an emitter whose output equals that of the YAML library in Talos.

mod budget;
mod characters;
mod dialect;
mod emit;
mod entries;
mod free;
mod index;
mod node;
mod number;
mod order;
mod parse;
pub(crate) mod path;
mod quiet;
mod resolve;
mod spans;
mod style;
mod timestamp;
mod value;

pub use dialect::Dialect;
pub use emit::{emit, emit_as};
pub use order::{compare_keys, sort_keys};
pub use parse::{ParseError, parse};
pub use path::{PathError, Step};
pub use value::{Map, Value};

pub(crate) use budget::Budget;
pub(crate) use characters::text;
pub(crate) use entries::{Entry, Keys, entries, is_merge, name_of};
pub(crate) use free::{free, to_value};
pub(crate) use node::{Node, NodeKind, Scalar};
pub(crate) use parse::{MAX_DEPTH, parse_nodes};
pub(crate) use resolve::{Resolved, resolve};
pub(crate) use spans::{Spanned, SpannedKind, spans};
pub(crate) use style::reads_as_text_today;

#[cfg(test)]
pub(crate) use index::comparisons;
#[cfg(test)]
mod tests;
