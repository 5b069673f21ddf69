//! Files on this computer, and files that are fetched to it.

use std::path::PathBuf;
use std::time::Duration;

use client_core::hex;
use framework::prelude::*;
use futures::StreamExt;
use reqwest::{Client, Response};
use sha2::{Digest, Sha256};
use tempfile::TempPath;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::image_factory;
use crate::provider::Data;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long nothing may come. The factory makes an image at the first request for it.
const SILENCE: Duration = Duration::from_secs(300);

/// A file on this computer.
pub struct Fetched {
    /// Where.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// Removes a fetched file when it is not needed any more.
    _temporary: Option<TempPath>,
}

/// A file that is here.
pub async fn read(path: PathBuf) -> Result<Fetched, Error> {
    let unreadable = |error: std::io::Error| {
        Error::new(
            format!("TS-IMAGE-FILE: {} cannot be read", path.display()),
            format!("{error}. Correct `file`, or build the image first."),
        )
        .at("file")
    };
    let mut file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let count = file.read(&mut buffer).await.map_err(unreadable)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        size += count as u64;
    }
    Ok(Fetched {
        sha256: hex(hash.finalize()),
        size,
        path,
        _temporary: None,
    })
}

/// Fetches a file into the folder for temporary ones.
pub async fn fetch(data: &Data, url: &str, of_factory: bool) -> Result<Fetched, Error> {
    let answer = request(&client(data, of_factory)?, reqwest::Method::GET, url).await?;
    let failed = |error: std::io::Error| {
        Error::new(
            format!("TS-IMAGE-FETCH: {url} cannot be kept here"),
            format!("{error}. Free space in {}.", std::env::temp_dir().display()),
        )
    };
    let temporary = tempfile::NamedTempFile::new()
        .map_err(failed)?
        .into_temp_path();
    let mut file = tokio::fs::File::create(&temporary).await.map_err(failed)?;
    let (mut hash, mut size, mut chunks) = (Sha256::new(), 0, answer.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| unreachable(url, &error))?;
        hash.update(&chunk);
        size += chunk.len() as u64;
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(Fetched {
        path: temporary.to_path_buf(),
        sha256: hex(hash.finalize()),
        size,
        _temporary: Some(temporary),
    })
}

/// Size of a file behind an address, where the server tells it.
pub async fn size(data: &Data, url: &str, of_factory: bool) -> Option<u64> {
    let answer = request(&client(data, of_factory).ok()?, reqwest::Method::HEAD, url)
        .await
        .ok()?;
    let length = answer.headers().get(reqwest::header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn client(data: &Data, of_factory: bool) -> Result<Client, Error> {
    // Whoever installs a provider first wins; all of ours are ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .no_proxy();
    if of_factory {
        let ca = data
            .factory_authorities()
            .map_err(|problem| problem.diagnostic("the Image Factory"))?;
        for certificate in image_factory::authorities(ca)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder
        .build()
        .map_err(|error| unreachable("an HTTP client", &error))
}

async fn request(client: &Client, method: reqwest::Method, url: &str) -> Result<Response, Error> {
    let answer = client
        .request(method, url)
        .send()
        .await
        .map_err(|error| unreachable(url, &error))?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    Err(Error::new(
        format!("TS-IMAGE-FETCH: {url} cannot be fetched"),
        format!(
            "Seen: {}\nCause: nothing lies at this address, or it is not for everybody.\nCure: correct the address.",
            answer.status()
        ),
    ))
}

fn unreachable(url: &str, error: &reqwest::Error) -> Error {
    let mut told = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        told = format!("{told}: {inner}");
        source = inner.source();
    }
    Error::new(
        format!("TS-IMAGE-FETCH: {url} cannot be fetched"),
        format!(
            "Seen: {told}\nCause: the server does not answer, or its certificate is not trusted.\nCure: check the address from here, then apply again."
        ),
    )
}
