//! The state API: Get, List and Watch (cosi-project/runtime, `pkg/state/protobuf/server`).

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream;
use proto_talos::cosi::resource as cosi;
use tonic::Status;

use super::gone;
use crate::talos::api::{Reply, Roles, stream as answer};
use crate::talos::cosi::{Access, Change, ChangeKind, access, definitions, fits};
use crate::talos::fleet::Fleet;
use crate::talos::machine::Key;

fn allowed(roles: &Roles, kind: &str, namespace: &str) -> Result<(), Status> {
    match access(kind, namespace, roles.admin()) {
        Access::Fine => Ok(()),
        Access::Sensitive => Err(Status::permission_denied("not authorized")),
        Access::UnknownKind => Err(Status::permission_denied(format!(
            "resource type \"{kind}\" is not supported"
        ))),
        Access::UnknownNamespace => Err(Status::permission_denied(format!(
            "namespace \"{namespace}\" is not supported"
        ))),
    }
}

/// All resources of a kind.
fn all(
    fleet: &Fleet,
    key: &Key,
    kind: &str,
    namespace: &str,
) -> Result<Vec<Arc<cosi::Resource>>, Status> {
    if namespace == "meta" {
        let defined = definitions().iter().filter(|resource| {
            let metadata = resource.metadata.as_ref();
            metadata.is_some_and(|metadata| metadata.r#type.eq_ignore_ascii_case(kind))
        });
        return Ok(defined.cloned().collect());
    }
    fleet.look(|rack| {
        let run = rack.run(key).ok_or_else(gone)?;
        Ok(run.store.list(kind, namespace))
    })
}

fn id_of(resource: &cosi::Resource) -> &str {
    resource
        .metadata
        .as_ref()
        .map_or("", |metadata| &metadata.id)
}

pub(crate) fn get(
    fleet: &Fleet,
    key: &Key,
    roles: &Roles,
    request: cosi::GetRequest,
) -> Result<cosi::GetResponse, Status> {
    let cosi::GetRequest {
        namespace,
        r#type,
        id,
        ..
    } = request;
    allowed(roles, &r#type, &namespace)?;
    let all = all(fleet, key, &r#type, &namespace)?;
    let found = all.into_iter().find(|resource| id_of(resource) == id);
    let resource = found.ok_or_else(|| {
        Status::not_found(format!(
            "resource {type}({namespace}/{id}@undefined) doesn't exist"
        ))
    })?;
    Ok(cosi::GetResponse {
        resource: Some(cosi::Resource::clone(&resource)),
    })
}

pub(crate) fn list(
    fleet: &Fleet,
    key: &Key,
    roles: &Roles,
    request: &cosi::ListRequest,
) -> Result<Reply, Status> {
    allowed(roles, &request.r#type, &request.namespace)?;
    let options = request.options.clone().unwrap_or_default();
    let mut found = all(fleet, key, &request.r#type, &request.namespace)?;
    found.retain(|one| fits(one, &options.label_query, options.id_query.as_ref()));
    let found = found.into_iter().map(|resource| {
        Ok(cosi::ListResponse {
            resource: Some(cosi::Resource::clone(&resource)),
        })
    });
    Ok(answer(stream::iter(found.collect::<Vec<_>>())))
}

/// A watch that goes on.
struct Watch {
    key: Key,
    kind: String,
    namespace: String,
    id: Option<String>,
    options: cosi::WatchOptions,
    /// The start of the machine that it is about.
    start: u64,
    /// The last change that it saw.
    seen: u64,
    waiting: VecDeque<cosi::WatchResponse>,
}

pub(crate) fn watch(
    fleet: &Fleet,
    key: &Key,
    roles: &Roles,
    request: cosi::WatchRequest,
) -> Result<Reply, Status> {
    allowed(roles, &request.r#type, &request.namespace)?;
    let mut watch = Watch {
        key: key.clone(),
        kind: request.r#type,
        namespace: request.namespace,
        id: request.id,
        options: request.options.unwrap_or_default(),
        start: 0,
        seen: 0,
        // The first answer says that the watch stands.
        waiting: [cosi::WatchResponse::default()].into(),
    };
    // Changes that come between these two lines are seen twice by nobody: they are newer.
    let mut changes = fleet.changes();
    (watch.start, watch.seen) = super::look(fleet, key, |_, machine, run| {
        (machine.starts, run.store.last())
    })?;
    watch.begin(all(fleet, key, &watch.kind, &watch.namespace)?);
    let fleet = fleet.shared();
    let events = stream::unfold(Some(watch), move |watch| {
        let fleet = fleet.clone();
        let mut own = changes.clone();
        changes.mark_unchanged();
        async move {
            let mut watch = watch?;
            loop {
                if let Some(event) = watch.waiting.pop_front() {
                    return Some((Ok(event), Some(watch)));
                }
                if watch.catch_up(&*fleet.upgrade()?).is_none() {
                    return Some((Err(gone()), None));
                }
                if watch.waiting.is_empty() && own.changed().await.is_err() {
                    return None;
                }
            }
        }
    });
    Ok(answer(events))
}

impl Watch {
    fn means(&self, resource: &cosi::Resource) -> bool {
        let metadata = resource.metadata.as_ref();
        let same = metadata.is_some_and(|metadata| {
            metadata.r#type.eq_ignore_ascii_case(&self.kind)
                && metadata.namespace == self.namespace
                && self.id.as_ref().is_none_or(|id| *id == metadata.id)
        });
        same && fits(
            resource,
            &self.options.label_query,
            self.options.id_query.as_ref(),
        )
    }

    /// What is there when the watch begins.
    fn begin(&mut self, all: Vec<Arc<cosi::Resource>>) {
        let there: Vec<_> = all.into_iter().filter(|one| self.means(one)).collect();
        let mut first: Vec<cosi::Event> = Vec::new();
        match &self.id {
            // One resource is told as it is, or as gone.
            Some(id) => first.push(match there.first() {
                Some(resource) => event(cosi::EventType::Created, resource),
                None => event(cosi::EventType::Destroyed, &self.tombstone(id)),
            }),
            None if self.options.bootstrap_contents => {
                let created = there.iter().map(|one| event(cosi::EventType::Created, one));
                first.extend(created);
                // It names the kind.
                first.push(event(cosi::EventType::Bootstrapped, &self.tombstone("")));
            }
            None => {}
        }
        self.put(first);
    }

    fn tombstone(&self, id: &str) -> cosi::Resource {
        cosi::Resource {
            metadata: Some(cosi::Metadata {
                namespace: self.namespace.clone(),
                r#type: self.kind.clone(),
                id: id.to_owned(),
                version: "undefined".to_owned(),
                phase: "running".to_owned(),
                // When it was made; nobody reads it.
                created: Some(prost_types::Timestamp::default()),
                updated: Some(prost_types::Timestamp::default()),
                ..cosi::Metadata::default()
            }),
            spec: Some(cosi::Spec::default()),
        }
    }

    /// Takes what changed; none where the machine is gone.
    fn catch_up(&mut self, fleet: &Fleet) -> Option<()> {
        let changes = super::look(fleet, &self.key, |_, machine, run| {
            (machine.starts == self.start).then(|| run.store.since(self.seen))
        });
        let changes = changes.ok()??;
        self.seen = changes.last().map_or(self.seen, |change| change.number);
        let meant = changes.iter().filter(|change| self.means(&change.resource));
        let events: Vec<cosi::Event> = meant.map(changed).collect();
        self.put(events);
        Some(())
    }

    /// An aggregated watch gets its events together.
    fn put(&mut self, events: Vec<cosi::Event>) {
        match self.options.aggregated {
            true if !events.is_empty() => {
                self.waiting
                    .push_back(cosi::WatchResponse { event: events });
            }
            true => {}
            false => self.waiting.extend(
                events
                    .into_iter()
                    .map(|event| cosi::WatchResponse { event: vec![event] }),
            ),
        }
    }
}

fn event(kind: cosi::EventType, resource: &cosi::Resource) -> cosi::Event {
    cosi::Event {
        event_type: i32::from(kind),
        resource: Some(resource.clone()),
        ..cosi::Event::default()
    }
}

fn changed(change: &Change) -> cosi::Event {
    let kind = match change.kind {
        ChangeKind::Created => cosi::EventType::Created,
        ChangeKind::Updated => cosi::EventType::Updated,
        ChangeKind::Destroyed => cosi::EventType::Destroyed,
    };
    cosi::Event {
        old: change.old.as_ref().map(|old| cosi::Resource::clone(old)),
        ..event(kind, &change.resource)
    }
}
