//! The Terraform plugin protocol with no infrastructure in it.
//!
//! A resource author writes a model (a struct with `#[derive(Model)]`), a pure plan function and the I/O; the rest is here:
//! process start and handshake, encoding, core's plan rules, deadlines, interruption, panics, logging, tests and documentation.

extern crate self as framework;

pub mod author;
pub mod cty;
pub mod diag;
pub mod docs;
mod erased;
mod host;
mod log;
pub mod model;
pub mod operation;
pub mod plan;
pub mod schema;
mod server;
pub mod testing;

pub use host::serve;
pub use serde;
pub use serde_json;

/// What authors import.
pub mod prelude {
    pub use crate::author::{
        Action, ConfigureCx, DataSource, Ephemeral, Function, FunctionError, Identity,
        IdentityAttribute, Mover, Opened, Plan, PlanCx, Provider, Read, Registry, Renewed,
        Resource, Upgrader,
    };
    pub use crate::cty::Path;
    pub use crate::diag::{Diagnostic, Diagnostics, Error, Severity};
    pub use crate::model::{
        Args, Dynamic, Field, GoDuration, Model, ReadTimeout, Secret, Timeouts,
    };
    pub use crate::operation::{
        ApplyCx, DataCx, EphemeralCx, OperationTimeouts, ReadCx, Slot, StopReason,
    };
    pub use framework_derive::{Args, Model};
}
