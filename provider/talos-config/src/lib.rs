//! Talos secrets, machine configuration, patches and schematics as pure functions.

pub mod contract;
pub mod document;
pub mod generate;
pub mod kubeconfig;
pub mod merge;
pub mod pki;
pub mod random;
mod scalar;
pub mod schematic;
pub mod secrets;
pub mod tables;
pub mod talosconfig;
pub mod diff;
pub mod ownership;
pub mod redact;
pub mod validate;
pub mod yaml;
