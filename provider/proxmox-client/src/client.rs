//! The client of one cluster: failover between its hosts, and patience with what passes by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use crate::answer::Answer;
use crate::calls::cluster::Cluster;
use crate::calls::upload::{self, Upload};
use crate::error::{Code, Error, Result, Sent};
use crate::request::Request;
use crate::settings::{Settings, Token};
use crate::transport::{Content, Host};
use client_core::{Backoff, Cx, Ended};

/// How long we go on asking when nobody answers or the cluster has no quorum.
const OUTAGE: Duration = Duration::from_secs(30);
/// The same where the cluster answers that a host is offline: it takes minutes to start, which nobody waits for.
const OFFLINE: Duration = Duration::from_secs(5);
/// The longest pause between two attempts.
const PAUSE: Duration = Duration::from_secs(4);

/// A client of one cluster; cheap to clone. Opens no connection before the first call.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    hosts: Vec<Host>,
    /// The host that answered last.
    preferred: AtomicUsize,
    token: Token,
    permits: Semaphore,
    /// The cluster that answers: asked for once.
    cluster: OnceCell<Cluster>,
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// `TS-PVE-SETTINGS` where they cannot be used.
    pub fn new(settings: &Settings) -> Result<Client> {
        let hosts = settings
            .endpoints
            .iter()
            .map(|endpoint| Host::new(endpoint, settings));
        let hosts = hosts.collect::<Result<Vec<_>>>()?;
        if hosts.is_empty() {
            return Err(Error::new(
                Code::Settings,
                "calling Proxmox VE",
                "there is no endpoint",
            ));
        }
        Ok(Client(Arc::new(Inner {
            hosts,
            preferred: AtomicUsize::new(0),
            token: settings.token.clone(),
            permits: Semaphore::new(settings.max_parallel.max(1)),
            cluster: OnceCell::new(),
        })))
    }

    pub(crate) fn cluster_once(&self) -> &OnceCell<Cluster> {
        &self.0.cluster
    }

    /// Sends a request until it is answered for good, and gives the answer's data.
    ///
    /// What certainly had no effect is sent again as long as waiting may help. What may have had one is not: its error says
    /// [`Sent::Maybe`], and the caller looks.
    ///
    /// # Errors
    /// What was answered last, or why nobody did.
    pub async fn call(&self, cx: &Cx, request: &Request) -> Result<Value> {
        let began = tokio::time::Instant::now();
        let backoff = Backoff::up_to(PAUSE);
        loop {
            let error = match self.once(cx, request).await {
                Ok(data) => return Ok(data),
                Err(error) => error,
            };
            let harmless = error.sent != Sent::Maybe || request.is_read();
            let late = patience(&error).is_some_and(|patience| began.elapsed() >= patience);
            if !error.is_transient() || !harmless || late {
                return Err(error);
            }
            tracing::info!(target: "proxmox_client", code = error.code.as_str(), attempted = %error.attempted, seen = %error.seen, "waiting");
            backoff.pause(cx, error).await?;
        }
    }

    /// Sends a request to one host after the other until one answers.
    async fn once(&self, cx: &Cx, request: &Request) -> Result<Value> {
        let mut first = None;
        for host in self.hosts() {
            let exchange = self.permitted(host.exchange(&self.0.token, request, Content::Form));
            let answer = match cx.bounded(exchange).await {
                Ok(result) => result,
                Err(ended) => Err(first
                    .take()
                    .unwrap_or_else(|| unanswered(host, request, ended))),
            };
            match answer.and_then(|answer| self.data(host, request, &answer)) {
                Ok(data) => {
                    self.prefer(host);
                    return Ok(data);
                }
                Err(error) if passes_on(&error) => {
                    first.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(first.unwrap_or_else(|| {
            Error::new(Code::Settings, "calling Proxmox VE", "there is no endpoint")
        }))
    }

    /// Sends a file to the first host that takes a connection.
    pub(crate) async fn send_file(
        &self,
        cx: &Cx,
        request: &Request,
        what: &Upload<'_>,
    ) -> Result<Value> {
        let mut last = None;
        for host in self.hosts() {
            let content = upload::content(what).await?;
            let exchange = self.permitted(host.exchange(&self.0.token, request, content));
            let answer = match cx.bounded(exchange).await {
                Ok(result) => result,
                Err(ended) => Err(unanswered(host, request, ended)),
            };
            match answer.and_then(|answer| self.data(host, request, &answer)) {
                Ok(data) => return Ok(data),
                Err(error) if passes_on(&error) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            Error::new(Code::Settings, "calling Proxmox VE", "there is no endpoint")
        }))
    }

    async fn permitted<T>(&self, work: impl Future<Output = T>) -> T {
        // The semaphore is never closed; without a permit the call would only be less polite.
        let _permit = self.0.permits.acquire().await.ok();
        work.await
    }

    fn data(&self, host: &Host, request: &Request, answer: &Answer) -> Result<Value> {
        let mut result = answer.data(&host.attempted(request));
        if let Err(error) = &mut result {
            error.seen = self.0.token.hide(&error.seen);
        }
        result
    }

    fn hosts(&self) -> impl Iterator<Item = &Host> {
        let hosts = &self.0.hosts;
        let start = self.0.preferred.load(Ordering::Relaxed);
        hosts.iter().cycle().skip(start).take(hosts.len())
    }

    fn prefer(&self, host: &Host) {
        let position = self
            .0
            .hosts
            .iter()
            .position(|known| known.endpoint == host.endpoint);
        self.0
            .preferred
            .store(position.unwrap_or(0), Ordering::Relaxed);
    }
}

/// Whether another host may do better: this one was never reached.
fn passes_on(error: &Error) -> bool {
    matches!(error.code, Code::Unreachable | Code::Name | Code::Timeout)
        && error.sent != Sent::Maybe
}

/// How long a failure is waited out that ends by itself soon, or not at all.
fn patience(error: &Error) -> Option<Duration> {
    match error.code {
        Code::HostOffline => Some(OFFLINE),
        Code::Unreachable | Code::Name | Code::Timeout | Code::Quorum | Code::Busy => Some(OUTAGE),
        _ => None,
    }
}

fn unanswered(host: &Host, request: &Request, ended: Ended) -> Error {
    let (code, seen) = match (ended, request.is_read()) {
        (Ended::Cancelled, _) => (Code::Cancelled, "stopped before the answer came"),
        (Ended::Deadline, true) => (Code::Timeout, "no answer in the time allowed"),
        (Ended::Deadline, false) => (Code::Unclear, "no answer in the time allowed"),
    };
    let sent = if request.is_read() {
        Sent::Refused
    } else {
        Sent::Maybe
    };
    Error::new(code, host.attempted(request), seen).sent(sent)
}
