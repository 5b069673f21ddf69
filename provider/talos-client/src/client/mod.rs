//! A machine as the rest of the crate calls it.

mod builder;
mod call;
mod op;
mod probe;
mod report;

pub use builder::ClientBuilder;
pub(crate) use op::{Op, Tell, only};

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::pool::Pool;
use crate::recorder::Recorder;
use crate::tls::Credentials;

/// A Talos machine. Cheap to clone; connects when first called.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    endpoints: Vec<Endpoint>,
    credentials: Credentials,
    node: Option<String>,
    pool: Pool,
    patience: Duration,
    recorder: Option<Arc<dyn Recorder>>,
    /// Index of the endpoint that answered last.
    preferred: AtomicUsize,
}

impl Client {
    /// A client for the machine at these addresses: all of them lead to the same machine, or, with
    /// [`ClientBuilder::node`], to machines that pass requests on to it.
    pub fn builder(endpoints: Vec<Endpoint>) -> ClientBuilder {
        ClientBuilder::new(endpoints)
    }

    /// The addresses, as given.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.0.endpoints
    }

    /// The endpoint that answered last; the first one before any did.
    pub fn endpoint(&self) -> &Endpoint {
        let index = self.0.preferred.load(Ordering::Relaxed);
        // The builder refuses an empty list, and the index never leaves it.
        &self.0.endpoints[index.min(self.0.endpoints.len() - 1)]
    }

    /// Whether it speaks to machines in maintenance mode.
    pub fn is_insecure(&self) -> bool {
        matches!(self.0.credentials, Credentials::Insecure { .. })
    }
}
