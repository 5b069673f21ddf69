//! Image Factory schematics: their canonical text, their id, and where their images are.

mod assets;
mod document;
mod place;
mod read;

pub use assets::{AssetError, Assets, installer_image};
pub use document::{EnrollKeys, Overlay, Schematic, SecureBoot};
pub use read::SchematicError;
