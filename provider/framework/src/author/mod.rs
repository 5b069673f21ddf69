//! The traits that a provider's author implements.

mod data_source;
mod ephemeral;
mod function;
mod plan;
mod provider;
mod resource;

pub use data_source::DataSource;
pub use ephemeral::{Ephemeral, Opened, Renewed};
pub use function::{Function, FunctionError};
pub use plan::{Action, Plan, PlanCx};
pub use provider::{ConfigureCx, Provider, Registry};
pub use resource::{Identity, IdentityAttribute, Mover, Private, Read, Resource, Upgrader};

pub(crate) use plan::RawPlan;
