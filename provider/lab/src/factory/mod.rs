//! An image factory: schematics, versions, extensions, and images of a few kilobytes.
//!
//! Paths, statuses and the rule of ids are those of siderolabs/image-factory; texts of errors are
//! not recorded.

mod image;
mod schematic;

use std::fs;
use std::path::PathBuf;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::listen::{Body, Service, full, plain_error, text};
use image::Image;
use schematic::Schematic;

/// The factory.
pub(crate) struct Factory {
    folder: PathBuf,
}

/// Versions that it builds: of each line the first and the last that this project knows.
const VERSIONS: [&str; 16] = [
    "v1.9.0", "v1.9.6", "v1.10.0", "v1.10.9", "v1.11.0", "v1.11.6", "v1.12.0", "v1.12.1",
    "v1.12.2", "v1.12.3", "v1.12.4", "v1.12.5", "v1.12.6", "v1.12.11", "v1.13.0", "v1.13.9",
];

/// Official extensions (names of siderolabs/extensions), each with what it is.
const EXTENSIONS: [(&str, &str, &str); 17] = [
    ("amd-ucode", "20260110", "AMD microcode"),
    ("amdgpu", "20260110", "AMD GPU firmware and modules"),
    ("bird2", "2.17.1", "BIRD routing daemon"),
    ("crun", "1.26", "crun container runtime"),
    ("ctr", "v2.1.6", "containerd's ctr"),
    ("gvisor", "20260105.0", "gVisor container runtime"),
    ("i915", "20260110", "Intel GPU firmware and modules"),
    ("intel-ucode", "20251111", "Intel microcode"),
    ("iscsi-tools", "v0.2.0", "iSCSI tools"),
    ("nfs-utils", "2.8.4", "NFS utilities"),
    (
        "nvidia-container-toolkit-lts",
        "580.126.09-v1.18.1",
        "NVIDIA container toolkit",
    ),
    (
        "nvidia-open-gpu-kernel-modules-lts",
        "580.126.09",
        "NVIDIA kernel modules",
    ),
    ("qemu-guest-agent", "10.2.0", "QEMU guest agent"),
    ("tailscale", "1.94.1", "Tailscale"),
    ("util-linux-tools", "2.41.2", "tools of util-linux"),
    ("xe", "20260110", "Intel GPU firmware and modules"),
    ("zfs", "2.4.0", "ZFS"),
];

/// The largest schematic that is taken.
const LARGEST: usize = 1 << 20;

impl Factory {
    /// A factory that keeps its schematics in a folder.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn new(folder: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        Ok(Self { folder })
    }

    fn kept(&self, id: &str) -> Option<String> {
        let named = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let path = named.then(|| self.folder.join(format!("{id}.yaml")))?;
        fs::read_to_string(path).ok()
    }

    async fn register(&self, request: Request<Incoming>) -> Response<Body> {
        let body = Limited::new(request.into_body(), LARGEST).collect().await;
        let Ok(body) = body else {
            return plain_error(400, "the schematic is too large");
        };
        let body = body.to_bytes();
        let schematic = match Schematic::read(&String::from_utf8_lossy(&body)) {
            Ok(schematic) => schematic,
            Err(error) => {
                return plain_error(400, &format!("yaml: unmarshal errors:\n  {error}\n"));
            }
        };
        let (id, canonical) = (schematic.id(), schematic.canonical());
        if let Err(error) = fs::write(self.folder.join(format!("{id}.yaml")), canonical) {
            return plain_error(500, &format!("cannot keep the schematic: {error}"));
        }
        text(
            201,
            "application/json",
            format!("{}\n", json!({ "id": id })),
        )
    }

    /// An image, or why there is none.
    fn image(&self, schematic: &str, version: &str, name: &str) -> Response<Body> {
        let Some(kept) = self.kept(schematic) else {
            return plain_error(404, &format!("schematic ID {schematic:?} not found\n"));
        };
        if !VERSIONS.contains(&version) {
            return plain_error(404, &format!("version {version:?} is not available\n"));
        }
        let Some(image) = Image::read(name) else {
            return plain_error(404, &format!("invalid image path {name:?}\n"));
        };
        let schematic_text = Schematic::read(&kept).unwrap_or_default();
        let missing = schematic_text
            .extensions()
            .iter()
            .find(|extension| !is_official(extension));
        if let Some(extension) = missing {
            return plain_error(
                400,
                &format!(
                    "official extension {extension:?} is not available for Talos version {version}\n"
                ),
            );
        }
        text(200, image.content_type(), image.bytes(schematic, version))
    }
}

fn is_official(extension: &str) -> bool {
    let name = extension.strip_prefix("siderolabs/");
    EXTENSIONS.iter().any(|(own, _, _)| name == Some(own))
}

fn extensions(version: &str) -> Response<Body> {
    if !VERSIONS.contains(&version) {
        return plain_error(404, &format!("version {version:?} is not available\n"));
    }
    let listed = EXTENSIONS.iter().map(|(name, tag, description)| {
        let digest = Sha256::digest(format!("{name} {tag} {version}"));
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "name": format!("siderolabs/{name}"),
            "ref": format!("ghcr.io/siderolabs/{name}:{tag}"),
            "digest": format!("sha256:{digest}"),
            "author": "Sidero Labs",
            "description": description,
        })
    });
    text(
        200,
        "application/json",
        json!(listed.collect::<Vec<_>>()).to_string(),
    )
}

impl Service for Factory {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let head = request.method() == hyper::Method::HEAD;
        let method = if head {
            "GET".to_owned()
        } else {
            request.method().to_string()
        };
        let path = request.uri().path().to_owned();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let mut response = match (method.as_str(), parts.as_slice()) {
            ("POST", ["schematics"]) => self.register(request).await,
            ("GET", ["schematics", id]) => match self.kept(id) {
                Some(kept) => text(200, "application/yaml", kept),
                None => plain_error(404, &format!("schematic ID {id:?} not found\n")),
            },
            ("GET", ["versions"]) => text(200, "application/json", json!(VERSIONS).to_string()),
            ("GET", ["version", version, "extensions", "official"]) => extensions(version),
            ("GET", ["version", _, "overlays", "official"]) => text(200, "application/json", "[]"),
            ("GET", ["image", schematic, version, name]) => self.image(schematic, version, name),
            ("GET", ["healthz"]) => plain_error(200, "ok"),
            _ => plain_error(404, "404 page not found\n"),
        };
        if head {
            let length = hyper::body::Body::size_hint(response.body())
                .exact()
                .unwrap_or_default();
            response
                .headers_mut()
                .insert("content-length", length.into());
            *response.body_mut() = full("");
        }
        response
    }
}
