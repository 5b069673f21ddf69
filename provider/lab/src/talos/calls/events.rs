//! Events: what came to pass with a machine, and what does.

use std::collections::VecDeque;

use futures::stream;
use prost::Message as _;
use proto_talos::machine as api;
use tonic::Status;

use super::{gone, look};
use crate::talos::api::{Reply, stream as answer};
use crate::talos::fleet::Fleet;
use crate::talos::machine::{Key, Told, What};

struct Follow {
    key: Key,
    /// The start of the machine that it follows.
    start: u64,
    actor: String,
    /// The number of the last event that was sent.
    seen: u64,
    waiting: VecDeque<api::Event>,
}

pub(crate) fn follow(
    fleet: &Fleet,
    key: &Key,
    request: &api::EventsRequest,
) -> Result<Reply, Status> {
    let (start, last) = look(fleet, key, |_, machine, run| {
        let last = run.events.last().map_or(0, |told| told.number);
        (machine.starts, last)
    })?;
    let tail = u64::try_from(request.tail_events);
    let follow = Follow {
        key: key.clone(),
        start,
        actor: request.with_actor_id.clone(),
        // A negative number asks for all of them.
        seen: tail.map_or(0, |tail| last.saturating_sub(tail)),
        // The first one is empty: it says that the stream stands.
        waiting: [hello()].into(),
    };
    let mut changes = fleet.changes();
    let fleet = fleet.shared();
    let events = stream::unfold(Some(follow), move |follow| {
        let fleet = fleet.clone();
        let mut own = changes.clone();
        changes.mark_unchanged();
        async move {
            let mut follow = follow?;
            loop {
                if let Some(event) = follow.waiting.pop_front() {
                    return Some((Ok(event), Some(follow)));
                }
                if follow.catch_up(&*fleet.upgrade()?).is_none() {
                    return Some((Err(gone()), None));
                }
                if follow.waiting.is_empty() && own.changed().await.is_err() {
                    return None;
                }
            }
        }
    });
    Ok(answer(events))
}

/// An event of nothing.
fn hello() -> api::Event {
    api::Event {
        data: Some(prost_types::Any::default()),
        ..api::Event::default()
    }
}

impl Follow {
    /// Takes what came to pass; none where the machine is gone.
    fn catch_up(&mut self, fleet: &Fleet) -> Option<()> {
        let events = look(fleet, &self.key, |_, machine, run| {
            (machine.starts == self.start).then(|| run.events.clone())
        });
        let events = events.ok()??;
        let new: Vec<Told> = events
            .into_iter()
            .filter(|told| told.number > self.seen)
            .collect();
        self.seen = new.last().map_or(self.seen, |told| told.number);
        let meant = new
            .iter()
            .filter(|told| self.actor.is_empty() || told.actor == self.actor);
        self.waiting.extend(meant.map(event));
        Some(())
    }
}

fn event(told: &Told) -> api::Event {
    let (name, value) = match &told.what {
        What::Sequence(sequence, begins) => {
            let event = api::SequenceEvent {
                sequence: (*sequence).to_owned(),
                action: if *begins { 1 } else { 2 },
                error: None,
            };
            ("SequenceEvent", event.encode_to_vec())
        }
        What::Task(task) => {
            let event = api::TaskEvent {
                task: (*task).to_owned(),
                action: 0,
            };
            ("TaskEvent", event.encode_to_vec())
        }
        What::Stage(stage, ready) => {
            let event = api::MachineStatusEvent {
                stage: stage.number(),
                status: Some(api::machine_status_event::MachineStatus {
                    ready: *ready,
                    unmet_conditions: Vec::new(),
                }),
            };
            ("MachineStatusEvent", event.encode_to_vec())
        }
    };
    api::Event {
        metadata: None,
        data: Some(prost_types::Any {
            type_url: format!("talos/runtime/machine.{name}"),
            value,
        }),
        id: format!("{:020}", told.number),
        actor_id: told.actor.clone(),
    }
}
