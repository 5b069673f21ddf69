//! When the process ends: on request, on SIGTERM, or when its host is gone.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::transport::Connections;
use crate::author::Provider;
use crate::server::Shared;

/// How long the host may take to connect; it gives up after the same time.
const FIRST_CONNECTION: Duration = Duration::from_secs(60);
/// How long running operations may go on when the host is gone: as long as an interruption allows.
const ORPHANED: Duration = Duration::from_secs(6);
/// The host kills two seconds after asking; closing leases and answering must fit.
const CLOSING: Duration = Duration::from_millis(1500);
const ANSWERING: Duration = Duration::from_millis(300);

/// The signs of life of one process.
pub(super) struct Lifetime {
    connections: watch::Sender<Connections>,
    shutdown: CancellationToken,
}

impl Lifetime {
    pub(super) fn new() -> Self {
        Self {
            connections: watch::Sender::new(Connections::default()),
            shutdown: CancellationToken::new(),
        }
    }

    pub(super) fn connections(&self) -> watch::Sender<Connections> {
        self.connections.clone()
    }

    /// Cancelled when the server shall end.
    pub(super) fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Waits until it is time to end.
    pub(super) async fn wait<P: Provider>(&self, shared: &Shared<P>) {
        tokio::select! {
            () = self.shutdown.cancelled() => (),
            () = terminated() => (),
            () = self.host_gone() => {
                tracing::debug!("the host is gone");
                shared.stop();
                // What is still running ends early, or is given up.
                let _ = tokio::time::timeout(ORPHANED, shared.idle()).await;
            }
        }
        self.shutdown.cancel();
    }

    async fn host_gone(&self) {
        let mut connections = self.connections.subscribe();
        let first = connections.wait_for(|connections| connections.ever > 0);
        if tokio::time::timeout(FIRST_CONNECTION, first).await.is_err() {
            return;
        }
        // The sender lives in self: waiting cannot fail.
        let _ = connections
            .wait_for(|connections| connections.open == 0)
            .await;
    }
}

/// Waits for SIGTERM, and swallows SIGINT: a terminal sends it to core and plugins alike, and core then asks us to stop.
pub(super) async fn terminated() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = interrupt.recv() => tracing::debug!("interrupt left to the host"),
        }
    }
}

/// Ends what is left, within what the host allows.
pub(super) async fn finish<P: Provider>(shared: &Shared<P>, server: JoinHandle<()>) {
    shared.stop();
    let _ = tokio::time::timeout(CLOSING, shared.close_leases()).await;
    let _ = tokio::time::timeout(ANSWERING, server).await;
}
