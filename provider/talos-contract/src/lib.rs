//! What a Talos machine answers, as a list of exchanges that can be asked of any machine: real
//! ones, and the lab's.
//!
//! * [`suite`] is the list: who asks what, in which order, from maintenance mode to etcd.
//! * [`run`] asks a machine all of it; the answers are a [`Transcript`].
//! * [`Recording`] is the transcript of real machines that the repository keeps, with the list of
//!   differences that are meant to be.
//! * [`wire`] and [`Authority`] are a plain client, which shares nothing with the provider's.
//!
//! The bytes of answers become JSON by the contracts in `proto/talos`; what machines make up
//! (times, keys, identities) is replaced by the rules in [`normal`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a part of tests, which end by panicking"
)]

mod authority;
mod call;
mod exchange;
pub mod normal;
mod proto;
mod recording;
mod run;
mod site;
pub mod suite;
mod transcript;
pub mod wire;

pub use authority::Authority;
pub use exchange::{Exchange, Step, Who};
pub use recording::{Recording, Verdict};
pub use run::run;
pub use site::Site;
pub use transcript::{Answered, Transcript};
