//! Looks at every control plane, at the same time.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use talos_client::{Client, Code, Cx, Kind, Pool, Reach};

use super::decide::{Configured, Seen};
use crate::shared::access::Access;
use crate::shared::api_server::{self, ApiServer};

/// How long a machine may take to answer, and as long again to say everything: one that answers late is no silent one.
pub const LOOK: Duration = Duration::from_secs(5);

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
    let soon = cx.capped(LOOK);
    match talos_client::reach(&access.endpoints, access.identity.as_ref(), pool, &soon).await {
        Err(error) => Seen::Silent(error),
        Ok(Reach::Maintenance { .. }) => Seen::Maintenance,
        Ok(Reach::Configured { client, .. }) => configured(&client, &cx.capped(LOOK))
            .await
            .map_or_else(Seen::Silent, Seen::Configured),
    }
}

async fn configured(client: &Client, cx: &Cx) -> Result<Configured, talos_client::Error> {
    let (services, members, own, server, cluster, version, nodes) = tokio::join!(
        client.services(cx),
        client.etcd_members(cx, true),
        own_member(client, cx),
        ApiServer::of(client, cx),
        client.cluster_info(cx),
        kubernetes_version(client, cx),
        client.list(cx, &NODE_STATUS),
    );
    let mut services = services?.into_iter();
    let (etcd_state, etcd_message) = services
        .find(|service| service.id == "etcd")
        .map(|etcd| (etcd.state, etcd.message))
        .unwrap_or_default();
    let members = match members {
        Ok(members) => members,
        Err(error) if error.code == Code::EtcdDown => Vec::new(),
        Err(error) => return Err(error),
    };
    let etcd_data = members.is_empty() && has_etcd_data(client, cx).await?;
    // Without etcd there is none to ask.
    let server = if members.is_empty() { None } else { server? };
    let api_server = match server {
        Some(server) => server.is_ready().await,
        None => false,
    };
    Ok(Configured {
        cluster_id: cluster?.map(|cluster| cluster.id),
        members,
        own_member: own?,
        etcd_data,
        etcd_state,
        etcd_message,
        api_server,
        kubernetes_version: version?,
        registered: !nodes?.is_empty(),
    })
}

/// Which etcd member the machine is, once its etcd runs.
const ETCD_MEMBER: Kind = Kind {
    namespace: "etcd",
    resource_type: "EtcdMembers.etcd.talos.dev",
};

async fn own_member(client: &Client, cx: &Cx) -> Result<Option<u64>, talos_client::Error> {
    let member = client.get(cx, &ETCD_MEMBER, "local").await?;
    Ok(member.and_then(|member| {
        let id = member.spec["memberID"].as_str()?;
        u64::from_str_radix(id, 16).ok()
    }))
}

/// A folder that etcd makes when it first runs.
const ETCD_DATA: &str = "/var/lib/etcd/member";

/// Whether etcd ran on the machine before. Who may not look may not bootstrap either.
async fn has_etcd_data(client: &Client, cx: &Cx) -> Result<bool, talos_client::Error> {
    match client.read_file(cx, ETCD_DATA, 0).await {
        Ok(_) => Ok(true),
        Err(error) if error.code == Code::NodeFailed && error.seen.contains("regular file") => {
            Ok(true)
        }
        Err(error) if matches!(error.code, Code::NodeNotFound | Code::NodeRole) => Ok(false),
        Err(error) => Err(error),
    }
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
