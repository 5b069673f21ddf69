//! Requests to one API server, over kube-rs: status, warnings and failures are judged here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::access::Access;
use crate::error::classify::{of_failure, of_status};
use crate::error::{Code, Error, Result, Sent};
use crate::kinds::Kind;
use client_core::{Backoff, Cx, Ended};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// How long an answer may take. The API server gives up on its own work after 60 s.
const ANSWER: Duration = Duration::from_secs(62);
/// How long a request is tried again that nothing was done about.
const RETRIES: Duration = Duration::from_secs(20);
/// Longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(3);

/// One API server; cheap to clone, clones share connections and what is known of its kinds.
#[derive(Clone)]
pub struct Client {
    inner: kube::Client,
    host: String,
    pub(crate) kinds: Arc<Mutex<BTreeMap<String, Vec<Kind>>>>,
    uid: Arc<OnceCell<String>>,
    warnings: Arc<Mutex<Vec<String>>>,
}

/// One request.
pub(crate) struct Call<'a> {
    pub method: Method,
    /// Path and query.
    pub target: String,
    pub content_type: &'static str,
    pub body: Option<&'a Value>,
}

impl Client {
    /// Prepares connections; dials nobody.
    ///
    /// # Errors
    /// [`Code::Settings`] when certificate and key cannot be used.
    pub fn new(access: Access) -> Result<Client> {
        // Whoever installs a provider first wins; all of ours are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let host = access.host();
        let mut config = access.config;
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = None;
        config.default_retry = false;
        let inner = kube::Client::try_from(config).map_err(|error| {
            // What the TLS library says names no secret; other texts may quote what they read.
            let why = match &error {
                kube::Error::RustlsTls(error) => format!(": {error}"),
                _ => String::new(),
            };
            let seen = format!("the certificates or the key cannot be used{why}");
            Error::new(Code::Settings, format!("preparing calls of {host}"), seen)
        })?;
        Ok(Client {
            inner,
            host,
            kinds: Arc::default(),
            uid: Arc::default(),
            warnings: Arc::default(),
        })
    }

    /// URL of the API server.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What the API server warned of since the last call of this.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// UID of the namespace kube-system: the identity of a cluster, asked for once.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn cluster_uid(&self, cx: &Cx) -> Result<String> {
        let ask = async {
            let namespace = self.get(cx, "/api/v1/namespaces/kube-system").await?;
            let uid = namespace["metadata"]["uid"].as_str();
            uid.map(str::to_owned).ok_or_else(|| {
                Error::new(
                    Code::NotKubernetes,
                    format!("GET {}/api/v1/namespaces/kube-system", self.host),
                    "the answer has no UID",
                )
            })
        };
        self.uid.get_or_try_init(|| ask).await.cloned()
    }

    /// Refuses any other cluster than the one of this UID; an empty one accepts all.
    ///
    /// # Errors
    /// [`Code::OtherCluster`], or why the UID cannot be read.
    pub async fn expect_cluster(&self, cx: &Cx, uid: &str) -> Result<String> {
        let found = self.cluster_uid(cx).await?;
        if uid.is_empty() || uid == found {
            return Ok(found);
        }
        Err(Error::new(
            Code::OtherCluster,
            format!("looking whose API answers at {}", self.host),
            format!("cluster {found}; state holds cluster {uid}"),
        ))
    }

    /// The answer to a GET.
    ///
    /// # Errors
    /// [`Code::Gone`] when there is no such object, and whatever else happens.
    pub async fn get(&self, cx: &Cx, target: &str) -> Result<Value> {
        let call = Call {
            method: Method::GET,
            target: target.to_owned(),
            content_type: "",
            body: None,
        };
        self.call(cx, &call).await
    }

    /// Sends a request. What certainly had no effect, and what may be repeated by its nature, is tried again for a while.
    pub(crate) async fn call(&self, cx: &Cx, call: &Call<'_>) -> Result<Value> {
        let patience = cx.capped(RETRIES);
        let backoff = Backoff::up_to(PAUSE);
        let mut last: Option<Error> = None;
        loop {
            let error = match (self.once(cx, call).await, last.take()) {
                (Ok(answer), _) => return Ok(answer),
                // A try that the end of the time cut short says less than the one before it.
                (Err(cut), Some(before)) if cut.code == Code::Timeout && cx.is_over() => {
                    before.sent(cut.sent)
                }
                (Err(error), _) => error,
            };
            // Reading, server-side apply and deletion by UID end the same however often they are sent.
            let repeatable = matches!(
                error.code,
                Code::Unreachable | Code::Name | Code::Unclear | Code::Busy | Code::Webhook
            );
            if !repeatable || patience.is_over() {
                return Err(error);
            }
            last = Some(error.clone());
            backoff.pause(&patience, error).await?;
        }
    }

    async fn once(&self, cx: &Cx, call: &Call<'_>) -> Result<Value> {
        let path = call.target.split('?').next().unwrap_or_default();
        let attempted = format!("{} {}{path}", call.method, self.host);
        let body = call.body.map(|body| body.to_string().into_bytes());
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.target)
            .header(http::header::ACCEPT, "application/json");
        if !call.content_type.is_empty() {
            request = request.header(http::header::CONTENT_TYPE, call.content_type);
        }
        let request = request
            .body(Body::from(body.unwrap_or_default()))
            .map_err(|error| Error::new(Code::Invalid, &attempted, error.to_string()))?;
        let exchange = async {
            let answer = self
                .inner
                .send(request)
                .await
                .map_err(|error| of_failure(&attempted, &error))?;
            let status = answer.status().as_u16();
            self.keep_warnings(answer.headers());
            let bytes = answer
                .into_body()
                .collect()
                .await
                .map_err(|error| of_failure(&attempted, &error))?;
            tracing::debug!(target: "kubernetes", method = %call.method, path, status, "answered");
            Ok((status, bytes.to_bytes()))
        };
        let (status, bytes) = match cx.capped(ANSWER).bounded(exchange).await {
            Ok(result) => result?,
            Err(Ended::Deadline) => {
                return Err(
                    Error::new(Code::Timeout, attempted, "no answer in time").sent(Sent::Maybe)
                );
            }
            Err(ended @ Ended::Cancelled) => {
                return Err(ended.with(Error::new(Code::Unclear, attempted, "no answer yet")));
            }
        };
        let value: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if !(200..300).contains(&status) {
            return Err(of_status(&attempted, status, &value));
        }
        if value.is_null() {
            return Err(
                Error::new(Code::NotKubernetes, attempted, "the answer is no JSON")
                    .sent(Sent::Maybe),
            );
        }
        Ok(value)
    }

    /// `299 - "text"` of each `Warning` header.
    fn keep_warnings(&self, headers: &http::HeaderMap) {
        let mut kept = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        for header in headers.get_all(http::header::WARNING) {
            let text = header.to_str().unwrap_or_default();
            let text = text
                .splitn(3, ' ')
                .nth(2)
                .unwrap_or(text)
                .trim_matches('"')
                .to_owned();
            if !kept.contains(&text) {
                kept.push(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::access::FromValues;

    /// A server that is busy once, and silent from then on.
    async fn busy_then_silent() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                if kept.is_empty() {
                    let answer =
                        b"HTTP/1.1 503 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                }
                kept.push(stream);
            }
        });
        host
    }

    #[tokio::test]
    async fn what_was_seen_before_the_time_was_over_is_told() {
        let values = FromValues {
            host: busy_then_silent().await,
            cluster_ca_certificate: None,
            client_certificate: None,
            client_key: None,
            token: None,
            insecure: false,
        };
        let client = Client::new(Access::from_values(values).unwrap()).unwrap();
        let cx = Cx::new(Duration::from_millis(1500));
        let error = client.get(&cx, "/api/v1").await.unwrap_err();
        assert_eq!(error.code, Code::Busy, "{error}");
        assert_eq!(error.sent, Sent::Maybe);
    }
}
