//! Container images of one program each, made from the tools, in the form that a registry serves.

use super::error::RackError;
use super::rootfs::{libraries, short};
use crate::cache;
use crate::tools::{self, Ready, Tool};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Raised whenever what this file writes changes.
const REVISION: &str = "1";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Uncompressed: the registry is next door, and compressing takes longer than sending.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Tools that become images, with the repositories under which the machines ask for them.
const IMAGES: [(Tool, &str, &str); 6] = [
    (Tool::Etcd, "etcd", "usr/local/bin/etcd"),
    (
        Tool::KubeApiserver,
        "kube-apiserver",
        "usr/local/bin/kube-apiserver",
    ),
    (
        Tool::KubeControllerManager,
        "kube-controller-manager",
        "usr/local/bin/kube-controller-manager",
    ),
    (
        Tool::KubeScheduler,
        "kube-scheduler",
        "usr/local/bin/kube-scheduler",
    ),
    (Tool::Kubelet, "siderolabs/kubelet", "usr/local/bin/kubelet"),
    (Tool::Pause, "pause", "pause"),
];

/// The tools that [`prepare`] needs.
pub(super) fn tools() -> impl Iterator<Item = Tool> {
    IMAGES.iter().map(|(tool, _, _)| *tool)
}

/// An image on disk: a folder with `manifest.json` and one file per blob, named by its digest.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub repository: &'static str,
    pub folder: PathBuf,
}

/// Returns the image of each tool that has one, writing those that the cache does not have.
pub(super) fn prepare(tools: &[Ready]) -> Result<Vec<Image>, RackError> {
    let mut images = Vec::new();
    for tool in tools {
        let Some((_, repository, program)) =
            IMAGES.iter().find(|(image, _, _)| *image == tool.tool)
        else {
            continue;
        };
        let folder = cache::root().join("images");
        let target = folder.join(key(tool));
        if !target.is_dir() {
            fs::create_dir_all(&folder).map_err(RackError::file("create", &folder))?;
            let unfinished =
                tempfile::tempdir_in(&folder).map_err(RackError::file("create", &folder))?;
            write(unfinished.path(), tool, program)?;
            // When another process was faster, its image is the same and ours goes with the folder.
            let _ = fs::rename(unfinished.path(), &target);
        }
        images.push(Image {
            repository,
            folder: target,
        });
    }
    Ok(images)
}

fn key(tool: &Ready) -> String {
    let digest = Sha256::digest(format!(
        "{REVISION} {} {} {}",
        tool.name,
        tool.version,
        tool.path.display()
    ));
    format!("{}-{}-{}", tool.name, tool.version, short(&digest))
}

fn write(folder: &Path, tool: &Ready, program: &str) -> Result<(), RackError> {
    let layer = layer(tool, program).map_err(RackError::file("pack", &tool.path))?;
    let layer_digest = blob(folder, &layer)?;
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "config": { "Entrypoint": [format!("/{program}")], "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"] },
        "rootfs": { "type": "layers", "diff_ids": [layer_digest] },
    })
    .to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": CONFIG, "digest": blob(folder, config.as_bytes())?, "size": config.len() },
        "layers": [{ "mediaType": LAYER, "digest": layer_digest, "size": layer.len() }],
    })
    .to_string();
    let file = folder.join("manifest.json");
    fs::write(&file, manifest).map_err(RackError::file("write", &file))
}

/// Name of this host's processor in the terms of Go and of OCI.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Writes `content` under its digest, which is returned.
fn blob(folder: &Path, content: &[u8]) -> Result<String, RackError> {
    let name = digest(content);
    let file = folder.join(&name);
    fs::write(&file, content).map_err(RackError::file("write", &file))?;
    Ok(name)
}

/// `sha256:` and the digest of `content` in hexadecimal.
pub(super) fn digest(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

fn layer(tool: &Ready, program: &str) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for folder in [
        "etc/",
        "run/",
        "tmp/",
        "usr/",
        "usr/bin/",
        "usr/local/",
        "usr/local/bin/",
        "var/",
    ] {
        entry(&mut archive, folder, 0o755, &[])?;
    }
    entry(&mut archive, program, 0o755, &fs::read(&tool.path)?)?;
    if tool.tool == Tool::Kubelet {
        kubelet_surroundings(&mut archive)?;
    }
    archive.into_inner()
}

/// The kubelet runs mount commands and looks users up; Talos binds the host's /run on its /var/run.
fn kubelet_surroundings(archive: &mut tar::Builder<Vec<u8>>) -> std::io::Result<()> {
    entry(
        archive,
        "etc/passwd",
        0o644,
        b"root:x:0:0:root:/root:/sbin/nologin\n",
    )?;
    entry(archive, "etc/group", 0o644, b"root:x:0:\n")?;
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    link.set_mode(0o777);
    archive.append_link(&mut link, "var/run", "/run")?;
    let mut libraries_in = std::collections::BTreeSet::new();
    for name in ["mount", "umount", "findmnt"] {
        let Some(path) = tools::which(name) else {
            continue;
        };
        entry(
            archive,
            &format!("usr/bin/{name}"),
            0o755,
            &fs::read(&path)?,
        )?;
        libraries_in.extend(libraries(&path).map_err(std::io::Error::other)?);
    }
    for library in libraries_in {
        let name = library
            .strip_prefix("/")
            .unwrap_or(&library)
            .to_string_lossy()
            .into_owned();
        entry(archive, &name, 0o755, &fs::read(&library)?)?;
    }
    Ok(())
}

/// Adds a file, or a folder where `name` ends in a slash, with no time of its own: equal input, equal digest.
fn entry(
    archive: &mut tar::Builder<Vec<u8>>,
    name: &str,
    mode: u32,
    content: &[u8],
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(if name.ends_with('/') {
        tar::EntryType::Directory
    } else {
        tar::EntryType::Regular
    });
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    archive.append_data(&mut header, name, content)
}

#[cfg(test)]
mod tests {
    use super::{digest, entry};

    #[test]
    fn equal_content_has_equal_digests() {
        let pack = || {
            let mut archive = tar::Builder::new(Vec::new());
            entry(&mut archive, "a/", 0o755, &[]).unwrap();
            entry(&mut archive, "a/b", 0o644, b"text").unwrap();
            digest(&archive.into_inner().unwrap())
        };
        assert_eq!(pack(), pack());
        assert_eq!(
            digest(b""),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
