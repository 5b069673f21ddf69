//! Talos secrets, machine configuration, patches and schematics as pure functions.

pub mod pki;
pub mod random;
pub mod secrets;
pub mod yaml;
