//! How a client is made.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use super::{Client, Inner};
use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result};
use crate::identity::Identity;
use crate::pool::Pool;
use crate::recorder::Recorder;
use crate::tls::Credentials;

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    endpoints: Vec<Endpoint>,
    credentials: Credentials,
    node: Option<String>,
    pool: Pool,
    patience: Duration,
    recorder: Option<Arc<dyn Recorder>>,
}

impl ClientBuilder {
    pub(super) fn new(endpoints: Vec<Endpoint>) -> ClientBuilder {
        ClientBuilder {
            endpoints,
            credentials: Credentials::Insecure { fingerprint: None },
            node: None,
            pool: Pool::default(),
            patience: Duration::from_secs(3),
            recorder: None,
        }
    }

    /// Mutual TLS with this identity.
    pub fn identity(mut self, identity: Identity) -> ClientBuilder {
        self.credentials = Credentials::Identity(identity);
        self
    }

    /// Maintenance mode: any server certificate, or the one with this fingerprint (base64, as on the machine's console).
    pub fn maintenance(mut self, fingerprint: Option<String>) -> ClientBuilder {
        self.credentials = Credentials::Insecure { fingerprint };
        self
    }

    /// The node, by an address that the endpoints can reach, to which they pass requests on.
    pub fn node(mut self, node: impl Into<String>) -> ClientBuilder {
        self.node = Some(node.into());
        self
    }

    /// Shares connections with other clients.
    pub fn pool(mut self, pool: &Pool) -> ClientBuilder {
        self.pool = pool.clone();
        self
    }

    /// How long one address may take to accept a TCP connection; 3 s unless said otherwise.
    pub fn connect_timeout(mut self, patience: Duration) -> ClientBuilder {
        self.patience = patience;
        self
    }

    /// Told of every exchange.
    pub fn recorder(mut self, recorder: Arc<dyn Recorder>) -> ClientBuilder {
        self.recorder = Some(recorder);
        self
    }

    /// The client. Nothing is dialled.
    ///
    /// # Errors
    /// `TS-CLIENT-ENDPOINT` when there is no endpoint.
    pub fn build(self) -> Result<Client> {
        if self.endpoints.is_empty() {
            return Err(Error::new(
                Code::ClientEndpoint,
                "preparing to talk to a machine",
                "the list of endpoints is empty",
            ));
        }
        Ok(Client(Arc::new(Inner {
            endpoints: self.endpoints,
            credentials: self.credentials,
            node: self.node,
            pool: self.pool,
            patience: self.patience,
            recorder: self.recorder,
            preferred: AtomicUsize::new(0),
        })))
    }
}
