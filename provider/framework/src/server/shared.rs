//! What all RPCs of one provider process share.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::author::{Provider, Registry};
use crate::diag::{Diagnostic, Diagnostics};
use crate::erased::Start;
use crate::operation::lock;
use crate::schema::Schema;

/// One provider process.
pub(crate) struct Shared<P: Provider> {
    pub(crate) registry: Registry<P>,
    pub(crate) config: Schema,
    /// Replaced by every configuration: one reattached process serves many runs.
    data: Mutex<Option<P::Data>>,
    stop: Mutex<CancellationToken>,
    /// How many RPCs are running.
    running: watch::Sender<usize>,
    /// Ephemeral resources that core has not closed.
    leases: Mutex<Vec<Lease>>,
}

/// One open ephemeral resource.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) type_name: String,
    pub(crate) lease: Vec<u8>,
}

/// Counts one running RPC while it lives.
pub(crate) struct Busy(watch::Sender<usize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0
            .send_modify(|running| *running = running.saturating_sub(1));
    }
}

impl<P: Provider> Shared<P> {
    pub(crate) fn new() -> Arc<Self> {
        use crate::model::Model;
        Arc::new(Self {
            registry: Registry::of_provider(),
            config: Schema::new(0, P::Config::DESCRIPTION, P::Config::attributes()),
            data: Mutex::new(None),
            stop: Mutex::new(CancellationToken::new()),
            running: watch::Sender::new(0),
            leases: Mutex::default(),
        })
    }

    pub(crate) fn busy(&self) -> Busy {
        self.running.send_modify(|running| *running += 1);
        Busy(self.running.clone())
    }

    /// Waits until no RPC runs.
    pub(crate) async fn idle(&self) {
        // The sender lives in self: waiting cannot fail.
        let _ = self
            .running
            .subscribe()
            .wait_for(|running| *running == 0)
            .await;
    }

    pub(crate) fn data(&self) -> Option<P::Data> {
        lock(&self.data).clone()
    }

    /// A new run: new handle, and a stop of an earlier run counts no more.
    pub(crate) fn configured(&self, data: P::Data) {
        *lock(&self.data) = Some(data);
        let mut stop = lock(&self.stop);
        if stop.is_cancelled() {
            *stop = CancellationToken::new();
        }
    }

    /// Asks every running operation to end.
    pub(crate) fn stop(&self) {
        lock(&self.stop).cancel();
    }

    pub(crate) fn start(&self) -> Result<Start<P>, Diagnostics> {
        let data = self.data().ok_or_else(|| {
            Diagnostic::error(
                "TS-NOT-CONFIGURED: the provider is not configured",
                "Its configuration failed or was never sent; look for an earlier error.",
            )
        })?;
        Ok(Start {
            data,
            stop: lock(&self.stop).clone(),
        })
    }

    pub(crate) fn opened(&self, lease: Lease) {
        lock(&self.leases).push(lease);
    }

    pub(crate) fn closed(&self, lease: &Lease) {
        let mut leases = lock(&self.leases);
        if let Some(position) = leases.iter().position(|open| open == lease) {
            leases.swap_remove(position);
        }
    }

    /// Closes what core left open: after an interruption it skips closing.
    pub(crate) async fn close_leases(&self) {
        let leases = std::mem::take(&mut *lock(&self.leases));
        for Lease { type_name, lease } in leases {
            let (Some(ephemeral), Some(data)) = (
                self.registry.types.ephemerals.get(type_name.as_str()),
                self.data(),
            ) else {
                continue;
            };
            ephemeral
                .close(
                    Start {
                        data,
                        stop: CancellationToken::new(),
                    },
                    lease,
                )
                .await;
        }
    }
}
