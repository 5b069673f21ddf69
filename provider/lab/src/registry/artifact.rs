//! The artifact of the operator's manifests, laid out as the published one.
//!
//! Reference: `flux push artifact` of fluxcd/flux2 (media types) and the release workflow of
//! controlplaneio-fluxcd/flux-operator (content).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::store::{Store, digest};

/// Media types of Flux's artifacts.
const CONFIG: &str = "application/vnd.cncf.flux.config.v1+json";
const LAYER: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The repository of the published artifact.
pub(crate) const REPOSITORY: &str = "controlplaneio-fluxcd/flux-operator-manifests";
/// A moment that never changes, so that digests do not either.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// Puts the manifests of the operator's module into a store, tagged with its version and `latest`.
///
/// # Errors
/// The module's files cannot be read, or `kubectl kustomize` refuses them.
pub(super) fn publish(
    store: &mut Store,
    module: &Path,
    version: &str,
    kubectl: &Path,
) -> Result<(), String> {
    let install = install(module, version, kubectl)?;
    let layer =
        layer(module, &install).map_err(|error| format!("{}: {error}", module.display()))?;
    push(store, &layer, version);
    Ok(())
}

/// One text of all objects: the module's own kustomization with the released image.
fn install(module: &Path, version: &str, kubectl: &Path) -> Result<Vec<u8>, String> {
    let folder = module.join("config/default");
    let output = Command::new(kubectl).arg("kustomize").arg(&folder).output();
    let output = output.map_err(|error| format!("cannot run {}: {error}", kubectl.display()))?;
    if !output.status.success() {
        return Err(format!(
            "kubectl kustomize {}: {}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(with_image(&text, version).into_bytes())
}

/// Names the published image: the module leaves its name and tag to the release.
fn with_image(text: &str, version: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.trim_start().strip_prefix("image: ") {
            Some(image) if image.contains("flux-operator") => {
                let indent = &line[..line.len() - line.trim_start().len()];
                format!("{indent}image: ghcr.io/controlplaneio-fluxcd/flux-operator:{version}\n")
            }
            _ => format!("{line}\n"),
        });
    lines.collect()
}

fn layer(module: &Path, install: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut files = vec![(
        PathBuf::from("flux-operator/install.yaml"),
        install.to_vec(),
    )];
    let data = module.join("config/data");
    collect(&data, &data, &mut files)?;
    files.sort();
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    let mut packed = archive.into_inner()?;
    packed.flush()?;
    packed.finish()
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push((name.to_owned(), fs::read(&path)?));
        }
    }
    Ok(())
}

fn push(store: &mut Store, layer: &[u8], version: &str) {
    let layer_digest = store.put(layer.to_vec());
    let config = json!({
        "created": CREATED,
        "architecture": "",
        "os": "",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [layer_digest] },
    })
    .to_string()
    .into_bytes();
    let size = config.len();
    let config_digest = store.put(config);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": CONFIG, "digest": config_digest, "size": size },
        "layers": [{ "mediaType": LAYER, "digest": layer_digest, "size": layer.len() }],
        "annotations": {
            "org.opencontainers.image.created": CREATED,
            "org.opencontainers.image.revision": format!("{version}@sha1:0000000000000000000000000000000000000000"),
            "org.opencontainers.image.source": "https://github.com/controlplaneio-fluxcd/flux-operator",
        },
    })
    .to_string()
    .into_bytes();
    let name = digest(&manifest);
    store.put_manifest(REPOSITORY, &name, MANIFEST, manifest);
    for tag in [version, "latest"] {
        store.tag(REPOSITORY, tag, &name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_operators_image_is_named() {
        let text =
            "      - name: manager\n        image: flux-operator:latest\n        image: other:1\n";
        let wanted = "      - name: manager\n        image: ghcr.io/controlplaneio-fluxcd/flux-operator:v0.58.1\n        image: other:1\n";
        assert_eq!(with_image(text, "v0.58.1"), wanted);
    }

    #[test]
    fn an_artifact_is_always_the_same_and_points_at_its_parts() {
        let module = tempfile::tempdir().unwrap();
        let data = module.path().join("config/data/flux/v2.7.5");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("a.yaml"), "kind: A\n").unwrap();
        let made = || {
            let mut store = Store::default();
            push(
                &mut store,
                &layer(module.path(), b"kind: Install\n").unwrap(),
                "v0.58.1",
            );
            store
        };
        let store = made();
        let (kind, manifest) = store.manifest(REPOSITORY, "latest").unwrap();
        assert_eq!(kind, MANIFEST);
        assert_eq!(
            store.manifest(REPOSITORY, &digest(&manifest)).unwrap().1,
            manifest
        );
        assert_eq!(made().manifest(REPOSITORY, "v0.58.1").unwrap().1, manifest);
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let layer = store
            .blob(manifest["layers"][0]["digest"].as_str().unwrap())
            .unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&layer[..]));
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["flux/v2.7.5/a.yaml", "flux-operator/install.yaml"]);
    }
}
