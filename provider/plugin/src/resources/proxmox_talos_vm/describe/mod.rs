//! What was seen, as attributes. Attributes that are not set stay so, except after an import, which fills in everything. Pure.

mod computed;
mod devices;
mod disks;
mod hardware;
mod read;
mod settings;

use framework::prelude::*;

pub use self::computed::{addresses, computed, install_disk, macs, unmanaged};
use self::devices::devices;
use self::hardware::hardware;
use self::settings::settings;
use super::model::TalosVm;
use super::sight::Sight;

/// Which attributes are filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that are set.
    Set,
    /// All: after an import.
    All,
}

impl Scope {
    /// A value that was seen, where it is wanted.
    pub fn seen<T: Clone>(self, set: &Field<T>, seen: Option<T>) -> Field<T> {
        match (self, set.is_null()) {
            (Self::Set, true) => Field::Null,
            _ => seen.into(),
        }
    }

    /// The same with a value that stands for absence.
    pub fn seen_or<T: Clone>(self, set: &Field<T>, seen: Option<T>, absent: T) -> Field<T> {
        match self {
            Self::Set => self.seen(set, Some(seen.unwrap_or(absent))),
            Self::All => seen.into(),
        }
    }
}

/// Fills in everything that can be set, and everything computed.
pub fn describe(model: &mut TalosVm, sight: &Sight, scope: Scope) {
    settings(model, sight, scope);
    hardware(model, sight, scope);
    devices(model, sight, scope);
    computed(model, sight);
}
