//! The machines that are to be looked at.

use framework::prelude::*;
use talos_client::{Client, Identity, health};

use super::model::{Health, Machines};
use crate::provider::Data;
use crate::shared::access;

/// A machine that cannot be called with what the configuration says.
pub struct Unusable {
    /// Its name, or the attribute that concerns all machines.
    pub name: String,
    /// What is wrong.
    pub why: Why,
}

/// Why a machine cannot be called.
pub struct Why {
    /// One clause.
    pub reason: String,
    /// Because of a value that stands in for the output of a stage that has not run.
    pub placeholder: bool,
}

impl From<access::Unusable> for Why {
    fn from(problem: access::Unusable) -> Self {
        Self {
            reason: problem.reason(),
            placeholder: matches!(problem, access::Unusable::Placeholder(_)),
        }
    }
}

/// All machines, or why some cannot be called: then none is, because the answer would be incomplete anyway.
pub fn machines(data: &Data, model: &Health) -> Result<Vec<health::Node>, Vec<Unusable>> {
    let mut nodes = Vec::new();
    let mut unusable = Vec::new();
    let identity = identity(data, model)
        .map_err(|why| {
            unusable.push(Unusable {
                name: "all machines".to_owned(),
                why,
            })
        })
        .ok();
    for (group, control_plane) in [(&model.control_planes, true), (&model.workers, false)] {
        let empty = Machines::new();
        for (name, addresses) in group.get().unwrap_or(&empty) {
            match node(data, identity.as_ref(), name, addresses, control_plane) {
                Ok(node) => nodes.extend(node),
                Err(why) => unusable.push(Unusable {
                    name: name.clone(),
                    why,
                }),
            }
        }
    }
    if nodes.is_empty() && unusable.is_empty() {
        unusable.push(Unusable {
            name: "control_planes".to_owned(),
            why: Why {
                reason: "names no machine".to_owned(),
                placeholder: true,
            },
        });
    }
    if unusable.is_empty() {
        Ok(nodes)
    } else {
        Err(unusable)
    }
}

fn identity(data: &Data, model: &Health) -> Result<Identity, Why> {
    let identity = data.identity(&model.client_configuration)?;
    identity.ok_or_else(|| access::Unusable::Missing("client_configuration").into())
}

/// `None` where there is no identity, which concerns all machines and is told once.
fn node(
    data: &Data,
    identity: Option<&Identity>,
    name: &str,
    addresses: &Field<Vec<Field<String>>>,
    control_plane: bool,
) -> Result<Option<health::Node>, Why> {
    let endpoints = access::endpoints(addresses)?;
    let Some(identity) = identity else {
        return Ok(None);
    };
    let addresses = endpoints
        .iter()
        .map(|endpoint| endpoint.host().to_owned())
        .collect();
    let client = Client::builder(endpoints)
        .pool(&data.pool)
        .identity(identity.clone())
        .build()
        .map_err(|error| access::malformed("endpoints", &error))?;
    Ok(Some(health::Node {
        name: name.to_owned(),
        client,
        control_plane,
        addresses,
    }))
}
