//! ApplyConfiguration, of a machine with a configuration and of one without.

use proto_talos::machine as api;
use proto_talos::machine::apply_configuration_request::Mode;
use tonic::Status;

use crate::talos::api::{Reply, one};
use crate::talos::config::{Refusal, check};
use crate::talos::fleet::Fleet;
use crate::talos::life::{Apply, ApplyMode};
use crate::talos::machine::Key;

/// How long a try lasts where nobody says (`ConfigTryTimeout`).
const TRY: i64 = 60_000;

pub(crate) fn apply(
    fleet: &Fleet,
    key: &Key,
    request: &api::ApplyConfigurationRequest,
) -> Result<Reply, Status> {
    let config = check(&request.data).map_err(|refusal| match refusal {
        Refusal::Unreadable(text) | Refusal::Invalid(text) => Status::invalid_argument(text),
    })?;
    if config.main().is_none() {
        return Err(Status::invalid_argument(
            "the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?",
        ));
    }
    let asked = Apply {
        mode: mode(request),
        dry_run: request.dry_run,
        config,
    };
    let applied = fleet.with(|rack| rack.apply(key, &asked));
    let applied = applied.map_err(Status::invalid_argument)?;
    Ok(answer(applied.mode, applied.details))
}

fn mode(request: &api::ApplyConfigurationRequest) -> ApplyMode {
    match request.mode() {
        Mode::Reboot => ApplyMode::Reboot,
        Mode::Auto => ApplyMode::Auto,
        Mode::NoReboot => ApplyMode::NoReboot,
        Mode::Staged => ApplyMode::Staged,
        Mode::Try => {
            let time = request
                .try_mode_timeout
                .map(|time| time.seconds * 1000 + i64::from(time.nanos) / 1_000_000);
            ApplyMode::Try(time.unwrap_or(TRY))
        }
    }
}

fn answer(mode: ApplyMode, mode_details: String) -> Reply {
    let mode = match mode {
        ApplyMode::Reboot => Mode::Reboot,
        ApplyMode::Auto => Mode::Auto,
        ApplyMode::NoReboot => Mode::NoReboot,
        ApplyMode::Staged => Mode::Staged,
        ApplyMode::Try(_) => Mode::Try,
    };
    one(&api::ApplyConfigurationResponse {
        messages: vec![api::ApplyConfiguration {
            metadata: None,
            warnings: Vec::new(),
            mode: i32::from(mode),
            mode_details,
        }],
    })
}

/// The first configuration (`internal/app/maintenance/server.go`).
pub(crate) fn first(
    fleet: &Fleet,
    key: &Key,
    request: &api::ApplyConfigurationRequest,
) -> Result<Reply, Status> {
    let mode = match request.mode() {
        Mode::NoReboot => Some("no-reboot"),
        Mode::Staged => Some("staged"),
        Mode::Reboot | Mode::Auto | Mode::Try => None,
    };
    if let Some(mode) = mode {
        return Err(Status::unimplemented(format!(
            "apply configuration --mode='{mode}' is not supported in maintenance mode"
        )));
    }
    let config = check(&request.data).map_err(|refusal| match refusal {
        Refusal::Unreadable(text) => Status::unknown(format!("failed to parse config: {text}")),
        Refusal::Invalid(text) => {
            Status::invalid_argument(format!("configuration validation failed: {text}"))
        }
    })?;
    let details = match request.dry_run {
        true => {
            "Dry run summary:\nNode is running in maintenance mode and does not have a config yet."
        }
        false => "",
    };
    // A configuration without the main document leaves the machine in maintenance mode.
    if !request.dry_run && config.main().is_some() {
        fleet.with(|rack| rack.configure(key, config));
    }
    // The message says nothing of a mode: zero, which is the name of a reboot.
    Ok(answer(ApplyMode::Reboot, details.to_owned()))
}
