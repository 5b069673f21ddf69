//! A machine configuration: its documents, read strictly and written as Talos writes them.

mod canon;
mod check;
mod config;
mod decode;
mod error;
mod load;
mod path;
mod suggest;

pub use config::{Config, Document};
pub use error::LoadError;
pub use path::{PathError, Step};

pub(crate) use canon::canonical;
pub(crate) use load::{Loaded, decode_document, identify};
pub(crate) use path::path_text;

/// Name of the document that has no `kind`.
pub const MAIN: &str = "v1alpha1";

#[cfg(test)]
mod tests;
