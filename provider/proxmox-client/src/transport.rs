//! One exchange with one host.

use std::time::Duration;

use hyper::ext::ReasonPhrase;
use reqwest::Body;

use crate::answer::Answer;
use crate::error::{Code, Error, Result, Sent};
use crate::request::{Method, Request};
use crate::settings::{Endpoint, Settings, Token};
use crate::tls::{self, Examiner};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take. The proxy in a host gives up on another host after 30 s.
const ANSWER: Duration = Duration::from_secs(60);
/// Hosts close connections that were idle for five seconds: we do it first.
const IDLE: Duration = Duration::from_secs(4);

/// What goes over the wire beside the head.
pub(crate) enum Content {
    /// The request's own form.
    Form,
    /// A body of known length, and how long sending it may take.
    Stream {
        kind: String,
        length: u64,
        body: Body,
        patience: Duration,
    },
}

/// One host and its connections.
pub(crate) struct Host {
    pub endpoint: Endpoint,
    http: reqwest::Client,
    examiner: std::sync::Arc<Examiner>,
}

impl Host {
    pub fn new(endpoint: &Endpoint, settings: &Settings) -> Result<Host> {
        let examiner = Examiner::new(&settings.trust)?;
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(tls::config(&examiner)?)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .build()
            .map_err(|error| Error::new(Code::Settings, "making an HTTP client", chain(&error)))?;
        Ok(Host {
            endpoint: endpoint.clone(),
            http,
            examiner,
        })
    }

    /// What is being done, for errors.
    pub fn attempted(&self, request: &Request) -> String {
        let (method, path) = (request.method.as_str(), &request.path);
        format!("{method} {}{path}", self.endpoint.url())
    }

    /// Sends a request once and takes any answer.
    pub async fn exchange(
        &self,
        token: &Token,
        request: &Request,
        content: Content,
    ) -> Result<Answer> {
        let begun = tokio::time::Instant::now();
        let result = self.send(token, request, content).await;
        let took = begun.elapsed().as_millis() as u64;
        let (method, path) = (request.method.as_str(), &request.path);
        match &result {
            Ok(answer) => {
                tracing::debug!(target: "proxmox_client", host = %self.endpoint, method, %path, status = answer.status, took_ms = took, "answered");
            }
            Err(error) => {
                tracing::debug!(target: "proxmox_client", host = %self.endpoint, method, %path, code = error.code.as_str(), took_ms = took, "not answered");
            }
        }
        result
    }

    async fn send(&self, token: &Token, request: &Request, content: Content) -> Result<Answer> {
        let url = format!("{}{}", self.endpoint.url(), request.target());
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let header = token.header();
        let mut value = reqwest::header::HeaderValue::from_str(&header).map_err(|_| {
            Error::new(
                Code::Settings,
                "reading `proxmox.api_token`",
                "it holds characters that no header takes",
            )
        })?;
        value.set_sensitive(true);
        let mut sending = self
            .http
            .request(method, url)
            .header(reqwest::header::AUTHORIZATION, value);
        sending = match content {
            Content::Form if matches!(request.method, Method::Post | Method::Put) => sending
                .timeout(ANSWER)
                .header(
                    reqwest::header::CONTENT_TYPE,
                    "application/x-www-form-urlencoded",
                )
                .body(request.body()),
            Content::Form => sending.timeout(ANSWER),
            Content::Stream {
                kind,
                length,
                body,
                patience,
            } => sending
                .timeout(patience)
                .header(reqwest::header::CONTENT_TYPE, kind)
                .header(reqwest::header::CONTENT_LENGTH, length)
                .body(body),
        };
        let response = sending
            .send()
            .await
            .map_err(|error| self.failed(token, request, &error))?;
        let status = response.status();
        let reason = response
            .extensions()
            .get::<ReasonPhrase>()
            .map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned())
            .or_else(|| status.canonical_reason().map(str::to_owned))
            .unwrap_or_default();
        let body = response
            .text()
            .await
            .map_err(|error| self.failed(token, request, &error))?;
        Ok(Answer {
            status: status.as_u16(),
            reason: token.hide(&reason),
            body,
        })
    }

    fn failed(&self, token: &Token, request: &Request, error: &reqwest::Error) -> Error {
        let attempted = self.attempted(request);
        let said = token.hide(&chain(error));
        if error.is_connect() {
            if let Some((code, certificate)) = self.examiner.refusal() {
                return Error::new(code, attempted, certificate);
            }
            return Error::new(before_sending(&said), attempted, said);
        }
        let sent = if request.is_read() {
            Sent::Refused
        } else {
            Sent::Maybe
        };
        let code = match (error.is_timeout(), request.is_read()) {
            (true, true) => Code::Timeout,
            (false, true) => Code::Unreachable,
            (_, false) => Code::Unclear,
        };
        Error::new(code, attempted, said).sent(sent)
    }
}

/// Why no connection came about.
fn before_sending(said: &str) -> Code {
    if said.contains("dns error") || said.contains("failed to lookup") {
        Code::Name
    } else if said.contains("InvalidContentType")
        || said.contains("corrupt message")
        || said.contains("ProtocolVersion")
    {
        Code::NotProxmox
    } else {
        Code::Unreachable
    }
}

/// An error with all that it comes from, without repeating itself.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
