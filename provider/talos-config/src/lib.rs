//! Talos secrets, machine configuration, patches and schematics as pure functions.

pub mod random;
pub mod secrets;
