//! Talos secrets, machine configuration, patches and schematics as pure functions.

pub mod kubeconfig;
pub mod pki;
pub mod random;
pub mod schematic;
pub mod secrets;
pub mod talosconfig;
pub mod document;
mod scalar;
pub mod tables;
pub mod yaml;
