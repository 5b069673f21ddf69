//! Core in miniature: runs one type through validate, plan, apply and refresh in core's order and with core's checks.
//!
//! For a provider's unit tests; what it cannot tell is what only the real commands can (see the framework's own tests).

mod core;
mod object;
mod proposed;

pub use self::core::{Finished, MiniCore, schema_problems};
pub use object::{Change, Object, Planned};

#[cfg(test)]
mod tests;
