//! One running operation: its context, its slot, its end.

mod context;
mod drive;
mod panics;
mod slot;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use context::{ApplyCx, Cx, DataCx, EphemeralCx, ReadCx, StopReason};
pub use slot::Slot;

pub(crate) use context::OpState;
pub(crate) use drive::{drive, guarded};
pub(crate) use panics::install_hook;
pub(crate) use slot::SlotContent;

use crate::cty::Value;
use crate::model::GoDuration;

/// A lock that a panic elsewhere does not take away: what it guards is only ever replaced whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long each kind of operation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationTimeouts {
    /// Creation.
    pub create: Duration,
    /// Refresh, import, reading a data source.
    pub read: Duration,
    /// Update.
    pub update: Duration,
    /// Destruction.
    pub delete: Duration,
}

impl OperationTimeouts {
    /// The same for all.
    pub const fn minutes(minutes: u64) -> Self {
        let each = Duration::from_secs(minutes * 60);
        Self {
            create: each,
            read: each,
            update: each,
            delete: each,
        }
    }

    /// These, with what the object's `timeouts` attribute says.
    pub(crate) fn configured(self, object: &Value) -> Self {
        let timeouts = object.get("timeouts");
        let read = |name: &str, default: Duration| match timeouts.get(name) {
            Value::String(text) => {
                GoDuration::parse(text).map_or(default, |duration| duration.value())
            }
            _ => default,
        };
        Self {
            create: read("create", self.create),
            read: read("read", self.read),
            update: read("update", self.update),
            delete: read("delete", self.delete),
        }
    }
}
