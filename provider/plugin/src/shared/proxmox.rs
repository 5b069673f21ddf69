//! Proxmox VE in operations: limits, and errors as diagnostics.

use std::time::Duration;

use framework::prelude::*;
use proxmox_client::{Client, Cx};
use tokio_util::sync::CancellationToken;

use super::access::Unusable;
use super::announce;
use super::left_behind::Undone;
use crate::provider::Data;

pub use super::placeholder::refuse_placeholder;

/// How long a refresh waits before it keeps what it knows.
pub const REFRESH: Duration = Duration::from_secs(8);
/// How long destroy tries to reach anybody.
pub const DESTROY: Duration = Duration::from_secs(15);

/// Limits that end with the operation.
pub fn during(remaining: Duration, token: &CancellationToken) -> Cx {
    Cx::new(remaining).with_cancel(token.clone())
}

/// The client, or what is wrong with the access, told at apply.
pub fn client(data: &Data, about: &str) -> Result<Client, Error> {
    data.proxmox
        .client()
        .map_err(|problem| problem.diagnostic(about).into())
}

/// An error for apply. `about` names the machine or the image.
pub fn error(about: &str, error: &proxmox_client::Error) -> Error {
    Error::new(summary(about, error), error.detail())
}

/// The same for destroy, which may leave behind what nobody answers for.
pub fn undone(about: &str, problem: &proxmox_client::Error) -> Undone {
    Undone::new(error(about, problem), problem.code.is_out_of_reach())
}

/// One line: code, name, meaning.
pub fn summary(about: &str, error: &proxmox_client::Error) -> String {
    format!(
        "{}: {about}: {}",
        error.code.as_str(),
        error.code.entry().meaning
    )
}

/// Tells a plan's reader of a placeholder in the access.
pub fn announce_placeholder(
    about: &str,
    access: Option<Result<(), Unusable>>,
) -> Option<(String, String)> {
    match access {
        Some(Err(Unusable::Placeholder(attribute))) => Some((
            announce::placeholder(about, attribute),
            "Proxmox VE is not known yet. Apply refuses it.".to_owned(),
        )),
        _ => None,
    }
}

/// Summary of a refresh that saw nothing.
pub fn kept(about: &str, error: &proxmox_client::Error) -> String {
    format!(
        "TS-REFRESH-KEPT: {about}: {} ({})",
        error.code.entry().meaning,
        error.code.as_str()
    )
}
