//! Patches: strategic merge by the rules of a line's tables, `$patch: delete`, and JSON patches
//! where Talos takes them.

mod apply;
mod delete;
mod error;
mod free;
mod json;
mod keyed;
mod layers;
mod load;
mod locate;
mod origins;
mod select;
mod typed;

pub use error::PatchError;
pub use layers::{Layer, LayerError};
pub use load::Patch;

#[cfg(test)]
mod tests;
