//! How a call is made: endpoints in turn, waiting where that is safe, never repeating what may have been carried out.

use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prost::Message;
use tokio::time::{Instant, timeout};
use tonic::client::Grpc;
use tonic::metadata::AsciiMetadataValue;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use super::{Client, Op, Tell};
use crate::cx::{Backoff, Cx, Ended};
use crate::dial::Connection;
use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result, Sent, status};
use crate::facts::Stage;
use crate::method::{self, Effect};
use crate::recorder::Exchange;
use crate::tls::Credentials;
use crate::wire::Wire;

/// How long a call without effect may hang before it is tried anew.
const READ_LIMIT: Duration = Duration::from_secs(15);
/// Talos's own limit on messages.
const MESSAGE_LIMIT: usize = 32 << 20;

pub(crate) type Channel = Grpc<Wire>;

/// How far an operation has come, for the error that says that its time ran out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Point {
    Dialling,
    Asked,
    /// A call with an effect is under way.
    Acting,
}

type Track = std::sync::Mutex<Point>;

fn mark(track: &Track, point: Point) {
    *track.lock().unwrap_or_else(PoisonError::into_inner) = point;
}

impl Client {
    /// A call with one request and one answer.
    pub(crate) async fn unary<Q, A>(&self, cx: &Cx, op: &Op<'_>, request: &Q) -> Result<A>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + Tell + 'static,
    {
        self.call(cx, op, |mut channel: Channel| {
            let request = self.request(request.clone());
            let path = http::uri::PathAndQuery::from_static(op.method.path);
            async move {
                channel.ready().await?;
                Ok(channel
                    .unary(request?, path, ProstCodec::<Q, A>::default())
                    .await?
                    .into_inner())
            }
        })
        .await
    }

    /// Makes an operation happen, or says why not.
    pub(crate) async fn call<T, F, R>(&self, cx: &Cx, op: &Op<'_>, send: F) -> Result<T>
    where
        T: Tell,
        F: Fn(Channel) -> R + Send + Sync,
        R: Future<Output = Result<T, Status>> + Send,
    {
        let begun = Instant::now();
        let mut backoff = Backoff::new();
        let mut last = None;
        loop {
            let track = Track::new(Point::Dialling);
            // On the heap: callers run many calls side by side in one task.
            let round = Box::pin(self.round(op, &send, &track));
            let error = match cx.bounded(round).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(ended) => {
                    return Err(self.ended(
                        op,
                        ended,
                        last,
                        begun,
                        track.into_inner().unwrap_or_else(PoisonError::into_inner),
                    ));
                }
            };
            if !cx.waits_out(&error) || error.sent == Sent::Maybe {
                return Err(error);
            }
            cx.tell(&error, begun.elapsed());
            last = Some(error);
            if let Err(ended) = cx.pause(backoff.next()).await {
                return Err(self.ended(op, ended, last, begun, Point::Dialling));
            }
        }
    }

    /// Fingerprint (base64 SHA-256 of the public key) of the certificate that the machine presents.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn fingerprint(&self, cx: &Cx) -> Result<String> {
        let op = Op::new(&method::STATE_GET, &());
        let begun = Instant::now();
        let dial = self
            .0
            .pool
            .connection(self.endpoint(), &self.0.credentials, self.0.patience);
        match cx.bounded(dial).await {
            Ok(connection) => Ok(connection?.peer.fingerprint.clone()),
            Err(ended) => Err(self.ended(&op, ended, None, begun, Point::Dialling)),
        }
    }

    /// The request with its routing header.
    pub(crate) fn request<Q>(&self, message: Q) -> Result<Request<Q>, Status> {
        let mut request = Request::new(message);
        if let Some(node) = &self.0.node {
            let value = AsciiMetadataValue::try_from(node.as_str()).map_err(|_| {
                Status::invalid_argument("the node's address holds characters that no address has")
            })?;
            request.metadata_mut().insert("node", value);
        }
        Ok(request)
    }

    /// Where the calls go, for people.
    pub(crate) fn place(&self, endpoint: &Endpoint) -> String {
        match &self.0.node {
            Some(node) => format!("{endpoint} for node {node}"),
            None => endpoint.to_string(),
        }
    }

    /// Each endpoint once, beginning with the one that answered last.
    async fn round<T, F, R>(&self, op: &Op<'_>, send: &F, track: &Track) -> Result<T>
    where
        T: Tell,
        F: Fn(Channel) -> R + Send + Sync,
        R: Future<Output = Result<T, Status>> + Send,
    {
        let count = self.0.endpoints.len();
        let first = self.0.preferred.load(Ordering::Relaxed);
        let mut errors = Vec::new();
        for index in (0..count).map(|step| (first + step) % count) {
            let endpoint = &self.0.endpoints[index];
            let connection = match self
                .0
                .pool
                .connection(endpoint, &self.0.credentials, self.0.patience)
                .await
            {
                Ok(connection) => connection,
                Err(error) => {
                    let mut error = self.look_closer(endpoint, error).await;
                    error.attempted = op.attempted(&self.place(endpoint));
                    errors.push((endpoint.to_string(), error));
                    continue;
                }
            };
            match self.exchange(op, endpoint, &connection, send, track).await {
                Ok(answer) => {
                    self.0.preferred.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) if error.is_transient() && error.sent != Sent::Maybe => {
                    errors.push((endpoint.to_string(), error))
                }
                Err(error) => return Err(error),
            }
        }
        Err(telling(errors))
    }

    /// A certificate that is not of our cluster may be that of maintenance mode: its looks are not the same in all versions of Talos.
    async fn look_closer(&self, endpoint: &Endpoint, error: Error) -> Error {
        if error.code == Code::NodeWrongCa
            && in_maintenance(endpoint.clone(), self.0.patience).await
        {
            return Error::new(
                Code::NodeMaintenance,
                error.attempted,
                "it says that it is in maintenance mode",
            );
        }
        error
    }

    async fn exchange<T, F, R>(
        &self,
        op: &Op<'_>,
        endpoint: &Endpoint,
        connection: &Connection,
        send: &F,
        track: &Track,
    ) -> Result<T>
    where
        T: Tell,
        F: Fn(Channel) -> R,
        R: Future<Output = Result<T, Status>>,
    {
        let begun = Instant::now();
        let channel = channel(endpoint, connection.wire.clone());
        mark(
            track,
            if op.method.effect == Effect::Write {
                Point::Acting
            } else {
                Point::Asked
            },
        );
        let outcome = match op.method.effect {
            Effect::Read => timeout(READ_LIMIT, send(channel)).await.ok(),
            Effect::Write => Some(send(channel).await),
        };
        mark(track, Point::Dialling);
        let attempted = op.attempted(&self.place(endpoint));
        let result = match outcome {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(status)) => {
                Err(self.with_roles(status::classify(op.method, &attempted, &status)))
            }
            None => Err(Error::new(
                Code::NodeTimeout,
                attempted,
                format!("no answer within {} s", READ_LIMIT.as_secs()),
            )),
        };
        if matches!(&result, Err(error) if error.is_transient()) {
            self.0
                .pool
                .forget(endpoint, &self.0.credentials, connection)
                .await;
        }
        self.record(op, endpoint, &result, begun.elapsed());
        result
    }

    /// Says which roles were too small.
    fn with_roles(&self, error: Error) -> Error {
        match &self.0.credentials {
            Credentials::Identity(identity) if error.code == Code::NodeRole => {
                let roles = identity.roles().join(", ");
                error.because(format!("the client certificate carries the roles {roles}, and the call needs a greater one"))
            }
            _ => error,
        }
    }

    fn record<T: Tell>(
        &self,
        op: &Op<'_>,
        endpoint: &Endpoint,
        result: &Result<T>,
        elapsed: Duration,
    ) {
        tracing::debug!(
            target: "talos_client", method = op.method.path, %endpoint,
            status = result.as_ref().err().map_or("ok", |error| error.code.as_str()), "called"
        );
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
    fn ended(
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

/// Asks without a certificate of our own. Boxed, because asking is what it is a part of.
fn in_maintenance(
    endpoint: Endpoint,
    patience: Duration,
) -> Pin<Box<dyn Future<Output = bool> + Send>> {
    Box::pin(async move {
        let Ok(client) = Client::builder(vec![endpoint])
            .connect_timeout(patience)
            .build()
        else {
            return false;
        };
        let status = client.machine_status(&Cx::new(patience)).await;
        status.is_ok_and(|status| status.stage == Stage::Maintenance)
    })
}

fn channel(endpoint: &Endpoint, wire: Wire) -> Channel {
    let authority = endpoint.to_string();
    let origin = http::Uri::builder()
        .scheme("https")
        .authority(authority)
        .path_and_query("/")
        .build()
        .unwrap_or_default();
    Grpc::with_origin(wire, origin)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT)
}

/// The error that tells most of those of a round: one that waiting does not cure, or else all in one.
fn telling(mut errors: Vec<(String, Error)>) -> Error {
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
