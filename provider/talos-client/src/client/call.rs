//! How a call is made: endpoints in turn, waiting where that is safe, never repeating what may have been carried out.

use std::future::Future;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prost::Message;
use tokio::time::{Instant, timeout};
use tonic::client::Grpc;
use tonic::metadata::AsciiMetadataValue;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use super::report::{Point, telling};
use super::{Client, Op, Tell};
use crate::cx::Cx;
use crate::dial::Connection;
use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result, Sent, status};
use crate::method::Effect;
use crate::wire::Wire;
use client_core::Backoff;

/// How long a call without effect may hang before it is tried anew.
const READ_LIMIT: Duration = Duration::from_secs(15);
/// Talos's own limit on messages.
const MESSAGE_LIMIT: usize = 32 << 20;

pub(crate) type Channel = Grpc<Wire>;

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
        let backoff = Backoff::default();
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
