//! The Image Factory over HTTP: registering schematics, reading them back, and the extensions of a version.

use std::fs;
use std::time::Duration;

use framework::prelude::*;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;

use crate::provider::Data;
use crate::shared::access::Unusable;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(30);
/// Requests are repeated after these pauses: all of them may safely arrive twice.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
/// How much of an answer goes into an error.
const EXCERPT: usize = 300;

/// A client of one factory. Nothing is sent before a method is called.
pub struct ImageFactory {
    url: String,
    http: Client,
}

#[derive(Deserialize)]
struct Registered {
    id: String,
}

#[derive(Deserialize)]
struct Extension {
    name: String,
}

impl ImageFactory {
    /// A client for the factory of the provider block.
    pub fn of(data: &Data) -> Result<Self, Error> {
        let refuse = |problem: Unusable| problem.diagnostic("the Image Factory");
        let (url, ca) = (data.factory(), data.factory_authorities());
        Self::new(url.map_err(refuse)?, ca.map_err(refuse)?)
    }

    /// `ca` is PEM text or a path of it, trusted beside the public authorities.
    pub fn new(url: &str, ca: Option<&str>) -> Result<Self, Error> {
        // Whoever installs a provider first wins; all of ours are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .no_proxy();
        for certificate in authorities(ca)? {
            builder = builder.add_root_certificate(certificate);
        }
        let http = builder.build().map_err(|error| {
            Error::new(
                "TS-FACTORY-CLIENT: the Image Factory cannot be called",
                format!("No HTTP client: {}.", chain(&error)),
            )
        })?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            http,
        })
    }

    /// Makes the factory know a schematic; the id that it gives. Registering twice gives the same id.
    pub async fn register(&self, canonical: &str) -> Result<String, Error> {
        let url = format!("{}/schematics", self.url);
        let request = self
            .http
            .post(&url)
            .header("content-type", "application/yaml")
            .body(canonical.to_owned());
        let registered: Registered = json(&url, send("POST", &url, request).await?).await?;
        Ok(registered.id)
    }

    /// The document of a schematic; `None` when the factory does not know it.
    pub async fn schematic(&self, id: &str) -> Result<Option<String>, Error> {
        let url = format!("{}/schematics/{id}", self.url);
        let answer = call("GET", &url, self.http.get(&url)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = accepted("GET", &url, answer).await?;
        answer
            .text()
            .await
            .map(Some)
            .map_err(|error| unreachable("GET", &url, &error))
    }

    /// Names of the official extensions of a Talos version, such as `siderolabs/i915`.
    pub async fn extensions(&self, talos_version: &str) -> Result<Vec<String>, Error> {
        let version = talos_version.trim_start_matches('v');
        let url = format!("{}/version/v{version}/extensions/official", self.url);
        let list: Vec<Extension> =
            json(&url, send("GET", &url, self.http.get(&url)).await?).await?;
        Ok(list.into_iter().map(|extension| extension.name).collect())
    }
}

/// Certificates of PEM text, or of the PEM file at a path.
pub fn authorities(ca: Option<&str>) -> Result<Vec<reqwest::Certificate>, Error> {
    let Some(ca) = ca else { return Ok(Vec::new()) };
    let refuse = |cause: String| {
        Error::new(
            "TS-FACTORY-CA: the CA certificates for the Image Factory cannot be read",
            format!(
                "{cause}. Set `image_factory.ca_pem` (or TALOS_IMAGE_FACTORY_CA_PEM) to PEM text or to the path of a PEM file."
            ),
        )
    };
    let pem = if ca.contains("-----BEGIN") {
        ca.to_owned()
    } else {
        fs::read_to_string(ca).map_err(|error| refuse(format!("{ca}: {error}")))?
    };
    match reqwest::Certificate::from_pem_bundle(pem.as_bytes()) {
        Ok(list) if !list.is_empty() => Ok(list),
        Ok(_) => Err(refuse("there is no certificate in it".to_owned())),
        Err(error) => Err(refuse(chain(&error))),
    }
}

/// Sends, and takes any answer that says no for an error.
async fn send(method: &str, url: &str, request: RequestBuilder) -> Result<Response, Error> {
    accepted(method, url, call(method, url, request).await?).await
}

/// Sends until somebody answers; an answer of 5xx counts as none until the last attempt.
async fn call(method: &str, url: &str, request: RequestBuilder) -> Result<Response, Error> {
    let mut pauses = PAUSES.iter();
    loop {
        let Some(attempt) = request.try_clone() else {
            return Err(Error::new(
                "TS-PROVIDER-BUG: a request cannot be repeated",
                format!("{method} {url}"),
            ));
        };
        let outcome = attempt.send().await;
        let again = outcome
            .as_ref()
            .map_or(true, |answer| answer.status().is_server_error());
        match pauses.next().filter(|_| again) {
            Some(pause) => tokio::time::sleep(*pause).await,
            None => return outcome.map_err(|error| unreachable(method, url, &error)),
        }
    }
}

async fn accepted(method: &str, url: &str, answer: Response) -> Result<Response, Error> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text: String = answer
        .text()
        .await
        .unwrap_or_default()
        .trim()
        .chars()
        .take(EXCERPT)
        .collect();
    Err(Error::new(
        "TS-FACTORY-REFUSED: the Image Factory refused the request",
        format!(
            "Tried: {method} {url}\nSeen: {status}: {text}\nCure: correct what it names; nothing was created."
        ),
    ))
}

async fn json<T: serde::de::DeserializeOwned>(url: &str, answer: Response) -> Result<T, Error> {
    let bytes = answer
        .bytes()
        .await
        .map_err(|error| unreachable("GET", url, &error))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Error::new(
            "TS-FACTORY-ANSWER: the answer is not that of an Image Factory",
            format!(
                "Tried: {url}\nSeen: {error}\nCause: another service answers at this address.\n\
                 Cure: correct `image_factory.url` of the provider, or TALOS_IMAGE_FACTORY_URL."
            ),
        )
    })
}

fn unreachable(method: &str, url: &str, error: &reqwest::Error) -> Error {
    Error::new(
        "TS-FACTORY-UNREACHABLE: the Image Factory does not answer",
        format!(
            "Tried: {method} {url}\nSeen: {}\nCause: it is down, the address is wrong, or its certificate is not trusted.\n\
             Cure: check `image_factory` of the provider. With `register = false` nothing is asked.",
            chain(error)
        ),
    )
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    plain(&text)
}

/// Without the texts on which wrappers repeat a whole apply (terragrunt: `provider … tcp … timeout` and the like).
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.contains("timed out") || lower.contains("timeout") {
        return "silence until the time allowed had passed".to_owned();
    }
    if lower.contains("reset by peer") {
        return "the other side cut the connection".to_owned();
    }
    text.replace("tcp connect error: ", "").replace("tcp ", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_makes_a_wrapper_try_again() {
        for text in [
            "error sending request: tcp connect error: Connection timed out (os error 110)",
            "tcp read: Connection reset by peer (os error 104)",
            "tcp connect error: Connection refused (os error 111)",
            "operation timed out",
        ] {
            let plain = plain(text).to_lowercase();
            for pattern in ["tcp", "timeout", "timed out", "reset by peer"] {
                assert!(!plain.contains(pattern), "{plain}");
            }
        }
        assert_eq!(
            plain("tcp connect error: Connection refused"),
            "Connection refused"
        );
    }
}
