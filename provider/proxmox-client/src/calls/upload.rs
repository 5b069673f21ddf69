//! Files that we send. Proxmox VE wants the fields before the file, the file in a field `filename`, and the length ahead.

use std::path::PathBuf;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use reqwest::Body;
use tokio_util::io::ReaderStream;

use crate::client::Client;
use crate::error::{Code, Error, Result, Sent};
use crate::request::{Method, Request};
use crate::task::{Finished, Upid};
use crate::transport::Content;
use client_core::Cx;

/// Between the fields; nothing that we send holds it.
const BOUNDARY: &str = "talos-stack-7d9c1f0be2a54c6e";
/// How long sending a file may take at most; the operation's own limit usually comes first.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);

/// What is sent.
#[derive(Clone, Debug)]
pub enum Source {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file with so many bytes.
    File(PathBuf, u64),
}

/// A file for a storage.
#[derive(Clone, Debug)]
pub struct Upload<'a> {
    /// `iso` or `import`.
    pub content: &'a str,
    /// Name that the file gets.
    pub file_name: &'a str,
    /// Algorithm and digest, checked by the host.
    pub checksum: Option<(&'a str, &'a str)>,
    /// The file.
    pub source: Source,
}

impl Client {
    /// Sends a file and waits until it lies on the storage. A file of that name is replaced.
    ///
    /// # Errors
    /// What was answered, the task's failure, or `TS-PVE-SETTINGS` where the file cannot be read.
    pub async fn upload(
        &self,
        cx: &Cx,
        node: &str,
        storage: &str,
        what: &Upload<'_>,
    ) -> Result<Finished> {
        let request = Request::new(Method::Post, &["nodes", node, "storage", storage, "upload"]);
        let data = self.send_file(cx, &request, what).await?;
        match data.as_str().and_then(Upid::parse) {
            Some(upid) => self.wait(cx, &upid).await,
            None => Ok(Finished::default()),
        }
    }
}

/// Text before the file.
fn head(what: &Upload<'_>) -> String {
    let field = |name: &str, value: &str| {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let mut text = field("content", what.content);
    if let Some((algorithm, digest)) = what.checksum {
        text += &field("checksum-algorithm", algorithm);
        text += &field("checksum", digest);
    }
    let name = what.file_name;
    text += &format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    text
}

/// Text behind the file.
fn tail() -> String {
    format!("\r\n--{BOUNDARY}--\r\n")
}

pub(crate) async fn content(what: &Upload<'_>) -> Result<Content> {
    let (head, tail) = (head(what).into_bytes(), tail().into_bytes());
    let around = (head.len() + tail.len()) as u64;
    let (length, body) = match &what.source {
        Source::Bytes(bytes) => {
            let whole = [head, bytes.clone(), tail].concat();
            (whole.len() as u64, Body::from(whole))
        }
        Source::File(path, size) => {
            let file = tokio::fs::File::open(path).await.map_err(|error| {
                Error::new(
                    Code::Settings,
                    format!("reading {}", path.display()),
                    error.to_string(),
                )
                .sent(Sent::Never)
            })?;
            let edge =
                |bytes: Vec<u8>| stream::once(async move { Ok::<_, std::io::Error>(bytes.into()) });
            let stream = edge(head)
                .chain(ReaderStream::with_capacity(file, 256 * 1024))
                .chain(edge(tail));
            (size + around, Body::wrap_stream(stream))
        }
    };
    Ok(Content::Stream {
        kind: format!("multipart/form-data; boundary={BOUNDARY}"),
        length,
        body,
        patience: PATIENCE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_before_the_file() {
        let text = head(&Upload {
            content: "iso",
            file_name: "a.iso",
            checksum: Some(("sha256", "00")),
            source: Source::Bytes(Vec::new()),
        });
        let order = [
            "name=\"content\"",
            "name=\"checksum-algorithm\"",
            "name=\"checksum\"",
            "name=\"filename\"; filename=\"a.iso\"",
        ];
        let places: Vec<_> = order.iter().map(|part| text.find(part).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        assert!(text.ends_with("\r\n\r\n"));
    }
}
