//! The calls by subject: each looks at the machine or changes it, and makes a message of that.

pub(crate) mod about;
pub(crate) mod apply;
pub(crate) mod credentials;
pub(crate) mod etcd;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod power;
pub(crate) mod services;
pub(crate) mod state;

use prost_types::Timestamp;
use tonic::Status;

use super::fleet::Fleet;
use super::life::Rack;
use super::machine::{Key, Machine, Run};

/// Looks at a machine that runs.
fn look<T>(
    fleet: &Fleet,
    key: &Key,
    work: impl FnOnce(&Rack, &Machine, &Run) -> T,
) -> Result<T, Status> {
    fleet.look(|rack| {
        let machine = rack.machine(key).ok_or_else(gone)?;
        let run = machine.run.as_ref().ok_or_else(gone)?;
        Ok(work(rack, machine, run))
    })
}

/// The machine went off while it was asked.
fn gone() -> Status {
    Status::unavailable("error reading from server: EOF")
}

/// A moment of the lab's clock.
fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp {
        seconds: milliseconds.div_euclid(1000),
        nanos: i32::try_from(milliseconds.rem_euclid(1000)).unwrap_or_default() * 1_000_000,
    }
}

/// Refuses what only control planes do (`checkControlplane`).
fn control_plane(fleet: &Fleet, key: &Key, call: &str) -> Result<(), Status> {
    match look(fleet, key, |_, _, run| run.control_plane())? {
        true => Ok(()),
        false => Err(Status::unimplemented(format!(
            "{call} is only available on control plane nodes"
        ))),
    }
}
