//! A read-only container registry: as much of the OCI distribution API as pulling an image takes.

use super::error::RackError;
use super::images::{Image, digest};
use super::namespaces;
use super::spec::REGISTRY;
use nix::sched::CloneFlags;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Serves `images` at [`REGISTRY`] in the network of process `holder`, on threads that end with this process.
///
/// Whatever tag is asked for, the answer is the one image that there is.
pub(super) fn serve(holder: u32, images: Vec<Image>) -> Result<(), RackError> {
    let listener = namespaces::within(holder, CloneFlags::CLONE_NEWNET, || {
        TcpListener::bind(REGISTRY)
            .map_err(|cause| RackError::Use(format!("cannot serve images at {REGISTRY}: {cause}")))
    })?;
    let images = Arc::new(images);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let images = Arc::clone(&images);
            // A client that goes away ends its own connection only.
            std::thread::spawn(move || converse(&stream, &images));
        }
    });
    Ok(())
}

fn converse(stream: &TcpStream, images: &[Image]) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        // No request that pulling needs has a body, and no header changes an answer.
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let mut words = line.split_whitespace();
        let (method, target) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        answer(&mut &*stream, method, &find(target, images))?;
    }
}

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Base,
    Manifest(PathBuf),
    Blob(PathBuf),
    Nothing,
}

fn find(target: &str, images: &[Image]) -> Found {
    let path = target.split('?').next().unwrap_or_default();
    let Some(rest) = path.strip_prefix("/v2/") else {
        return Found::Nothing;
    };
    if rest.is_empty() {
        return Found::Base;
    }
    let image = |repository: &str| images.iter().find(|image| image.repository == repository);
    if let Some((repository, reference)) = rest.split_once("/manifests/") {
        return match image(repository).map(|image| image.folder.join("manifest.json")) {
            Some(file) if !reference.contains(':') || is_content_of(&file, reference) => {
                Found::Manifest(file)
            }
            _ => Found::Nothing,
        };
    }
    let blob = rest.split_once("/blobs/").and_then(|(repository, name)| {
        let named = name
            .strip_prefix("sha256:")
            .is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()));
        named
            .then(|| image(repository))
            .flatten()
            .map(|image| image.folder.join(name))
    });
    blob.filter(|file| file.is_file())
        .map_or(Found::Nothing, Found::Blob)
}

fn is_content_of(file: &PathBuf, reference: &str) -> bool {
    fs::read(file).is_ok_and(|content| digest(&content) == reference)
}

fn answer(stream: &mut impl Write, method: &str, found: &Found) -> std::io::Result<()> {
    let send = method == "GET";
    match found {
        Found::Base => respond(
            stream,
            "200 OK",
            "application/json",
            "",
            2,
            send.then_some(&mut &b"{}"[..]),
        ),
        Found::Nothing => {
            let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"this registry has no such image"}]}"#;
            let body_length = body.len() as u64;
            respond(
                stream,
                "404 Not Found",
                "application/json",
                "",
                body_length,
                send.then_some(&mut &body[..]),
            )
        }
        Found::Manifest(file) => {
            let content = fs::read(file)?;
            let (name, length) = (digest(&content), content.len() as u64);
            respond(
                stream,
                "200 OK",
                MANIFEST,
                &name,
                length,
                send.then_some(&mut &content[..]),
            )
        }
        Found::Blob(file) => {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let mut content = File::open(file)?;
            let length = content.metadata()?.len();
            respond(
                stream,
                "200 OK",
                "application/octet-stream",
                &name,
                length,
                send.then_some(&mut content),
            )
        }
    }
}

fn respond<R: Read>(
    stream: &mut impl Write,
    status: &str,
    kind: &str,
    digest: &str,
    length: u64,
    body: Option<&mut R>,
) -> std::io::Result<()> {
    let digest = if digest.is_empty() {
        String::new()
    } else {
        format!("Docker-Content-Digest: {digest}\r\n")
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{digest}\r\n"
    )?;
    if let Some(body) = body {
        std::io::copy(body, stream)?;
    }
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::{Found, Image, answer, find};

    fn images(folder: &std::path::Path) -> Vec<Image> {
        std::fs::write(folder.join("manifest.json"), "{}").unwrap();
        std::fs::write(folder.join("sha256:ab"), "blob").unwrap();
        vec![Image {
            repository: "siderolabs/kubelet",
            folder: folder.to_owned(),
        }]
    }

    #[test]
    fn any_tag_names_the_one_image_but_a_digest_must_be_right() {
        let folder = tempfile::tempdir().unwrap();
        let images = images(folder.path());
        let manifest = Found::Manifest(folder.path().join("manifest.json"));
        assert_eq!(
            find(
                "/v2/siderolabs/kubelet/manifests/v1.35.2?ns=ghcr.io",
                &images
            ),
            manifest
        );
        let right = format!("/v2/siderolabs/kubelet/manifests/{}", super::digest(b"{}"));
        assert_eq!(find(&right, &images), manifest);
        assert_eq!(
            find("/v2/siderolabs/kubelet/manifests/sha256:00", &images),
            Found::Nothing
        );
        assert_eq!(find("/v2/other/manifests/v1", &images), Found::Nothing);
    }

    #[test]
    fn blobs_are_found_by_digest_and_nothing_outside_the_folder_is() {
        let folder = tempfile::tempdir().unwrap();
        let images = images(folder.path());
        let blob = Found::Blob(folder.path().join("sha256:ab"));
        assert_eq!(
            find("/v2/siderolabs/kubelet/blobs/sha256:ab", &images),
            blob
        );
        assert_eq!(
            find("/v2/siderolabs/kubelet/blobs/../../etc/passwd", &images),
            Found::Nothing
        );
        let mut sent = Vec::new();
        answer(&mut sent, "HEAD", &blob).unwrap();
        assert!(
            String::from_utf8(sent)
                .unwrap()
                .ends_with("Docker-Content-Digest: sha256:ab\r\n\r\n")
        );
    }
}
