//! ServiceList.

use proto_talos::machine as api;
use tonic::Status;

use super::{look, timestamp};
use crate::talos::api::{Reply, one};
use crate::talos::fleet::Fleet;
use crate::talos::machine::{Key, Service};

pub(crate) fn list(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    let services = look(fleet, key, |_, _, run| {
        let services = run.services.iter();
        services
            .map(|(name, service)| told(name, service))
            .collect()
    })?;
    Ok(one(&api::ServiceListResponse {
        messages: vec![api::ServiceList {
            metadata: None,
            services,
        }],
    }))
}

fn told(name: &str, service: &Service) -> api::ServiceInfo {
    let events = service.events.iter().map(|event| api::ServiceEvent {
        msg: event.message.clone(),
        state: event.state.name().to_owned(),
        ts: Some(timestamp(event.time)),
    });
    let message = match service.healthy {
        Some(false) => "context deadline exceeded",
        _ => "",
    };
    api::ServiceInfo {
        id: name.to_owned(),
        state: service.state.name().to_owned(),
        events: Some(api::ServiceEvents {
            events: events.collect(),
        }),
        health: Some(api::ServiceHealth {
            unknown: service.healthy.is_none(),
            healthy: service.healthy == Some(true),
            last_message: message.to_owned(),
            last_change: Some(timestamp(service.changed)),
        }),
    }
}
