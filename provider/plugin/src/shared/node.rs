//! A machine during one operation: observed, written to, waited for, with errors that name it.

use framework::prelude::*;
use std::collections::BTreeMap;
use talos_client::{Cx, Sent};
use talos_config::document::Config;

use super::access::{Access, Unusable};
use super::change::{self, TextMap, listing};
use super::client_configuration::ClientConfiguration;
use super::machine::{self, Mode, Observed};
use super::{calls, quorum, report};
use crate::provider::{Data, TalosStack};
use framework::operation::Cx as OperationCx;

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
    pub fn parse(&self, text: &str) -> Result<Config, Error> {
        Config::load(text, change::line_of(None)).map_err(|error| {
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
                "Now these paths would change:\n{}\n\nNothing was written. Plan again and review.",
                listing(changes)
            ),
        ))
    }

    /// Writes. Where it is not certain that the write took effect it ends well: what the machine holds will tell.
    pub async fn write<V>(
        &self,
        cx: &OperationCx<TalosStack, V>,
        machine: &Observed,
        write: &Write<'_>,
    ) -> Result<(), Error> {
        if write.effect == "reboot" {
            quorum::guard(
                &self.name,
                machine,
                &self.access,
                &self.data.pool,
                &self.calls,
            )
            .await?;
        }
        cx.phase(format!("{}: writing the configuration", self.name));
        match machine::write(machine, write.text, write.mode, &self.calls).await {
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
        Ok(())
    }

    /// Waits until the machine holds `text`; where it answers with something else, that is what is returned.
    pub async fn settle<V>(
        &self,
        cx: &OperationCx<TalosStack, V>,
        text: &str,
    ) -> Result<Observed, Error> {
        let phase = |phase: &str| cx.phase(format!("{}: {phase}", self.name));
        machine::settle(
            &self.access,
            &self.data.pool,
            text,
            &self.calls,
            cx.token(),
            phase,
        )
        .await
        .map_err(|error| report::error(&self.name, &error))
    }

    /// The machine answers, with another configuration than the one written.
    pub fn not_held(&self) -> Error {
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
