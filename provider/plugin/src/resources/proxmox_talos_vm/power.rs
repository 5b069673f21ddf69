//! Starting, stopping and waiting.

use std::time::Duration;

use framework::model::go_text;
use framework::prelude::*;
use proxmox_client::{Backoff, Client, Code, Cx, Error as PveError, Power, Result, Sent};
use tokio_util::sync::CancellationToken;

use super::model::TalosVm;

/// How long high availability may take to carry out an order.
const MANAGER: Duration = Duration::from_secs(180);
/// How long the guest of a machine that is destroyed may take to shut down unless somebody says otherwise.
const SHUTDOWN: Duration = Duration::from_secs(60);
/// How often the power button is pressed when answers are lost.
const PRESSES: usize = 3;
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
        Err(error) if error.sent == Sent::Maybe && error.code != Code::Cancelled => Ok(()),
        Err(error) => Err(error),
    }
}

/// Sees a machine running that was ordered to start.
pub async fn started(client: &Client, cx: &Cx, node: &str, vmid: u32) -> Result<()> {
    settled(client, &cx.capped(MANAGER), node, vmid, true).await
}

/// How a machine is shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// How long the guest may take.
    pub patience: Duration,
    /// Whether its power is cut then.
    pub cut: bool,
}

impl Shutdown {
    /// Of a machine that is destroyed.
    pub fn for_good(model: &TalosVm) -> Self {
        let how = model.on_destroy.get();
        let patience = how
            .and_then(|how| how.shutdown_timeout.get())
            .map_or(SHUTDOWN, GoDuration::value);
        Self {
            patience,
            cut: may_cut(model),
        }
    }

    /// Of a machine that is stopped and kept. Talos ends its pods first, which may take minutes: it gets half of the time.
    pub fn for_now(model: &TalosVm, time: Duration) -> Self {
        Self {
            patience: Duration::from_secs(time.as_secs() / 2),
            cut: may_cut(model),
        }
    }

    /// Of a machine that is started again: half of all the time that its update has, however much of it is gone.
    pub fn for_cycle(model: &TalosVm) -> Self {
        Self::for_now(model, super::plan::time(model))
    }

    /// What must be left when a power cycle begins: a shutdown that takes all of its time must not end with a machine that is off and
    /// no time to start it.
    pub fn with_start(&self) -> Duration {
        self.patience + MANAGER.min(self.patience / 2)
    }

    /// What is going on, for those who watch.
    pub fn told(&self) -> String {
        let then = if self.cut {
            "its power is cut"
        } else {
            "it is left running"
        };
        format!(
            "waiting for the guest to shut down; {then} after {}",
            go_text(self.patience)
        )
    }
}

/// Whether the power of a guest that does not shut down is cut.
pub fn may_cut(model: &TalosVm) -> bool {
    let how = model.on_destroy.get();
    how.is_none_or(|how| how.force_stop.get() != Some(&false))
}

/// Shuts a machine down and sees it stopped. Where the guest was asked and does not obey, and that is allowed, `cutting` is told first,
/// and the power is cut. What says nothing about the guest is an error.
pub async fn stop(
    client: &Client,
    cx: &Cx,
    node: &str,
    vmid: u32,
    how: Shutdown,
    cutting: impl Fn(&PveError) + Send,
) -> Result<()> {
    match press(client, cx, node, vmid, how).await {
        Ok(()) => {}
        Err(error) if how.cut && is_of_the_guest(&error) => {
            cutting(&error);
            client.power(cx, node, vmid, Power::Stop).await?;
        }
        Err(error) => return Err(error),
    }
    settled(
        client,
        &cx.capped(MANAGER + how.patience),
        node,
        vmid,
        false,
    )
    .await
}

/// Presses the power button, and again where it is not known whether that was heard.
async fn press(client: &Client, cx: &Cx, node: &str, vmid: u32, how: Shutdown) -> Result<()> {
    let order = Power::Shutdown {
        patience: how.patience.as_secs().max(1),
        // The power is cut by an order of its own, so that it can be told before.
        force: false,
    };
    let mut presses = 0;
    loop {
        presses += 1;
        match client.power(cx, node, vmid, order).await {
            Ok(_) => return Ok(()),
            Err(error)
                if error.sent == Sent::Maybe
                    && error.code != Code::Cancelled
                    && presses < PRESSES =>
            {
                if !client.status(cx, node, vmid).await?.running {
                    return Ok(());
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether a shutdown failed because the guest did not obey: its task says so. A paused one is in no state to, and refused at once.
fn is_of_the_guest(error: &PveError) -> bool {
    match error.code {
        Code::TaskFailed => true,
        Code::Failed | Code::Input => error.seen.contains("is paused"),
        _ => false,
    }
}

/// Waits until a machine runs or not. High availability only takes orders, and carries them out later.
async fn settled(client: &Client, cx: &Cx, node: &str, vmid: u32, running: bool) -> Result<()> {
    let backoff = Backoff::up_to(Duration::from_secs(2));
    loop {
        let status = client.status(cx, node, vmid).await?;
        if status.running == running {
            return Ok(());
        }
        let (code, what) = if running {
            (Code::Start, "starting")
        } else {
            (Code::TaskFailed, "stopping")
        };
        let error = PveError::found(
            code,
            format!("{what} {vmid} on {node}"),
            format!("it is still {}", status.detail),
        );
        backoff.pause(cx, error).await?;
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
