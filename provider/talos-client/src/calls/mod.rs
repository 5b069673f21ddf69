//! The calls by subject: each builds a request, and makes a plain value of the answer.

mod config;
mod etcd;
mod machine;
mod power;
mod state;
mod tell;
mod watch;

pub use config::{Applied, ApplyMode, ApplyRequest, ConfigId, MachineConfig, SecretText};
pub use etcd::{Bootstrap, EtcdMember, EtcdStatus};
pub use machine::{Service, Version};
pub use power::{RebootMode, ResetRequest};
pub use state::{Kind, Resource};

pub use state::kind;
