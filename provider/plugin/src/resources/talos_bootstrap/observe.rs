//! Looks at every control plane, at the same time.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use talos_client::{Client, Code, Cx, Kind, Pool, Reach};

use super::decide::{Configured, Seen};
use crate::shared::access::Access;
use crate::shared::api_server;

/// How long one look at one machine may take.
const LOOK: Duration = Duration::from_secs(5);

/// One look at each of `machines`.
pub async fn observe(
    machines: &BTreeMap<String, Access>,
    pool: &Pool,
    cx: &Cx,
) -> BTreeMap<String, Seen> {
    let looks = machines
        .iter()
        .map(|(name, access)| async move { (name.clone(), look(access, pool, cx).await) });
    join_all(looks).await.into_iter().collect()
}

async fn look(access: &Access, pool: &Pool, cx: &Cx) -> Seen {
    let cx = cx.capped(LOOK);
    match talos_client::reach(&access.endpoints, access.identity.as_ref(), pool, &cx).await {
        Err(error) => Seen::Silent(error),
        Ok(Reach::Maintenance { .. }) => Seen::Maintenance,
        Ok(Reach::Configured { client, .. }) => configured(&client, &cx)
            .await
            .map_or_else(Seen::Silent, Seen::Configured),
    }
}

async fn configured(client: &Client, cx: &Cx) -> Result<Configured, talos_client::Error> {
    let services = client.services(cx).await?;
    let etcd_state = services
        .into_iter()
        .find(|service| service.id == "etcd")
        .map(|service| service.state)
        .unwrap_or_default();
    let members = match client.etcd_members(cx, true).await {
        Ok(members) => members,
        Err(error) if error.code == Code::EtcdDown => Vec::new(),
        Err(error) => return Err(error),
    };
    // Without etcd there is none to ask.
    let api_server = !members.is_empty() && api_server::is_ready(client, cx).await?;
    Ok(Configured {
        cluster_id: client.cluster_info(cx).await?.map(|cluster| cluster.id),
        members,
        etcd_state,
        api_server,
        kubernetes_version: kubernetes_version(client, cx).await?,
        registered: !client.list(cx, &NODE_STATUS).await?.is_empty(),
    })
}

/// Tag of the API server's image.
async fn kubernetes_version(
    client: &Client,
    cx: &Cx,
) -> Result<Option<String>, talos_client::Error> {
    let config = api_server::config(client, cx).await?;
    let image = config.and_then(|config| config["image"].as_str().map(str::to_owned));
    Ok(image.and_then(|image| Some(image.split('@').next()?.rsplit_once(':')?.1.to_owned())))
}

/// What Talos knows of the machine as a Kubernetes node.
const NODE_STATUS: Kind = Kind {
    namespace: "k8s",
    resource_type: "NodeStatuses.kubernetes.talos.dev",
};
