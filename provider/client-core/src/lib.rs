//! What the clients of machines, Proxmox VE and Kubernetes have in common.
//!
//! * [`Cx`] are the limits of an operation, and [`Backoff`] the pauses while it waits for something.
//! * [`Error`] is a failure with a stable code, cause and cure; [`catalogue!`] makes a client's codes, [`page`] the
//!   documentation of them.
//!
//! What a code means, and which answer has which code, is the client's.

mod backoff;
mod catalogue;
mod cx;
mod error;
mod hex;
mod wording;

pub use backoff::Backoff;
pub use catalogue::{Catalogued, Entry, faults, page};
pub use cx::{Cx, Ended};
pub use error::{Error, Sent};
pub use hex::hex;
pub use wording::plain;
