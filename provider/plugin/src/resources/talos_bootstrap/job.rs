//! Everything an operation needs, checked once.

use std::collections::BTreeMap;
use std::time::Duration;

use framework::prelude::*;
use talos_client::Cx;
use tokio_util::sync::CancellationToken;

use super::decide::{self, Seen};
use super::model::{Bootstrap, WaitFor};
use super::plan;
use crate::provider::Data;
use crate::shared::access::{Access, Unusable};
use crate::shared::calls;

/// How many of something to wait for.
#[derive(Clone, Copy)]
pub enum Wanted {
    /// All control planes.
    All,
    /// That many.
    Count(usize),
}

impl Wanted {
    /// As in the configuration.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "all" | "true" => Some(Self::All),
            "false" => Some(Self::Count(0)),
            number => number.parse().ok().map(Self::Count),
        }
    }

    fn of(field: &Field<String>, default: Self) -> Self {
        field.as_str().and_then(Self::parse).unwrap_or(default)
    }

    fn number(self, all: usize) -> usize {
        match self {
            Self::All => all,
            Self::Count(count) => count,
        }
    }
}

/// Everything an operation needs, checked once.
pub struct Job {
    /// The provider.
    pub data: Data,
    /// How to reach each control plane.
    pub machines: BTreeMap<String, Access>,
    /// The cluster that they must belong to.
    pub cluster_id: Option<String>,
    /// The control plane to bootstrap.
    pub target: String,
    etcd_members: usize,
    api_server: bool,
    nodes_registered: usize,
    /// Deadline and cancellation.
    pub calls: Cx,
}

impl Job {
    /// As the model says; refused where something that it needs is a placeholder.
    pub fn new(
        model: &Bootstrap,
        data: &Data,
        remaining: Duration,
        token: &CancellationToken,
    ) -> Result<Self, Error> {
        let machines = machines(model, data)?;
        let first = machines.keys().next().cloned();
        let target = model.node.as_str().map(str::to_owned).or(first);
        let wait = model.wait_for.get();
        let field = |read: fn(&WaitFor) -> &Field<String>| wait.map_or(&Field::Null, read);
        Ok(Self {
            etcd_members: Wanted::of(field(|wait| &wait.etcd_members), Wanted::All)
                .number(machines.len()),
            nodes_registered: Wanted::of(field(|wait| &wait.nodes_registered), Wanted::Count(0))
                .number(machines.len()),
            api_server: wait.is_none_or(|wait| wait.api_server.get() != Some(&false)),
            cluster_id: model.cluster_id.as_str().map(str::to_owned),
            target: target
                .ok_or_else(|| Unusable::Placeholder("control_planes").diagnostic("the cluster"))?,
            data: data.clone(),
            machines,
            calls: calls::during(remaining, token),
        })
    }

    /// What of `wait_for` is missing, one clause each; empty when the cluster is ready.
    pub fn missing(&self, seen: &BTreeMap<String, Seen>) -> Vec<String> {
        let voters = decide::voters(seen);
        let servers = decide::configured(seen)
            .filter(|(_, machine)| machine.api_server)
            .count();
        let registered = decide::configured(seen)
            .filter(|(_, machine)| machine.registered)
            .count();
        let mut missing = Vec::new();
        if voters < self.etcd_members {
            missing.push(format!(
                "{voters} of {} etcd members vote",
                self.etcd_members
            ));
        }
        if self.api_server && servers == 0 {
            missing.push("no Kubernetes API server is ready".to_owned());
        }
        if registered < self.nodes_registered {
            missing.push(format!(
                "{registered} of {} machines are Kubernetes nodes",
                self.nodes_registered
            ));
        }
        missing
    }

    /// The same for an operation that builds the cluster: every API server that can be seen is wanted.
    pub fn missing_to_finish(&self, seen: &BTreeMap<String, Seen>) -> Vec<String> {
        let mut missing = self.missing(seen);
        let waiting: Vec<&str> = decide::configured(seen)
            .filter(|(_, machine)| self.api_server && !machine.api_server)
            .map(|(name, _)| name.as_str())
            .collect();
        if !waiting.is_empty() {
            missing.push(format!(
                "the API server of {} is not ready",
                waiting.join(", ")
            ));
        }
        missing
    }
}

fn machines(model: &Bootstrap, data: &Data) -> Result<BTreeMap<String, Access>, Error> {
    let planes = model
        .control_planes
        .get()
        .ok_or_else(|| Unusable::Placeholder("control_planes").diagnostic("the cluster"))?;
    let mut machines = BTreeMap::new();
    for (name, addresses) in planes {
        let access = data
            .access(addresses, &model.client_configuration)
            .map_err(|problem| plan::of_this_resource(problem).diagnostic(name))?;
        if access.identity.is_none() {
            return Err(Unusable::Missing("client_configuration")
                .diagnostic(name)
                .into());
        }
        machines.insert(name.clone(), access);
    }
    Ok(machines)
}
