//! The machine configuration: applying it, and reading back what is there.

use std::time::Duration;

use proto_talos::machine::apply_configuration_request::Mode;
use proto_talos::machine::{ApplyConfigurationRequest, ApplyConfigurationResponse};
use serde_json::Value;
use zeroize::Zeroizing;

use super::state::{RawResource, kind};
use crate::client::{Client, Op, only};
use crate::cx::Cx;
use crate::error::{Code, Error, Result, without_values};
use crate::{method, yaml};

/// Set by Talos 1.12 and later on configurations whose YAML is a YAML text of its own.
const WRAPPED: &str = "talos.dev/yaml-spec";

/// How a configuration takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplyMode {
    /// At once where possible, otherwise by a reboot; the machine decides.
    #[default]
    Auto,
    /// At once, or refused.
    NoReboot,
    /// By a reboot.
    Reboot,
    /// From the next boot.
    Staged,
    /// At once, and reverted unless applied again in time.
    Try,
}

/// A configuration to apply.
#[derive(Clone, Copy)]
pub struct ApplyRequest<'a> {
    /// All documents as YAML; replaces what is there.
    pub data: &'a [u8],
    /// How it takes effect.
    pub mode: ApplyMode,
    /// Only check, and tell what would change.
    pub dry_run: bool,
    /// Time until [`ApplyMode::Try`] is reverted; the machine's default is one minute.
    pub try_timeout: Option<Duration>,
}

/// What the machine made of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Applied {
    /// The mode that took effect. Machines in maintenance mode do not tell it.
    pub mode: ApplyMode,
    /// The machine's words. Those of a dry run hold the difference with its secrets: redact them before they are shown.
    pub details: String,
    /// What the machine warns of.
    pub warnings: Vec<String>,
}

/// Which configuration to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigId {
    /// In force.
    Active,
    /// On disk: ahead of the active one when staged, behind it when tried.
    Persistent,
}

/// Text with secrets in it: no Debug, no Display, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A configuration as the machine has it.
#[derive(Clone, PartialEq, Eq)]
pub struct MachineConfig {
    /// All documents, byte for byte.
    pub text: SecretText,
    /// Changes with every change of the configuration.
    pub version: String,
}

impl Client {
    /// Applies a configuration. Needs the role os:admin, except in maintenance mode.
    ///
    /// # Errors
    /// `TS-CONFIG-REFUSED` with the machine's words, `TS-NODE-BUSY`, or any other of the taxonomy. With [`crate::Sent::Maybe`] read the
    /// configuration back before trying again.
    pub async fn apply_configuration(&self, cx: &Cx, apply: &ApplyRequest<'_>) -> Result<Applied> {
        let request = ApplyConfigurationRequest {
            data: apply.data.to_vec(),
            mode: to_wire(apply.mode).into(),
            dry_run: apply.dry_run,
            try_mode_timeout: apply.try_timeout.and_then(|time| time.try_into().ok()),
        };
        let op = Op::new(
            if apply.dry_run {
                &method::APPLY_DRY
            } else {
                &method::APPLY
            },
            &request,
        );
        let answer: ApplyConfigurationResponse = self.unary(cx, &op, &request).await?;
        let reply = only(&op, &self.place(self.endpoint()), answer.messages)?;
        Ok(Applied {
            mode: from_wire(reply.mode()),
            details: if apply.dry_run {
                reply.mode_details
            } else {
                without_values(&reply.mode_details)
            },
            warnings: reply.warnings,
        })
    }

    /// The configuration on the machine; `None` where it has none. Needs the role os:admin.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn machine_config(&self, cx: &Cx, id: ConfigId) -> Result<Option<MachineConfig>> {
        let id = match id {
            ConfigId::Active => "v1alpha1",
            ConfigId::Persistent => "persistent",
        };
        let Some(resource) = self.raw(cx, &kind::MACHINE_CONFIG, id).await? else {
            return Ok(None);
        };
        let version = resource.version().to_owned();
        match text(resource) {
            Some(text) => Ok(Some(MachineConfig {
                text: SecretText(Zeroizing::new(text)),
                version,
            })),
            None => {
                let attempted = format!("reading the configuration at {}", self.endpoint());
                Err(Error::new(
                    Code::NodeFailed,
                    attempted,
                    "a configuration in a form that is not known",
                ))
            }
        }
    }
}

fn text(resource: RawResource) -> Option<String> {
    if !resource.is_annotated(WRAPPED) {
        return Some(resource.into_yaml());
    }
    match yaml::parse(&resource.into_yaml())? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn to_wire(mode: ApplyMode) -> Mode {
    match mode {
        ApplyMode::Auto => Mode::Auto,
        ApplyMode::NoReboot => Mode::NoReboot,
        ApplyMode::Reboot => Mode::Reboot,
        ApplyMode::Staged => Mode::Staged,
        ApplyMode::Try => Mode::Try,
    }
}

fn from_wire(mode: Mode) -> ApplyMode {
    match mode {
        Mode::Auto => ApplyMode::Auto,
        Mode::NoReboot => ApplyMode::NoReboot,
        Mode::Reboot => ApplyMode::Reboot,
        Mode::Staged => ApplyMode::Staged,
        Mode::Try => ApplyMode::Try,
    }
}
