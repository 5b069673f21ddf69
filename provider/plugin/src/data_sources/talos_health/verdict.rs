//! From checks to attributes and texts. Pure.

use framework::prelude::*;
use talos_client::health::{Check, Level};

use super::machines::Unusable;
use super::model::{Health, HealthCheck};

/// Outcome of one check, wherever it was made.
pub struct Finding {
    /// Stable name.
    pub name: String,
    /// Passed on all machines.
    pub ok: bool,
    /// `OK`, or what is wrong, machine by machine.
    pub message: String,
    /// Machines on which it did not pass.
    pub nodes: Vec<String>,
}

impl Finding {
    /// A check from what each machine that failed it has to say.
    pub fn of(name: &str, failures: Vec<(String, String)>) -> Self {
        let told: Vec<_> = failures
            .iter()
            .map(|(machine, why)| format!("{machine}: {why}"))
            .collect();
        let message = if told.is_empty() {
            "OK".to_owned()
        } else {
            told.join("; ")
        };
        let nodes: Vec<_> = failures.into_iter().map(|(machine, _)| machine).collect();
        Self {
            name: name.to_owned(),
            ok: nodes.is_empty(),
            message,
            nodes,
        }
    }

    /// The finding that stands for a look that was not made.
    pub fn unusable(list: Vec<Unusable>) -> Self {
        Self::of(
            "inputs to be usable",
            list.into_iter()
                .map(|machine| (machine.name, machine.why.reason))
                .collect(),
        )
    }
}

impl From<Check> for Finding {
    fn from(check: Check) -> Self {
        Self {
            name: check.name.to_owned(),
            ok: check.ok,
            message: check.message,
            nodes: check.nodes,
        }
    }
}

/// How far beyond Talos a level looks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Beyond {
    /// Not at all.
    Talos,
    /// At the nodes.
    Kubernetes,
    /// At what Talos runs in Kubernetes, too.
    Cluster,
}

/// The Talos-side level of a level, and how far beyond it looks.
pub fn level(text: Option<&str>) -> (Level, Beyond) {
    match text {
        Some("node") => (Level::Node, Beyond::Talos),
        Some("etcd") => (Level::Etcd, Beyond::Talos),
        Some("control_plane") => (Level::ControlPlane, Beyond::Talos),
        Some("kubernetes") => (Level::ControlPlane, Beyond::Kubernetes),
        _ => (Level::ControlPlane, Beyond::Cluster),
    }
}

/// Fills the computed attributes; the text says what is wrong, if anything is.
pub fn describe(model: &mut Health, findings: Vec<Finding>) -> Option<String> {
    let wrong: Vec<_> = findings
        .iter()
        .filter(|finding| !finding.ok)
        .map(|finding| format!("- {}: {}", finding.name, finding.message))
        .collect();
    model.healthy = Field::Known(wrong.is_empty());
    model.checks = Field::Known(findings.into_iter().map(check).collect());
    (!wrong.is_empty()).then(|| wrong.join("\n"))
}

fn check(finding: Finding) -> (String, HealthCheck) {
    let check = HealthCheck {
        ok: Field::Known(finding.ok),
        message: finding.message.into(),
        nodes: Field::Known(finding.nodes.into_iter().map(Field::Known).collect()),
    };
    (finding.name, check)
}
