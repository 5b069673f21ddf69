//! Starting, stopping and waiting.

use std::time::Duration;

use framework::prelude::*;
use proxmox_client::{Backoff, Client, Code, Cx, Error as PveError, Power, Result};
use tokio_util::sync::CancellationToken;

use super::model::TalosVm;

/// How long high availability may take to carry out an order.
const MANAGER: Duration = Duration::from_secs(180);
/// How long a guest may take to shut down unless somebody says otherwise.
const SHUTDOWN: Duration = Duration::from_secs(60);
/// How long a port is waited for unless somebody says otherwise.
const PORT: Duration = Duration::from_secs(600);
/// How long one knock at a port may take.
const KNOCK: Duration = Duration::from_secs(2);
/// Longest pause between two rounds of knocks.
const LONGEST: Duration = Duration::from_secs(3);

/// Starts a machine and sees it running. One that runs already is fine.
pub async fn start(client: &Client, cx: &Cx, node: &str, vmid: u32) -> Result<()> {
    order_start(client, cx, node, vmid).await?;
    started(client, cx, node, vmid).await
}

/// Orders a machine to start; high availability may carry that out later.
pub async fn order_start(client: &Client, cx: &Cx, node: &str, vmid: u32) -> Result<()> {
    match client.power(cx, node, vmid, Power::Start).await {
        Ok(_) => Ok(()),
        Err(error) if error.seen.contains("already running") => Ok(()),
        Err(error)
            if error.sent == proxmox_client::Sent::Maybe && error.code != Code::Cancelled =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Sees a machine running that was ordered to start.
pub async fn started(client: &Client, cx: &Cx, node: &str, vmid: u32) -> Result<()> {
    settled(client, cx, node, vmid, true).await
}

/// Shuts a machine down, by force if that is allowed, and sees it stopped.
pub async fn stop(client: &Client, cx: &Cx, node: &str, vmid: u32, model: &TalosVm) -> Result<()> {
    let how = model.on_destroy.get();
    let patience = how
        .and_then(|how| how.shutdown_timeout.get())
        .map_or(SHUTDOWN, GoDuration::value);
    let force = how.is_none_or(|how| how.force_stop.get() != Some(&false));
    let order = Power::Shutdown {
        patience: patience.as_secs().max(1),
        force,
    };
    match client.power(cx, node, vmid, order).await {
        Ok(_) => {}
        Err(error)
            if error.sent == proxmox_client::Sent::Maybe && error.code != Code::Cancelled => {}
        // A guest that is not there to shut down.
        Err(error) if force && !error.code.is_out_of_reach() && error.code != Code::Permission => {
            client.power(cx, node, vmid, Power::Stop).await?;
        }
        Err(error) => return Err(error),
    }
    settled(client, cx, node, vmid, false).await
}

/// Waits until a machine runs or not. High availability only takes orders, and carries them out later.
async fn settled(client: &Client, cx: &Cx, node: &str, vmid: u32, running: bool) -> Result<()> {
    let cx = cx.capped(MANAGER);
    let backoff = Backoff::up_to(Duration::from_secs(2));
    loop {
        let status = client.status(&cx, node, vmid).await?;
        if status.running == running {
            return Ok(());
        }
        let what = if running { "starting" } else { "stopping" };
        let error = PveError::found(
            Code::Start,
            format!("{what} {vmid} on {node}"),
            format!("it is still {}", status.detail),
        );
        backoff.pause(&cx, error).await?;
    }
}

/// The port at which Talos is waited for.
pub fn port(model: &TalosVm) -> u16 {
    let wait = model.wait_for.get();
    wait.and_then(|wait| wait.port.cloned())
        .and_then(|port| u16::try_from(port).ok())
        .unwrap_or(50000)
}

/// Whether one of the addresses takes a connection.
async fn takes(addresses: &[String], port: u16) -> bool {
    for address in addresses {
        let knock = tokio::net::TcpStream::connect((address.as_str(), port));
        if matches!(tokio::time::timeout(KNOCK, knock).await, Ok(Ok(_))) {
            return true;
        }
    }
    false
}

/// Those of the ports that answer now, at one address at least.
pub async fn answering(addresses: &[String], ports: &[u16]) -> Vec<u16> {
    let mut answering = Vec::new();
    for port in ports {
        if takes(addresses, *port).await {
            answering.push(*port);
        }
    }
    answering
}

/// Waits until one of the addresses takes a connection; false when time runs out.
pub async fn answers_at(
    model: &TalosVm,
    addresses: &[String],
    port: u16,
    remaining: Duration,
    token: &CancellationToken,
) -> bool {
    let wait = model.wait_for.get();
    let limit = wait
        .and_then(|wait| wait.timeout.get())
        .map_or(PORT, GoDuration::value)
        .min(remaining);
    let knocking = async {
        let backoff = Backoff::up_to(LONGEST);
        while !takes(addresses, port).await {
            tokio::time::sleep(backoff.next()).await;
        }
    };
    tokio::select! {
        () = token.cancelled() => false,
        done = tokio::time::timeout(limit, knocking) => done.is_ok(),
    }
}
