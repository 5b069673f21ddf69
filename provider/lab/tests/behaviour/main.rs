//! What the simulated cluster does, by its API alone. Each fact is one that was recorded with
//! PVE 9.2, or stands where the code says; these tests hold it without the recordings.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

mod access;
mod asked;
mod create;
mod disks;
mod hooks;
mod life;
mod power;
mod update;
mod world;
