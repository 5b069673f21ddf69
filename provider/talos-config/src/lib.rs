//! Talos secrets, machine configuration, patches and schematics as pure functions.

mod base64;
pub mod contract;
pub mod diff;
pub mod document;
pub mod generate;
pub mod kubeconfig;
pub mod merge;
pub mod ownership;
pub mod pki;
pub mod random;
pub mod redact;
mod scalar;
pub mod schematic;
pub mod secrets;
pub mod tables;
pub mod talosconfig;
pub mod validate;
pub mod version;
pub mod yaml;
