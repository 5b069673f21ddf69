//! How calls ended: told to logs and recorders, or as the error of an operation.

use std::time::Duration;

use tokio::time::Instant;

use super::{Client, Op, Tell};
use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result, Sent};
use crate::method::Effect;
use crate::recorder::Exchange;
use crate::tls::Credentials;
use client_core::Ended;

/// How far an operation has come, for the error that says that its time ran out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    Dialling,
    Asked,
    /// A call with an effect is under way.
    Acting,
}

impl Client {
    /// Says which roles were too small.
    pub(super) fn with_roles(&self, error: Error) -> Error {
        match &self.0.credentials {
            Credentials::Identity(identity) if error.code == Code::NodeRole => {
                let roles = identity.roles().join(", ");
                error.caused_by(format!("the client certificate carries the roles {roles}, and the call needs a greater one"))
            }
            _ => error,
        }
    }

    /// Tells logs and recorders of an exchange.
    pub(super) fn record<T: Tell>(
        &self,
        op: &Op<'_>,
        endpoint: &Endpoint,
        result: &Result<T>,
        elapsed: Duration,
    ) {
        if tracing::enabled!(target: "talos_client", tracing::Level::DEBUG) {
            tracing::debug!(
                target: "talos_client", method = op.method.path, %endpoint, node = self.0.node.as_deref(),
                write = op.method.effect == Effect::Write, request = op.request.tell(),
                status = result.as_ref().err().map_or("ok", |error| error.code.as_str()), "called"
            );
        }
        let Some(recorder) = &self.0.recorder else {
            return;
        };
        let (status, response) = match result {
            Ok(answer) => ("ok", answer.tell()),
            Err(error) => (error.code.as_str(), error.seen.clone()),
        };
        recorder.record(Exchange {
            endpoint: endpoint.to_string(),
            node: self.0.node.clone(),
            method: op.method.path,
            write: op.method.effect == Effect::Write,
            request: op.request.tell(),
            status: status.to_owned(),
            response,
            elapsed,
        });
    }

    /// The error of an operation that ran out of time or was stopped.
    pub(super) fn ended(
        &self,
        op: &Op<'_>,
        ended: Ended,
        last: Option<Error>,
        begun: Instant,
        point: Point,
    ) -> Error {
        let sent = if point == Point::Acting {
            Sent::Maybe
        } else {
            Sent::Never
        };
        let waited = format!("{:.1} s", begun.elapsed().as_secs_f32());
        let attempted = op.attempted(&self.place(self.endpoint()));
        match (ended, last) {
            (Ended::Cancelled, None) => Error::new(
                Code::NodeCancelled,
                attempted,
                format!("stopped after {waited}"),
            )
            .sent(sent),
            (Ended::Cancelled, Some(last)) => Error::new(
                Code::NodeCancelled,
                attempted,
                format!("stopped after {waited}; before that: {}", last.seen),
            )
            .sent(sent),
            (Ended::Deadline, Some(mut last)) => {
                last.seen = format!("{} (tried for {waited})", last.seen);
                last.sent(sent)
            }
            (Ended::Deadline, None) => {
                let code = if point == Point::Dialling {
                    Code::NodeUnreachable
                } else {
                    Code::NodeTimeout
                };
                Error::new(code, attempted, format!("no answer within {waited}")).sent(sent)
            }
        }
    }
}

/// The error that tells most of those of a round: one that waiting does not cure, or else all in one.
pub(super) fn telling(mut errors: Vec<(String, Error)>) -> Error {
    if let Some(index) = errors.iter().position(|(_, error)| !error.is_transient()) {
        return errors.swap_remove(index).1;
    }
    let seen: Vec<_> = errors
        .iter()
        .map(|(endpoint, error)| format!("{endpoint}: {}", error.seen))
        .collect();
    match errors.into_iter().next() {
        Some((_, first)) if seen.len() == 1 => first,
        Some((_, first)) => Error {
            seen: seen.join("; "),
            ..first
        },
        None => Error::new(
            Code::ClientEndpoint,
            "calling a machine",
            "the list of endpoints is empty",
        ),
    }
}
