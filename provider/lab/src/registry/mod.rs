//! An OCI registry that is read: the distribution API as ghcr.io offers it to anybody, token
//! included.

mod artifact;
mod store;

use std::path::Path;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Request, Response};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::listen::{Body, Service, full, text};
use crate::tools::Places;
pub(crate) use artifact::REPOSITORY;
use store::{Store, digest};

/// The registry. What it holds is made when somebody asks for it first.
pub(crate) struct Registry {
    tools: Places,
    store: Arc<OnceCell<Store>>,
    /// How clients reach it, for the address of its tokens.
    scheme: &'static str,
}

/// What the registry gives to anybody.
const TOKEN: &str = "anybody";

impl Registry {
    /// A registry with the operator's manifests, to be made from the files of the operator's
    /// module.
    pub(crate) fn of(tools: &Places) -> Self {
        Self {
            tools: tools.clone(),
            store: Arc::default(),
            scheme: "https",
        }
    }

    /// The same registry without TLS.
    pub(crate) fn plain(&self) -> Self {
        Self {
            tools: self.tools.clone(),
            store: Arc::clone(&self.store),
            scheme: "http",
        }
    }

    async fn store(&self) -> Result<&Store, String> {
        let tools = self.tools.clone();
        let fill = || async {
            let filled = tokio::task::spawn_blocking(move || fill(&tools)).await;
            filled.map_err(|error| error.to_string())?
        };
        self.store.get_or_try_init(fill).await
    }

    /// The answer to a path below `/v2/`: `NAME/manifests/REFERENCE` and the like.
    async fn read(&self, path: &str) -> Response<Body> {
        let store = match self.store().await {
            Ok(store) => store,
            Err(problem) => return error(503, "UNAVAILABLE", &problem),
        };
        for kind in ["/manifests/", "/blobs/", "/tags/"] {
            let Some((name, reference)) = path.rsplit_once(kind) else {
                continue;
            };
            return match kind {
                "/manifests/" => manifest(store, name, reference),
                "/blobs/" => blob(store, reference),
                _ => tags(store, name),
            };
        }
        error(404, "NAME_UNKNOWN", "repository name not known to registry")
    }
}

/// A registry with what the operator's module says.
fn fill(tools: &Places) -> Result<Store, String> {
    let module = tools
        .assets("flux-operator")
        .ok_or("the files of flux-operator are missing: run `cargo xtask tools`")?;
    let kubectl = tools.find("kubectl")?;
    let version =
        version(&module).ok_or_else(|| format!("{} names no version", module.display()))?;
    let mut store = Store::default();
    artifact::publish(&mut store, &module, &version, &kubectl)?;
    Ok(store)
}

fn manifest(store: &Store, name: &str, reference: &str) -> Response<Body> {
    match store.manifest(name, reference) {
        Some((kind, bytes)) => named(kind, bytes),
        None => error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
    }
}

fn blob(store: &Store, name: &str) -> Response<Body> {
    match store.blob(name) {
        Some(bytes) => named("application/octet-stream", bytes),
        None => error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
    }
}

fn tags(store: &Store, name: &str) -> Response<Body> {
    match store.tags(name) {
        Some(tags) => text(
            200,
            "application/json",
            json!({ "name": name, "tags": tags }).to_string(),
        ),
        None => error(404, "NAME_UNKNOWN", "repository name not known to registry"),
    }
}

/// Sends somebody without a token to where tokens are.
fn challenge(scheme: &str, request: &Request<Incoming>, path: &str) -> Response<Body> {
    let host = request
        .headers()
        .get("host")
        .and_then(|host| host.to_str().ok())
        .unwrap_or("ghcr.io");
    let end = ["/manifests/", "/blobs/", "/tags/"]
        .iter()
        .find_map(|kind| path.find(kind));
    let name = path.get(..end.unwrap_or(path.len())).unwrap_or_default();
    let value = format!(
        "Bearer realm=\"{scheme}://{host}/token\",service=\"{host}\",scope=\"repository:{name}:pull\""
    );
    let mut response = error(401, "UNAUTHORIZED", "authentication required");
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert("www-authenticate", value);
    }
    response
}

/// `v0.58.1` of `flux-operator-0.58.1`.
fn version(module: &Path) -> Option<String> {
    let name = module.file_name()?.to_str()?;
    let (_, version) = name.rsplit_once('-')?;
    Some(format!("v{version}"))
}

fn named(kind: &'static str, bytes: bytes::Bytes) -> Response<Body> {
    let name = digest(&bytes);
    let length = bytes.len();
    let mut response = text(200, kind, bytes);
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert("docker-content-digest", name);
    }
    response
        .headers_mut()
        .insert("content-length", length.into());
    response
}

/// An error of the distribution specification.
fn error(status: u16, code: &str, message: &str) -> Response<Body> {
    let body = json!({ "errors": [{ "code": code, "message": message }] });
    text(status, "application/json", body.to_string())
}

/// A fault's error.
pub(crate) fn fault_error(status: u16, message: &str) -> Response<Body> {
    error(status, "UNKNOWN", message)
}

impl Service for Registry {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let head = request.method() == hyper::Method::HEAD;
        if path == "/token" {
            return text(
                200,
                "application/json",
                json!({ "token": TOKEN }).to_string(),
            );
        }
        let Some(below) = path.strip_prefix("/v2/") else {
            return error(404, "NAME_UNKNOWN", "not found");
        };
        if !head && request.method() != hyper::Method::GET {
            return error(405, "UNSUPPORTED", "the operation is unsupported");
        }
        let login = request
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        if login != Some(&format!("Bearer {TOKEN}")) {
            return challenge(self.scheme, &request, below);
        }
        let mut response = match below {
            "" => text(200, "application/json", "{}"),
            below => self.read(below).await,
        };
        if head {
            *response.body_mut() = full("");
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_tells_the_version() {
        assert_eq!(
            version(Path::new("/x/flux-operator-0.58.1")).as_deref(),
            Some("v0.58.1")
        );
    }
}
