//! Talos secrets, machine configuration, patches and schematics as pure functions.
