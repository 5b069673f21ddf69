//! A machine configuration: its documents, read strictly and written as Talos writes them.

mod canon;
mod check;
mod config;
mod decode;
mod error;
mod load;
mod suggest;

pub use crate::yaml::{PathError, Step};
pub use config::{Config, Document};
pub use error::LoadError;
pub use load::text;

pub(crate) use canon::canonical;
pub(crate) use load::{Loaded, WRONG_VERSION, decode_document, head_error, identify};
pub(crate) use suggest::nearest;

/// Name of the document that has no `kind`.
pub const MAIN: &str = "v1alpha1";

#[cfg(test)]
mod tests;
