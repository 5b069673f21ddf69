//! Manifests out of a registry: one image manifest, one layer of tar and gzip, every byte checked against its digest.
//!
//! Facts: OCI distribution 1.1 (manifests, blobs, the bearer challenge); the layer of
//! `flux-operator-manifests` is `application/vnd.cncf.flux.content.v1.tar+gzip` with `flux-operator/install.yaml` in it.

use std::io::Read as _;
use std::time::Duration;

use flate2::read::GzDecoder;
use reqwest::header::{ACCEPT, AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::error::{Code, Error, Result};
use client_core::Cx;

/// Kinds of manifests that hold what is looked for, or lead there.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Most bytes that a manifest or a layer may have; the published layer has 2 MB.
const LARGEST: u64 = 64 << 20;
/// Most bytes that one file in a layer may have.
const LARGEST_FILE: u64 = 16 << 20;

/// Where an artifact is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    scheme: &'static str,
    host: String,
    repository: String,
    /// Tag or digest.
    version: String,
}

impl Reference {
    /// Reads `oci://host/repository[:tag][@digest]`; `tag` stands in where none is said. Registries on this computer, and
    /// those written as `oci+http://`, are called without TLS.
    ///
    /// # Errors
    /// [`Code::Settings`] when it has another form.
    pub fn parse(text: &str, tag: &str) -> Result<Reference> {
        let wrong = || {
            Error::new(
                Code::Settings,
                format!("reading the address {text:?}"),
                "it is not oci://host/repository",
            )
        };
        let (plain, rest) = match (
            text.strip_prefix("oci://"),
            text.strip_prefix("oci+http://"),
        ) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(wrong()),
        };
        let (host, path) = rest.split_once('/').ok_or_else(wrong)?;
        let (path, digest) = path
            .split_once('@')
            .map_or((path, None), |(path, digest)| (path, Some(digest)));
        let (repository, said) = path
            .rsplit_once(':')
            .map_or((path, None), |(path, tag)| (path, Some(tag)));
        if host.is_empty() || repository.is_empty() {
            return Err(wrong());
        }
        let local = ["localhost", "127.0.0.1", "[::1]"];
        let local = local
            .iter()
            .any(|name| host == *name || host.starts_with(&format!("{name}:")));
        Ok(Reference {
            scheme: if plain || local { "http" } else { "https" },
            host: host.to_owned(),
            repository: repository.to_owned(),
            version: digest.or(said).unwrap_or(tag).to_owned(),
        })
    }

    fn url(&self, what: &str, which: &str) -> String {
        format!(
            "{}://{}/v2/{}/{what}/{which}",
            self.scheme, self.host, self.repository
        )
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = if self.version.contains(':') { '@' } else { ':' };
        write!(
            f,
            "oci://{}/{}{mark}{}",
            self.host, self.repository, self.version
        )
    }
}

/// A file of an artifact.
pub struct Pulled {
    /// Digest of the manifest: `sha256:…`.
    pub digest: String,
    /// The file's text.
    pub text: String,
}

/// Fetches the text of `file` out of an artifact. Where `digest` is given, no other artifact will do.
///
/// # Errors
/// Why it cannot be had; [`Code::ArtifactDigest`] when any digest is not the expected one.
pub async fn pull(
    cx: &Cx,
    reference: &Reference,
    digest: Option<&str>,
    file: &str,
) -> Result<Pulled> {
    match cx.bounded(fetch(reference, digest, file)).await {
        Ok(result) => result,
        Err(ended) => {
            let late = Error::new(
                Code::RegistryUnreachable,
                format!("pulling {reference}"),
                "no answer in time",
            );
            Err(ended.with(late))
        }
    }
}

async fn fetch(reference: &Reference, digest: Option<&str>, file: &str) -> Result<Pulled> {
    let mut puller = Puller::new(reference)?;
    let wanted = digest.unwrap_or(&reference.version).to_owned();
    let bytes = puller.get("manifests", &wanted, MANIFESTS).await?;
    let found = digest_of(&bytes);
    if wanted.starts_with("sha256:") && wanted != found {
        return Err(puller.error(
            Code::ArtifactDigest,
            format!("the manifest has {found}, wanted is {wanted}"),
        ));
    }
    let mut manifest = puller.json(&bytes)?;
    if let Some(first) = manifest["manifests"][0]["digest"]
        .as_str()
        .map(str::to_owned)
    {
        let bytes = puller.blob("manifests", &first).await?;
        manifest = puller.json(&bytes)?;
    }
    let layer = manifest["layers"][0]["digest"].as_str();
    let layer = layer
        .ok_or_else(|| puller.error(Code::ArtifactContent, "its manifest names no layer"))?
        .to_owned();
    let bytes = puller.blob("blobs", &layer).await?;
    let text = unpack(&bytes, file).map_err(|why| puller.error(Code::ArtifactContent, why))?;
    Ok(Pulled {
        digest: found,
        text,
    })
}

/// HTTP with errors that say what was fetched.
struct Fetcher {
    attempted: String,
    http: reqwest::Client,
}

impl Fetcher {
    fn new(attempted: String) -> Result<Self> {
        // Whoever installs a provider first wins; all of ours are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| Error::new(Code::Settings, &attempted, error.to_string()))?;
        Ok(Self { attempted, http })
    }

    fn error(&self, code: Code, seen: impl AsRef<str>) -> Error {
        Error::new(code, &self.attempted, seen)
    }

    /// reqwest takes the authorization off when a blob's redirect leads to another host.
    async fn send(&self, url: &str, accept: &str, token: Option<&str>) -> Result<Response> {
        let mut request = self.http.get(url).header(ACCEPT, accept);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        request.send().await.map_err(|error| self.silent(&error))
    }

    async fn body(&self, mut answer: Response) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.silent(&error))? {
            if (bytes.len() + chunk.len()) as u64 > LARGEST {
                return Err(self.error(Code::ArtifactContent, "it is larger than 64 MiB"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn silent(&self, error: &reqwest::Error) -> Error {
        let mut told = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(inner) = source {
            told = inner.to_string();
            source = inner.source();
        }
        self.error(Code::RegistryUnreachable, told)
    }
}

struct Puller<'a> {
    reference: &'a Reference,
    fetcher: Fetcher,
    token: Option<String>,
}

impl<'a> Puller<'a> {
    fn new(reference: &'a Reference) -> Result<Self> {
        Ok(Self {
            reference,
            fetcher: Fetcher::new(format!("pulling {reference}"))?,
            token: None,
        })
    }

    fn error(&self, code: Code, seen: impl AsRef<str>) -> Error {
        self.fetcher.error(code, seen)
    }

    fn json(&self, bytes: &[u8]) -> Result<Value> {
        serde_json::from_slice(bytes)
            .map_err(|_| self.error(Code::ArtifactContent, "its manifest is no JSON"))
    }

    /// What a digest names, checked.
    async fn blob(&mut self, what: &str, digest: &str) -> Result<Vec<u8>> {
        let bytes = self.get(what, digest, MANIFESTS).await?;
        let found = digest_of(&bytes);
        if found != digest {
            return Err(self.error(
                Code::ArtifactDigest,
                format!("a part has {found}, announced is {digest}"),
            ));
        }
        Ok(bytes)
    }

    async fn get(&mut self, what: &str, which: &str, accept: &str) -> Result<Vec<u8>> {
        let url = self.reference.url(what, which);
        let mut answer = self
            .fetcher
            .send(&url, accept, self.token.as_deref())
            .await?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.token.is_none() {
            let challenge = answer
                .headers()
                .get(WWW_AUTHENTICATE)
                .and_then(|value| value.to_str().ok());
            let challenge = challenge.unwrap_or_default().to_owned();
            self.token = Some(self.login(&challenge).await?);
            answer = self
                .fetcher
                .send(&url, accept, self.token.as_deref())
                .await?;
        }
        let code = match answer.status().as_u16() {
            200 => return self.fetcher.body(answer).await,
            401 | 403 => Code::RegistryAuth,
            404 => Code::ArtifactMissing,
            429 | 500..=599 => Code::RegistryUnreachable,
            _ => Code::ArtifactContent,
        };
        Err(self.error(code, format!("{} for {what}/{which}", answer.status())))
    }

    /// An anonymous token, as the challenge says: `Bearer realm="…",service="…",scope="…"`.
    async fn login(&self, challenge: &str) -> Result<String> {
        let refused = |seen: &str| self.error(Code::RegistryAuth, seen);
        let parameter = |name: &str| {
            let rest = challenge.split(&format!("{name}=\"")).nth(1)?;
            rest.split('"').next()
        };
        let realm = parameter("realm").ok_or_else(|| refused("401 without a way to log in"))?;
        let mut url =
            reqwest::Url::parse(realm).map_err(|_| refused("401 with a damaged way to log in"))?;
        let pull = format!("repository:{}:pull", self.reference.repository);
        url.query_pairs_mut()
            .append_pair("scope", parameter("scope").unwrap_or(&pull));
        if let Some(service) = parameter("service") {
            url.query_pairs_mut().append_pair("service", service);
        }
        let answer = self.fetcher.send(url.as_str(), "*/*", None).await?;
        let bytes = self.fetcher.body(answer).await?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let token = answer["token"].as_str().or(answer["access_token"].as_str());
        token
            .map(str::to_owned)
            .ok_or_else(|| refused("it hands out no anonymous token"))
    }
}

/// The text at an address.
///
/// # Errors
/// Why it cannot be had.
pub async fn download(cx: &Cx, url: &str) -> Result<String> {
    let fetcher = Fetcher::new(format!("fetching {url}"))?;
    let work = async {
        let answer = fetcher.send(url, "*/*", None).await?;
        if !answer.status().is_success() {
            return Err(fetcher.error(Code::ArtifactMissing, answer.status().to_string()));
        }
        let bytes = fetcher.body(answer).await?;
        String::from_utf8(bytes).map_err(|_| fetcher.error(Code::ArtifactContent, "it is no text"))
    };
    match cx.bounded(work).await {
        Ok(result) => result,
        Err(_) => Err(fetcher.error(Code::RegistryUnreachable, "no answer in time")),
    }
}

/// `sha256:…` of bytes.
pub fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", client_core::hex(Sha256::digest(bytes)))
}

/// The text of one file in a layer.
fn unpack(layer: &[u8], file: &str) -> std::result::Result<String, String> {
    let damaged = |error: std::io::Error| format!("its layer is damaged: {error}");
    let mut archive = tar::Archive::new(GzDecoder::new(layer));
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let path = entry
            .path()
            .map_err(damaged)?
            .to_string_lossy()
            .into_owned();
        if path.trim_start_matches("./") != file {
            continue;
        }
        let mut text = String::new();
        entry
            .take(LARGEST_FILE)
            .read_to_string(&mut text)
            .map_err(damaged)?;
        return Ok(text);
    }
    Err(format!("it has no {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |text: &str| {
            Reference::parse(text, "v1")
                .map(|reference| reference.url("manifests", &reference.version))
        };
        assert_eq!(
            read("oci://ghcr.io/a/b").unwrap(),
            "https://ghcr.io/v2/a/b/manifests/v1"
        );
        assert_eq!(
            read("oci://ghcr.io/a/b:v2").unwrap(),
            "https://ghcr.io/v2/a/b/manifests/v2"
        );
        assert_eq!(
            read("oci://ghcr.io/a/b:v2@sha256:00").unwrap(),
            "https://ghcr.io/v2/a/b/manifests/sha256:00"
        );
        assert_eq!(
            read("oci://127.0.0.1:5000/a").unwrap(),
            "http://127.0.0.1:5000/v2/a/manifests/v1"
        );
        assert_eq!(
            read("oci+http://registry.lab/a").unwrap(),
            "http://registry.lab/v2/a/manifests/v1"
        );
        for wrong in ["ghcr.io/a", "oci://ghcr.io", "oci:///a", ""] {
            assert_eq!(read(wrong).unwrap_err().code, Code::Settings, "{wrong}");
        }
    }
}
