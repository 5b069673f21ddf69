//! The stage that a machine is in.

use std::fmt;

use serde_json::Value;

use crate::calls::{Resource, kind};
use crate::client::Client;
use crate::cx::Cx;
use crate::error::{Code, Error, Result};
use crate::yaml;

/// Stage of a machine's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // Talos's own names
pub enum Stage {
    #[default]
    Unknown,
    Booting,
    Installing,
    Maintenance,
    Running,
    Rebooting,
    ShuttingDown,
    Resetting,
    Upgrading,
}

impl Stage {
    const ALL: [(Stage, &'static str); 9] = [
        (Stage::Unknown, "unknown"),
        (Stage::Booting, "booting"),
        (Stage::Installing, "installing"),
        (Stage::Maintenance, "maintenance"),
        (Stage::Running, "running"),
        (Stage::Rebooting, "rebooting"),
        (Stage::ShuttingDown, "shutting down"),
        (Stage::Resetting, "resetting"),
        (Stage::Upgrading, "upgrading"),
    ];

    /// Talos's name of the stage.
    pub fn as_str(self) -> &'static str {
        Stage::ALL[self as usize].1
    }

    /// What the machine is or does, to follow "the machine".
    pub fn doing(self) -> &'static str {
        match self {
            Stage::Unknown => "is in a stage that it does not tell",
            Stage::Booting => "is booting",
            Stage::Installing => "is installing",
            Stage::Maintenance => "is in maintenance mode",
            Stage::Running => "is running",
            Stage::Rebooting => "is rebooting",
            Stage::ShuttingDown => "is shutting down",
            Stage::Resetting => "is resetting",
            Stage::Upgrading => "is upgrading",
        }
    }

    fn parse(text: &str) -> Stage {
        Stage::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map_or(Stage::Unknown, |(stage, _)| *stage)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What keeps a machine from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetCondition {
    /// Such as `services`.
    pub name: String,
    /// Such as `kubelet not healthy`.
    pub reason: String,
}

/// The state of a machine as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineStatus {
    /// Stage.
    pub stage: Stage,
    /// Nothing is missing for this stage.
    pub ready: bool,
    /// What is missing.
    pub unmet: Vec<UnmetCondition>,
}

impl MachineStatus {
    /// Reads the resource `MachineStatuses.runtime.talos.dev/machine`.
    pub(crate) fn of(resource: &Resource) -> MachineStatus {
        let text = |value: &Value, key| yaml::text_at(value, &[key]).unwrap_or_default();
        let unmet =
            yaml::at(&resource.spec, &["status", "unmetConditions"]).and_then(Value::as_array);
        MachineStatus {
            stage: Stage::parse(&text(&resource.spec, "stage")),
            ready: resource.is_true(&["status", "ready"]),
            unmet: unmet
                .into_iter()
                .flatten()
                .map(|unmet| UnmetCondition {
                    name: text(unmet, "name"),
                    reason: text(unmet, "reason"),
                })
                .collect(),
        }
    }
}

impl fmt::Display for MachineStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {}",
            self.stage,
            if self.ready { "ready" } else { "not ready" }
        )?;
        for unmet in &self.unmet {
            write!(f, "; {}: {}", unmet.name, unmet.reason)?;
        }
        Ok(())
    }
}

const ID: &str = "machine";

impl Client {
    /// Stage, readiness, and what is missing. Answered in maintenance mode, too.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn machine_status(&self, cx: &Cx) -> Result<MachineStatus> {
        match self.get(cx, &kind::MACHINE_STATUS, ID).await? {
            Some(resource) => Ok(MachineStatus::of(&resource)),
            None => {
                let attempted = format!("reading the stage of {}", self.endpoint());
                Err(Error::new(
                    Code::NodeBooting,
                    attempted,
                    "the machine does not know its own stage yet",
                ))
            }
        }
    }

    /// Waits until the machine is in a state that `until` accepts; reboots and restarts of its API are waited out.
    ///
    /// With an identity, maintenance mode is waited out, too: after a first configuration the machine leaves it by itself.
    ///
    /// # Errors
    /// What waiting does not cure; at the deadline what was seen last.
    pub async fn wait_machine(
        &self,
        cx: &Cx,
        until: impl Fn(&MachineStatus) -> bool + Send + Sync,
    ) -> Result<MachineStatus> {
        let cx = cx.clone().patient_with(&[Code::NodeMaintenance]);
        self.watch_until(&cx, &kind::MACHINE_STATUS, ID, |resource| {
            resource
                .map(MachineStatus::of)
                .filter(|status| until(status))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_make_sentences() {
        for (stage, _) in Stage::ALL {
            assert!(stage.doing().starts_with("is "), "{stage}");
        }
        assert_eq!(Stage::Maintenance.doing(), "is in maintenance mode");
    }
}
