//! A machine during one operation: observed, written to, waited for, with errors that name it.

use client_core::Backoff;
use framework::prelude::*;
use std::collections::BTreeMap;
use talos_client::{Code, Cx, Sent};
use talos_config::diff::diff;
use talos_config::document::Config;
use talos_config::ownership::{Effect, effect};
use talos_config::tables::Line;
use tokio::sync::OwnedMutexGuard;

use super::access::{Access, Unusable};
use super::change::{TextMap, listing};
use super::client_configuration::ClientConfiguration;
use super::machine::{self, Expected, Mode, Observed};
use super::machine_facts::MachineFacts;
use super::quorum::{self, Step};
use super::{calls, report};
use crate::provider::{Data, TalosStack};
use framework::operation::Cx as OperationCx;

/// The effect that takes a machine away for a while.
pub const REBOOT: &str = "reboot";

/// How to call a machine for as long as the operation lasts.
pub struct Node<'a> {
    /// Its name in messages.
    pub name: String,
    /// Its addresses and our identity.
    pub access: Access,
    /// The provider.
    pub data: &'a Data,
    /// Deadline and cancellation.
    pub calls: Cx,
}

/// A configuration to be written.
pub struct Write<'a> {
    /// The whole of it.
    pub text: &'a str,
    /// What the machine does about it.
    pub effect: &'a str,
    /// How it is written.
    pub mode: Mode,
    /// The attribute that it comes from.
    pub attribute: &'a str,
}

impl Write<'_> {
    /// What was reviewed as live must not become a reboot: then the machine may refuse.
    fn as_planned(&self) -> Mode {
        match (self.mode, self.effect) {
            (Mode::Auto, "live" | "service_restart" | "staged") => Mode::NoReboot,
            (mode, _) => mode,
        }
    }
}

impl<'a> Node<'a> {
    /// Fails on placeholders, on values that cannot be used, and without an identity: a configured machine wants one.
    pub fn new<V>(
        cx: &'a OperationCx<TalosStack, V>,
        name: &str,
        endpoints: &Field<Vec<Field<String>>>,
        client_configuration: &Field<ClientConfiguration>,
    ) -> Result<Self, Error> {
        let data = cx.provider();
        let access = data
            .access(endpoints, client_configuration)
            .map_err(|problem| problem.diagnostic(name))?;
        if access.identity.is_none() {
            return Err(Unusable::Missing("client_configuration")
                .diagnostic(name)
                .into());
        }
        Ok(Self {
            name: name.to_owned(),
            access,
            data,
            calls: calls::during(cx.remaining(), cx.token()),
        })
    }

    /// One look, waiting for the machine to answer.
    pub async fn observe(&self) -> Result<Observed, Error> {
        self.look(&self.calls)
            .await
            .map_err(|error| report::error(&self.name, &error))
    }

    /// One look with a limit of its own.
    pub async fn look(&self, calls: &Cx) -> Result<Observed, talos_client::Error> {
        machine::observe(&self.access, &self.data.pool, calls).await
    }

    /// The configuration that the machine holds.
    pub fn parse(&self, text: &str, line: Line) -> Result<Config, Error> {
        Config::load(text, line).map_err(|error| {
            Error::new(
                format!("TS-CONFIG-UNREADABLE: {}: the machine's own configuration cannot be read", self.name),
                format!("{error}\n\nNothing was changed. This provider may be older than the machine's Talos."),
            )
        })
    }

    /// What was reviewed is what is written: `planned` is what the plan showed, `touched` whether it planned a write.
    pub fn refuse_stale(
        &self,
        planned: &TextMap,
        touched: bool,
        writes: bool,
        changes: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let same = match planned.get().filter(|_| touched) {
            None => touched,
            Some(shown) => {
                shown.len() == changes.len()
                    && shown
                        .iter()
                        .all(|(path, line)| line.as_str() == changes.get(path).map(String::as_str))
            }
        };
        if same || !writes {
            return Ok(());
        }
        Err(Error::new(
            format!(
                "TS-PLAN-STALE: {}: the machine changed since the plan",
                self.name
            ),
            format!(
                "{}\n\nNothing was written. Plan again and review.",
                would_change(changes)
            ),
        ))
    }

    /// Writes, and says whether a voting member of etcd goes away with it. Where it is not certain that the write took
    /// effect it ends well: what the machine holds will tell.
    pub async fn write<V>(
        &self,
        cx: &OperationCx<TalosStack, V>,
        machine: &Observed,
        write: &Write<'_>,
    ) -> Result<bool, Error> {
        self.refuse_staged_reboot(machine, write)?;
        let voter_goes = write.effect == REBOOT && self.guard(Step::Away, machine).await?;
        cx.phase(format!("{}: writing the configuration", self.name));
        match machine::write(machine, write.text, write.as_planned(), &self.calls).await {
            Ok(warnings) => warnings.into_iter().for_each(|warning| {
                let summary = format!(
                    "TS-TALOS-WARNING: {}: Talos warns about the configuration",
                    self.name
                );
                cx.warn(summary, warning);
            }),
            Err(error) if error.sent == Sent::Maybe => {}
            Err(error) => return Err(machine::refused(&self.name, write.attribute, &error)),
        }
        Ok(voter_goes)
    }

    /// Waits until the machine's etcd votes again: whoever has the next turn counts on it.
    pub async fn rejoin<V>(
        &self,
        cx: &OperationCx<TalosStack, V>,
        machine: &Observed,
    ) -> Result<(), Error> {
        let backoff = Backoff::default();
        loop {
            let limit = self.calls.capped(calls::REFRESH);
            let error = match machine.client.etcd_status(&limit).await {
                Ok(status) if quorum::votes(&status) => return Ok(()),
                Ok(_) => None,
                // It came back as a worker.
                Err(error) if error.code == Code::EtcdNotControlPlane => return Ok(()),
                Err(error) if error.is_transient() || error.code == Code::EtcdDown => Some(error),
                Err(error) => return Err(report::error(&self.name, &error)),
            };
            cx.phase(format!("{}: its etcd is not back yet", self.name));
            if !backoff.wait(cx.token()).await {
                return match error {
                    Some(error) => Err(report::error(&self.name, &error)),
                    None => Ok(()),
                };
            }
        }
    }

    /// Refuses what would cost etcd its quorum; says whether the machine is a voting member.
    pub async fn guard(&self, step: Step, machine: &Observed) -> Result<bool, Error> {
        quorum::guard(
            step,
            &self.name,
            machine,
            &self.access,
            &self.data.pool,
            &self.calls,
        )
        .await
    }

    /// Waits for this machine's turn among those that share a name; the turn ends with the guard.
    pub async fn turn<V>(
        &self,
        cx: &OperationCx<TalosStack, V>,
        group: &str,
    ) -> Result<OwnedMutexGuard<()>, Error> {
        cx.phase(format!("{}: waiting for its turn", self.name));
        let turn = machine::turn(self.data.group(group), cx.token()).await;
        turn.ok_or_else(|| {
            Error::new(
                format!("TS-INTERRUPTED: {}: its turn did not come", self.name),
                "The operation ended while other machines were being changed, one at a time. Nothing was written; apply again, or raise \
                 `timeouts`: the waiting counts.",
            )
        })
    }

    /// The turn among the control planes of the cluster: whoever takes one away holds it. Workers need none.
    pub async fn alone<V>(
        &self,
        cx: &OperationCx<TalosStack, V>,
        machine: &Observed,
    ) -> Result<Option<OwnedMutexGuard<()>>, Error> {
        if machine.is_worker() {
            return Ok(None);
        }
        self.turn(cx, "one control plane of the cluster at a time")
            .await
            .map(Some)
    }

    /// Something staged takes effect with the next write; where it needs a reboot that would come as a surprise.
    fn refuse_staged_reboot(&self, machine: &Observed, write: &Write<'_>) -> Result<(), Error> {
        let (Some(live), Some(_)) = (&machine.live, &machine.staged) else {
            return Ok(());
        };
        if matches!(write.mode, Mode::Staged | Mode::Reboot) || write.effect == REBOOT {
            return Ok(());
        }
        let line = machine.line();
        let (live, wanted) = (
            self.parse(live.expose(), line)?,
            self.parse(write.text, line)?,
        );
        let changes = diff(&live, &wanted);
        if effect(&changes) != Effect::Reboot {
            return Ok(());
        }
        Err(Error::new(
            format!(
                "TS-STAGED: {}: a staged change that needs a reboot is pending",
                self.name
            ),
            format!(
                "Writing now would bring it about:\n{}\n\nReboot the machine first, or write with `mode = \"staged\"`.",
                listing(&changes.summary())
            ),
        ))
    }

    /// Refuses another machine than the one that state knows: an address may have moved.
    pub fn refuse_other(&self, uuid: &Field<String>, machine: &Observed) -> Result<(), Error> {
        if machine.is(uuid) {
            return Ok(());
        }
        Err(Error::new(
            format!(
                "TS-NODE-OTHER: {}: another machine answers at its address",
                self.name
            ),
            format!(
                "State knows the machine {}; {} is the machine {}. Nothing was changed.\n\nCorrect `endpoints`. If the machine \
                 was replaced on purpose, replace the resource: `-replace`, or remove it from state and apply.",
                uuid.text(),
                machine.endpoint,
                MachineFacts::of(machine).machine_uuid.text()
            ),
        ))
    }

    /// Waits until the machine is as written; where it answers with something else, that is what is returned.
    pub async fn settle<V>(
        &self,
        cx: &OperationCx<TalosStack, V>,
        expected: &Expected<'_>,
    ) -> Result<Observed, Error> {
        let phase = |phase: &str| cx.phase(format!("{}: {phase}", self.name));
        machine::settle(
            &self.access,
            &self.data.pool,
            expected,
            &self.calls,
            cx.token(),
            phase,
        )
        .await
        .map_err(|error| report::error(&self.name, &error))
    }

    /// The machine answers, with another configuration than the one written, or without one.
    pub fn not_held(&self, machine: &Observed) -> Error {
        if machine.maintenance {
            return Error::new(
                format!(
                    "TS-CONFIG-LOST: {}: the machine took the configuration and waits for one again",
                    self.name
                ),
                "It lost its power before the installation was done, or it starts from something else than the disk that it was installed on.\n\n\
                 Apply again: it is installed once more. If it comes back to this, correct its boot order.",
            );
        }
        Error::new(
            format!(
                "TS-CONFIG-NOT-HELD: {}: the machine does not hold what was written",
                self.name
            ),
            "It answers, with another configuration: somebody else wrote at the same time, or it went back by itself.\n\n\
             Plan again: the difference shows there.",
        )
    }
}

/// A write that changes no path is the first configuration.
fn would_change(changes: &BTreeMap<String, String>) -> String {
    if changes.is_empty() {
        return "Now it is in maintenance mode, and all of its configuration would be written."
            .to_owned();
    }
    format!("Now these paths would change:\n{}", listing(changes))
}
