//! Waiting by watching: a resource's present state, then each change of it.

use std::time::Duration;

use proto_talos::cosi::resource::{EventType, WatchOptions, WatchRequest, WatchResponse};
use tokio::time::Instant;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

use super::state::{Kind, Resource};
use crate::client::{Client, Op, Tell};
use crate::cx::Cx;
use crate::error::{Code, Error, Result, status};
use crate::method;
use client_core::{Backoff, Ended};

/// Version of the watch protocol (cosi runtime: api/v1alpha1).
const API_VERSION: i32 = 1;

impl Client {
    /// Looks at a resource now and at each change, until `until` is content. `None` is told while it does not exist.
    ///
    /// Connects anew by itself when the machine restarts; `until` then sees the state again.
    ///
    /// # Errors
    /// What [`Cx`] does not wait out; at the deadline what was seen last.
    pub async fn watch_until<T>(
        &self,
        cx: &Cx,
        kind: &Kind,
        id: &str,
        mut until: impl FnMut(Option<&Resource>) -> Option<T> + Send,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut backoff = Backoff::default();
        let request = WatchRequest {
            namespace: kind.namespace.to_owned(),
            r#type: kind.resource_type.to_owned(),
            id: Some(id.to_owned()),
            // Talos falls over a request without options.
            options: Some(WatchOptions::default()),
            api_version: API_VERSION,
        };
        let op = Op::new(&method::STATE_WATCH, &request).on(format!("{}/{id}", kind.resource_type));
        let attempted = op.attempted(&self.place(self.endpoint()));
        loop {
            let mut stream = self.open(cx, &op, &request).await?;
            let mut last = None;
            let ended = cx
                .bounded(follow(&mut stream, &mut until, &mut last, id))
                .await;
            let delivered = last.is_some();
            let last = last.unwrap_or_else(|| "nothing yet".to_owned());
            let error = match ended {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(status)) => status::classify(op.method, &attempted, &status),
                Err(Ended::Cancelled) => {
                    return Err(Error::new(
                        Code::NodeCancelled,
                        attempted,
                        format!("stopped; seen last: {last}"),
                    ));
                }
                Err(Ended::Deadline) => {
                    let seen = format!("after {:.1} s: {last}", begun.elapsed().as_secs_f32());
                    return Err(Error::new(Code::NodeBooting, attempted, seen).caused_by(
                        "the machine answers but has not come to the state that is waited for",
                    ));
                }
            };
            if !cx.waits_out(&error) {
                return Err(error);
            }
            cx.tell(&error, begun.elapsed());
            // The next round's open says what came of it.
            let _ = cx.pause(after(&mut backoff, delivered)).await;
        }
    }

    async fn open(&self, cx: &Cx, op: &Op<'_>, request: &WatchRequest) -> Result<Watching> {
        self.call(cx, op, |mut channel| {
            let request = self.request(request.clone());
            let path = http::uri::PathAndQuery::from_static(op.method.path);
            async move {
                channel.ready().await?;
                let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
                Ok(Watching(
                    channel
                        .server_streaming(request?, path, codec)
                        .await?
                        .into_inner(),
                ))
            }
        })
        .await
    }
}

/// The pause after a watch that broke. Pauses grow while watches break before they say anything; one that did tells that the machine
/// was there, and the wait for its next one begins anew.
fn after(backoff: &mut Backoff, delivered: bool) -> Duration {
    if delivered {
        backoff.reset();
    }
    backoff.next()
}

/// Reads a watch until `until` is content or the watch breaks; `last` says what was seen.
async fn follow<T>(
    stream: &mut Watching,
    until: &mut (impl FnMut(Option<&Resource>) -> Option<T> + Send),
    last: &mut Option<String>,
    id: &str,
) -> Result<T, Status> {
    while let Some(answer) = stream.0.message().await? {
        for seen in states(answer)? {
            *last = Some(match &seen {
                Some(resource) => resource.spec.to_string(),
                None => format!("no {id}"),
            });
            if let Some(done) = until(seen.as_ref()) {
                return Ok(done);
            }
        }
    }
    Err(Status::unavailable("the machine ended the watch"))
}

struct Watching(Streaming<WatchResponse>);

impl Tell for Watching {
    fn tell(&self) -> String {
        "watching".to_owned()
    }
}

/// The states in an answer, in order; the first answer of a watch has none.
fn states(answer: WatchResponse) -> Result<Vec<Option<Resource>>, Status> {
    let mut states = Vec::new();
    for event in answer.event {
        match event.event_type() {
            EventType::Created | EventType::Updated => {
                states.push(event.resource.map(Resource::from_wire))
            }
            EventType::Destroyed => states.push(None),
            EventType::Errored => return Err(Status::unavailable(event.error.unwrap_or_default())),
            EventType::Bootstrapped | EventType::Noop => {}
        }
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_start_over_after_a_watch_that_told_something() {
        let mut backoff = Backoff::default();
        let shortest = after(&mut backoff, false);
        tokio::time::advance(Duration::from_secs(300)).await;
        assert!(after(&mut backoff, false) > shortest * 10);
        assert_eq!(after(&mut backoff, true), shortest);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(after(&mut backoff, false) > shortest * 10);
    }
}
