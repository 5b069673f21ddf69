//! What a cluster holds, counted for people.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// Objects by resource, asked of etcd itself: one request for all kinds.
///
/// # Errors
/// etcd does not answer.
pub(super) async fn objects(port: u16) -> Result<BTreeMap<String, usize>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("etcd does not answer: {error}");
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(|error| failed(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(&error))?;
    tokio::spawn(connection);
    // Everything from `/registry/` on up to the next key that does not begin so.
    let range = json!({ "key": STANDARD.encode("/registry/"), "range_end": STANDARD.encode("/registry0"), "keys_only": true });
    let request = Request::post("/v3/kv/range")
        .header("host", "etcd")
        .body(Full::new(Bytes::from(range.to_string())))
        .map_err(|error| failed(&error))?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(|error| failed(&error))?;
    let body = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| failed(&error))?
        .to_bytes();
    let answer: Value = serde_json::from_slice(&body).map_err(|error| failed(&error))?;
    let keys = answer["kvs"].as_array().into_iter().flatten();
    let keys = keys.filter_map(|entry| STANDARD.decode(entry["key"].as_str()?).ok());
    let mut counts = BTreeMap::new();
    for key in keys {
        if let Some(resource) = resource(&String::from_utf8_lossy(&key)) {
            *counts.entry(resource).or_default() += 1;
        }
    }
    Ok(counts)
}

/// The resource of a key (`/registry/pods/…`, `/registry/GROUP/RESOURCE/…`).
fn resource(key: &str) -> Option<String> {
    let mut parts = key.strip_prefix("/registry/")?.split('/');
    let first = parts.next()?;
    let name = match first {
        // Names of these differ from those that people know.
        "minions" => "nodes",
        "services" => match parts.next()? {
            "endpoints" => "endpoints",
            _ => "services",
        },
        group if group.contains('.') => parts.next()?,
        plain => plain,
    };
    parts.next()?;
    Some(name.to_owned())
}

/// What `talos-lab status` prints of the clusters in a world's folder.
#[must_use]
pub fn summary(folder: &Path) -> Vec<Value> {
    let folders = std::fs::read_dir(folder.join("kubernetes"))
        .into_iter()
        .flatten()
        .flatten();
    let texts =
        folders.filter_map(|entry| std::fs::read_to_string(entry.path().join(SUMMARY)).ok());
    texts
        .filter_map(|text| serde_json::from_str(&text).ok())
        .collect()
}

/// Where it is kept.
pub(super) const SUMMARY: &str = "summary.json";

#[cfg(test)]
mod tests {
    use super::resource;

    #[test]
    fn keys_tell_their_resource() {
        let of = |key| resource(key).unwrap();
        assert_eq!(of("/registry/pods/default/a"), "pods");
        assert_eq!(of("/registry/minions/cp01"), "nodes");
        assert_eq!(
            of("/registry/services/specs/default/kubernetes"),
            "services"
        );
        assert_eq!(
            of("/registry/services/endpoints/default/kubernetes"),
            "endpoints"
        );
        assert_eq!(
            of("/registry/fluxcd.controlplane.io/fluxinstances/flux-system/flux"),
            "fluxinstances"
        );
        assert_eq!(resource("/registry/health"), None);
    }
}
