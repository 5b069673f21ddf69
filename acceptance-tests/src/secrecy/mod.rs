//! Whether a run keeps its secrets.
//!
//! * [`Capture`] keeps everything that a run tells: to people, to logs, to whoever lists processes.
//! * [`Scanner`] looks for secrets in it, in every form in which they travel.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

mod capture;
mod scanner;

pub use capture::Capture;
pub use scanner::{Scanner, attributes, secrets_in};
