//! One connection per endpoint and identity, made when first needed and shared by everybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::dial::{Connection, dial};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::tls::Credentials;

/// Connections to machines. Cheap to clone; one per provider instance is enough.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<HashMap<Key, Slot>>>);

type Key = (Endpoint, String);
type Slot = Arc<AsyncMutex<State>>;

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    failed: Option<(Instant, Error)>,
}

impl Pool {
    /// The connection that is there, or a new one.
    pub(crate) async fn connection(
        &self,
        endpoint: &Endpoint,
        credentials: &Credentials,
        patience: Duration,
    ) -> Result<Connection> {
        let came = Instant::now();
        let slot = self.slot(endpoint, credentials);
        let mut state = slot.lock().await;
        if let Some(connection) = state
            .connection
            .as_ref()
            .filter(|connection| !connection.wire.is_closed())
        {
            return Ok(connection.clone());
        }
        // Who waited here while another attempt failed has its answer: ten resources must not knock one after another.
        if let Some((when, error)) = state.failed.as_ref().filter(|(when, _)| *when > came) {
            tracing::trace!(target: "talos_client", %endpoint, ago = ?when.elapsed(), "shares a failed attempt");
            return Err(error.clone());
        }
        state.connection = None;
        match Box::pin(dial(endpoint, credentials, patience)).await {
            Ok(connection) => {
                tracing::debug!(target: "talos_client", %endpoint, "connected");
                state.connection = Some(connection.clone());
                Ok(connection)
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Drops this connection, so that the next call makes a new one.
    pub(crate) async fn forget(
        &self,
        endpoint: &Endpoint,
        credentials: &Credentials,
        broken: &Connection,
    ) {
        let slot = self.slot(endpoint, credentials);
        let mut state = slot.lock().await;
        if state
            .connection
            .as_ref()
            .is_some_and(|connection| Arc::ptr_eq(&connection.peer, &broken.peer))
        {
            state.connection = None;
        }
    }

    fn slot(&self, endpoint: &Endpoint, credentials: &Credentials) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots
            .entry((endpoint.clone(), credentials.key()))
            .or_default()
            .clone()
    }
}
