//! The lab's own requests to the real API server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

use crate::tls::{Minted, provider};

/// The API server as one client sees it.
#[derive(Clone)]
pub(super) struct Api {
    /// Where the real server listens.
    pub address: SocketAddr,
    tls: Arc<ClientConfig>,
}

/// How a request was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body of a request that went well.
    pub(super) fn good(self) -> Result<Value, String> {
        match self.status {
            200..=299 => Ok(self.body),
            status => {
                let message = self.body["message"].as_str().unwrap_or("no message");
                Err(format!("the API server answers {status}: {message}"))
            }
        }
    }
}

impl Api {
    /// A client with a certificate, which trusts an authority (PEM).
    ///
    /// # Errors
    /// The authority or the certificate cannot be used.
    pub(super) fn new(address: SocketAddr, authority: &str, own: &Minted) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        let (chain, key) = own.parts()?;
        let tls = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            address,
            tls: Arc::new(tls),
        })
    }

    /// A connection of one's own.
    ///
    /// # Errors
    /// Nobody listens, or TLS fails.
    pub(super) async fn connect<B>(&self) -> Result<SendRequest<B>, String>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let failed = |error: &dyn std::fmt::Display| {
            format!(
                "the API server at {} does not answer: {error}",
                self.address
            )
        };
        let stream = TcpStream::connect(self.address)
            .await
            .map_err(|error| failed(&error))?;
        // Small requests would wait for their acknowledgement.
        let _ = stream.set_nodelay(true);
        let name = ServerName::from(self.address.ip());
        let stream = TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, stream)
            .await;
        let stream = stream.map_err(|error| failed(&error))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(&error))?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    async fn open(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, String> {
        let bytes = body
            .map(|body| Bytes::from(body.to_string()))
            .unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("accept", "application/json")
            .header("content-type", kind)
            .header("user-agent", "talos-lab")
            .body(Full::new(bytes))
            .map_err(|error| error.to_string())?;
        let mut sender = self.connect().await?;
        let answer = sender.send_request(request).await;
        answer.map_err(|error| format!("{method} {path} of the API server: {error}"))
    }

    /// Sends a request of a content type.
    ///
    /// # Errors
    /// No answer comes in time.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let answer = tokio::time::timeout(PATIENCE, self.exchange(method, path, kind, body)).await;
        answer.unwrap_or_else(|_| Err(format!("{method} {path}: the API server is silent")))
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let response = self.open(method, path, kind, body).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        let bytes = body.map_err(|error| error.to_string())?.to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        Ok(Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()),
        })
    }

    /// Reads an object or a list.
    ///
    /// # Errors
    /// It is not there, or no answer comes.
    pub(super) async fn get(&self, path: &str) -> Result<Value, String> {
        self.send("GET", path, JSON, None).await?.good()
    }

    /// Creates an object; one that is there already stays as it is.
    ///
    /// # Errors
    /// The server refuses.
    pub(super) async fn create(&self, path: &str, object: &Value) -> Result<(), String> {
        let answer = self.send("POST", path, JSON, Some(object)).await?;
        match answer.status {
            409 => Ok(()),
            _ => answer.good().map(drop),
        }
    }

    /// Changes an object by a merge patch.
    ///
    /// # Errors
    /// The server refuses.
    pub(super) async fn merge(&self, path: &str, patch: &Value) -> Result<(), String> {
        let answer = self
            .send("PATCH", path, "application/merge-patch+json", Some(patch))
            .await?;
        answer.good().map(drop)
    }

    /// Reads a stream of events, one JSON document per line, and tells what is in them, until it
    /// ends.
    ///
    /// # Errors
    /// The server refuses, or the stream breaks.
    pub(super) async fn watch<T>(
        &self,
        path: &str,
        read: fn(Value) -> Option<T>,
        tell: &mpsc::Sender<T>,
    ) -> Result<(), String> {
        let response = self.open("GET", path, JSON, None).await?;
        if !response.status().is_success() {
            let status = response.status();
            return Err(format!("the API server answers {status} to {path}"));
        }
        let mut body = response.into_body();
        let mut rest = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| error.to_string())?;
            let data = frame.data_ref().map(AsRef::<[u8]>::as_ref);
            rest.extend_from_slice(data.unwrap_or_default());
            while let Some(end) = memchr::memchr(b'\n', &rest) {
                let line: Vec<u8> = rest.drain(..=end).collect();
                if let Some(told) = serde_json::from_slice(&line).ok().and_then(read) {
                    // Nobody listens any more: then the task is dropped, too.
                    let _ = tell.send(told).await;
                }
            }
        }
        Ok(())
    }
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
const JSON: &str = "application/json";
