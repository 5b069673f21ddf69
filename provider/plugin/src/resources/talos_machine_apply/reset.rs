//! Wipes a machine, and sees it through.

use std::time::Duration;

use client_core::Backoff;
use framework::prelude::*;
use talos_client::{Code, ResetRequest, Sent};
use tokio::time::Instant;

use super::TalosMachineApply;
use super::model::MachineApply;
use crate::shared::calls;
use crate::shared::machine::Observed;
use crate::shared::node::Node;
use crate::shared::quorum::Step;

/// Why a machine was not reset.
pub enum Failure {
    /// A call failed.
    Call(talos_client::Error),
    /// It was refused here, or not seen to happen.
    Refused(Error),
}

/// How long nobody must answer before a machine counts as gone: its API may be restarting.
const SILENT: Duration = Duration::from_secs(8);

/// The partition that holds the configuration and the machine's identity.
const STATE: &str = "STATE";

/// One control plane at a time: each reset changes who is needed for the quorum.
pub async fn reset(
    cx: &ApplyCx<TalosMachineApply>,
    node: &Node<'_>,
    state: &MachineApply,
    request: &ResetRequest,
) -> Result<(), Failure> {
    let limit = node.calls.capped(calls::DESTROY);
    let machine = node.look(&limit).await.map_err(Failure::Call)?;
    node.refuse_other(&state.machine_uuid, &machine)
        .map_err(Failure::Refused)?;
    let _alone = node.alone(cx, &machine).await.map_err(Failure::Refused)?;
    // Without a graceful leave it stays a member of etcd, and counts.
    let step = if request.graceful {
        Step::Leaves
    } else {
        Step::Away
    };
    node.guard(step, &machine).await.map_err(Failure::Refused)?;
    let lost = match machine.client.reset(&node.calls, request).await {
        Ok(_) => None,
        // It may have gone away while it answered, or never have been asked.
        Err(error) if error.sent == Sent::Maybe => Some(error),
        Err(error) => return Err(Failure::Call(error)),
    };
    let before = Before {
        machine: &machine,
        uuid: &state.machine_uuid,
        forgets: request.wipe_labels.is_empty()
            || request.wipe_labels.iter().any(|label| label == STATE),
    };
    match (wiped(cx, node, &before).await?, lost) {
        // A machine that nobody can reach was perhaps never asked.
        (Gone::Silent, Some(error)) => Err(Failure::Call(error)),
        _ => Ok(()),
    }
}

/// The machine as it was when the reset was asked for.
struct Before<'a> {
    machine: &'a Observed,
    uuid: &'a Field<String>,
    /// Whether the wipe takes its configuration and identity along.
    forgets: bool,
}

impl Before<'_> {
    /// Whether this is what a reset leaves.
    fn became(&self, machine: &Observed) -> bool {
        if machine.maintenance {
            return true;
        }
        if self.forgets {
            let (was, is) = (&self.machine.facts.node_id, &machine.facts.node_id);
            return is.is_some() && was.is_some() && was != is;
        }
        self.machine.boot().is_some() && machine.boot() != self.machine.boot()
    }
}

/// How a machine was seen to be gone.
enum Gone {
    /// It is there, and another one than it was.
    Changed,
    /// Nobody answers any more.
    Silent,
}

/// Looks until the machine is gone from what it was.
async fn wiped(
    cx: &ApplyCx<TalosMachineApply>,
    node: &Node<'_>,
    before: &Before<'_>,
) -> Result<Gone, Failure> {
    let patience = calls::refresh(node.access.endpoints.len());
    let backoff = Backoff::default();
    let mut silent: Option<Instant> = None;
    loop {
        let seen = match node.look(&node.calls.capped(patience)).await {
            Ok(machine) if before.became(&machine) => return Ok(Gone::Changed),
            // Somebody else has its address now.
            Ok(machine) if !machine.is(before.uuid) => {
                silent.get_or_insert_with(Instant::now);
                "another machine answers at its address".to_owned()
            }
            Ok(machine) => {
                silent = None;
                format!("it {}", machine.facts.status.stage.doing())
            }
            Err(error) if error.code == Code::NodeMaintenance => return Ok(Gone::Changed),
            Err(error) => {
                let is_silent = error.code == Code::NodeUnreachable;
                silent = is_silent.then(|| silent.unwrap_or_else(Instant::now));
                error.summary()
            }
        };
        if silent.is_some_and(|since| since.elapsed() >= SILENT) {
            return Ok(Gone::Silent);
        }
        cx.phase(format!("{}: waiting for the reset: {seen}", node.name));
        if !backoff.wait(cx.token()).await {
            return Err(Failure::Refused(unseen(&node.name, &seen)));
        }
    }
}

fn unseen(node: &str, seen: &str) -> Error {
    Error::new(
        format!("TS-RESET-UNSEEN: {node}: the machine was not seen to be wiped"),
        format!(
            "The reset was asked for. Seen last: {seen}.\n\nState keeps the machine; destroy again. `talosctl dmesg` shows \
             what it is doing."
        ),
    )
}
