//! Waiting by watching: a resource's present state, then each change of it.

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
        let backoff = Backoff::default();
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
            let mut last = "nothing yet".to_owned();
            let error = match cx
                .bounded(follow(&mut stream, &mut until, &mut last, id))
                .await
            {
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
            let _ = cx.pause(backoff.next()).await;
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

/// Reads a watch until `until` is content or the watch breaks; `last` says what was seen.
async fn follow<T>(
    stream: &mut Watching,
    until: &mut (impl FnMut(Option<&Resource>) -> Option<T> + Send),
    last: &mut String,
    id: &str,
) -> Result<T, Status> {
    while let Some(answer) = stream.0.message().await? {
        for seen in states(answer)? {
            *last = match &seen {
                Some(resource) => resource.spec.to_string(),
                None => format!("no {id}"),
            };
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
