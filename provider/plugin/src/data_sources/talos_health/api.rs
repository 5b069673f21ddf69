//! The nodes as the Kubernetes API has them, asked with the credentials of the configuration.

use futures::future::join_all;
use kubernetes::{Client, Id, condition};
use serde_json::Value;
use talos_client::{Cx, health, kinds};

use super::kubernetes::{Registration, Status, findings, unanswered};
use super::machines::Unusable;
use super::model::Health;
use super::verdict::Finding;
use crate::provider::Data;

/// The Kubernetes API, and how long it may take.
pub struct Api {
    /// Connections with the configuration's credentials.
    pub client: Client,
    /// Limits of the look.
    pub calls: kubernetes::Cx,
}

/// The API that `kubernetes` gives access to; `None` where it is left out: the machines are asked then. Nobody is called yet.
pub async fn api(
    data: &Data,
    model: &Health,
    calls: &kubernetes::Cx,
) -> Result<Option<Api>, Unusable> {
    if model.kubernetes.is_null() {
        return Ok(None);
    }
    let client = data.kubernetes.client(&model.kubernetes).await;
    let client = client.map_err(|problem| Unusable {
        name: "kubernetes".to_owned(),
        why: problem.into(),
    })?;
    Ok(Some(Api {
        client,
        calls: calls.clone(),
    }))
}

/// Why the API gave no answer, on one line.
pub fn told(error: &kubernetes::Error) -> String {
    format!("{} ({}: {})", error.summary(), error.attempted, error.seen)
}

/// Three checks, as those of what the machines say.
pub async fn look(api: &Api, machines: &[health::Node], cx: &Cx) -> Vec<Finding> {
    let kind = Id::new("v1", "Node", "", "");
    let (list, names) = tokio::join!(
        api.client.list(&api.calls, &kind, ""),
        join_all(machines.iter().map(|machine| nodename(machine, cx)))
    );
    let list = match list {
        Ok(list) => list,
        Err(error) => return unanswered("kubernetes", &told(&error)),
    };
    let registrations = machines.iter().zip(names).map(|(machine, name)| {
        let node = node_of(&list, machine, name.as_deref().unwrap_or_default());
        Registration {
            machine: machine.name.clone(),
            status: match (node, name) {
                (Some(node), _) => Ok(status(node)),
                (None, Ok(_)) => Ok(Status::Absent),
                // Without the machine's own word nobody can say which node would be its.
                (None, Err(why)) => Err(why),
            },
        }
    });
    findings(&registrations.collect::<Vec<_>>())
}

/// Under which name a machine registers, as it says itself; empty where it has none yet.
async fn nodename(machine: &health::Node, cx: &Cx) -> Result<String, String> {
    let found = machine.client.get(cx, &kinds::NODENAME, "nodename").await;
    let found = found.map_err(|error| error.summary())?;
    let name = found.and_then(|found| Some(found.spec.get("nodename")?.as_str()?.to_owned()));
    Ok(name.unwrap_or_default())
}

/// The node of a machine: by its name, or by an address of both.
fn node_of<'a>(nodes: &'a [Value], machine: &health::Node, name: &str) -> Option<&'a Value> {
    let named = nodes.iter().find(|node| node["metadata"]["name"] == name);
    let shares = |node: &&Value| {
        let addresses = node["status"]["addresses"].as_array().into_iter().flatten();
        let mut addresses = addresses.filter_map(|address| address["address"].as_str());
        addresses.any(|address| machine.addresses.iter().any(|ours| ours == address))
    };
    named.or_else(|| nodes.iter().find(shares))
}

fn status(node: &Value) -> Status {
    Status::Node {
        ready: condition(node, "Ready").is_some_and(|ready| ready.is("True")),
        unschedulable: node["spec"]["unschedulable"] == true,
    }
}
