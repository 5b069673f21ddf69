//! Credentials that a control plane hands out: Kubeconfig and GenerateClientConfiguration.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use proto_talos::{common, machine as api};
use serde_json::json;
use tonic::Status;

use super::{control_plane, look};
use crate::talos::api::{Reply, one, stream as answer};
use crate::talos::config::Config;
use crate::talos::fleet::Fleet;
use crate::talos::machine::Key;
use crate::talos::pki::{Leaf, issue};
use crate::talos::yaml;

fn active(fleet: &Fleet, key: &Key) -> Result<Config, Status> {
    let active = look(fleet, key, |_, _, run| run.active.clone())?;
    active.ok_or_else(super::gone)
}

/// A year, which Talos takes where the configuration says nothing.
const KUBECONFIG: Duration = Duration::from_secs(8760 * 3600);

pub(crate) fn kubeconfig(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    control_plane(fleet, key, "kubeconfig")?;
    let config = active(fleet, key)?;
    let server = config
        .text_at("/cluster/controlPlane/endpoint")
        .unwrap_or_default();
    let text = admin_kubeconfig(&config, server).map_err(Status::unknown)?;
    let archive = archived("kubeconfig", text.as_bytes());
    let archive = archive.map_err(|error| Status::unknown(error.to_string()))?;
    let data = common::Data {
        metadata: None,
        bytes: archive,
    };
    Ok(answer(stream::iter([Ok(data)])))
}

/// A kubeconfig of an administrator, with a certificate of its own.
pub(crate) fn admin_kubeconfig(config: &Config, server: &str) -> Result<String, String> {
    let missing = || "the cluster's CA is missing".to_owned();
    let authority = config.bytes_at("/cluster/ca/crt").ok_or_else(missing)?;
    let signer = config.bytes_at("/cluster/ca/key").ok_or_else(missing)?;
    let leaf = Leaf {
        common_name: Some("admin".to_owned()),
        organizations: vec!["system:masters".to_owned()],
        lifetime: KUBECONFIG,
        ..Leaf::default()
    };
    let issued = issue(&authority, &signer, &leaf)?;
    let cluster = config.cluster_name();
    let user = format!("admin@{cluster}");
    Ok(yaml::emit(&json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": cluster, "cluster": {
            "server": server, "certificate-authority-data": STANDARD.encode(authority),
        } }],
        "users": [{ "name": user, "user": {
            "client-certificate-data": STANDARD.encode(issued.certificate),
            "client-key-data": STANDARD.encode(issued.key),
        } }],
        "contexts": [{ "name": user, "context": {
            "cluster": cluster, "namespace": "default", "user": user,
        } }],
        "current-context": user,
    })))
}

/// A compressed archive of one file that ends without an end, as Talos writes it.
fn archived(name: &str, content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(u64::try_from(content.len()).unwrap_or_default());
    header.set_mode(0o600);
    header.set_cksum();
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(header.as_bytes())?;
    writer.write_all(content)?;
    writer.finish()
}

pub(crate) fn client(
    fleet: &Fleet,
    key: &Key,
    request: &api::GenerateClientConfigurationRequest,
) -> Result<Reply, Status> {
    let config = active(fleet, key)?;
    if !config.control_plane() {
        return Err(Status::failed_precondition(
            "client configuration (talosconfig) can't be generated on worker nodes",
        ));
    }
    let seconds = request.crt_ttl.map_or(0, |ttl| ttl.seconds);
    let Some(lifetime) = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0) else {
        return Err(Status::invalid_argument("crt_ttl should be positive"));
    };
    let missing = || Status::unknown("the machine's CA is missing");
    let authority = config.bytes_at("/machine/ca/crt").ok_or_else(missing)?;
    let signer = config.bytes_at("/machine/ca/key").ok_or_else(missing)?;
    let leaf = Leaf {
        organizations: request.roles.clone(),
        lifetime: Duration::from_secs(lifetime),
        ..Leaf::default()
    };
    let issued = issue(&authority, &signer, &leaf).map_err(Status::unknown)?;
    // Talos' own name of a key's form.
    let private = issued.key.replace("PRIVATE KEY", "ED25519 PRIVATE KEY");
    let context = match request.roles.as_slice() {
        [only] => format!(
            "{}@{}",
            only.trim_start_matches("os:"),
            config.cluster_name()
        ),
        _ => config.cluster_name().to_owned(),
    };
    let talosconfig = yaml::emit(&json!({
        "context": context,
        "contexts": { context.clone(): {
            "endpoints": [],
            "ca": STANDARD.encode(&authority),
            "crt": STANDARD.encode(&issued.certificate),
            "key": STANDARD.encode(&private),
        } },
    }));
    Ok(one(&api::GenerateClientConfigurationResponse {
        messages: vec![api::GenerateClientConfiguration {
            metadata: None,
            ca: authority,
            crt: issued.certificate.into_bytes(),
            key: private.into_bytes(),
            talosconfig: talosconfig.into_bytes(),
        }],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn an_archive_holds_its_file_and_no_end() {
        let bytes = archived("kubeconfig", b"hello").unwrap();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain.len(), 512 + 5);
        assert!(plain.starts_with(b"kubeconfig\0") && plain.ends_with(b"hello"));
    }
}
