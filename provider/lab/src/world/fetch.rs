//! What hosts fetch from other servers.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::proxmox::{Fetch, Fetched};

/// Sends a request of a host and gives what came back.
pub(crate) async fn fetch(fetch: &Fetch, trust: Option<PathBuf>) -> Fetched {
    match try_fetch(fetch, trust).await {
        Ok(fetched) => fetched,
        Err(status_line) => Fetched {
            status_line,
            content_type: None,
            size: 0,
            body: Vec::new(),
        },
    }
}

/// The error is a status line in the words of PVE's client.
async fn try_fetch(fetch: &Fetch, trust: Option<PathBuf>) -> Result<Fetched, String> {
    let uri: http::Uri = fetch.url.parse().map_err(|_| "500 URL must be absolute")?;
    let secure = uri.scheme_str() == Some("https");
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let failed = |why: &str| format!("500 Can't connect to {host}:{port} ({why})");
    let stream = TcpStream::connect((host.as_str(), port)).await;
    let stream = stream.map_err(|error| {
        failed(match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "Connection refused",
            std::io::ErrorKind::TimedOut => "Connection timed out",
            _ => "Name or service not known",
        })
    })?;
    if !secure {
        return exchange(stream, fetch, &uri).await;
    }
    let config = crate::proxmox::server::client_tls(fetch.verify, &trusted(trust))
        .map_err(|error| failed(&error.to_string()))?;
    let name =
        ServerName::try_from(host.clone()).map_err(|_| failed("hostname verification failed"))?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    let stream = stream.map_err(|_| failed("certificate verify failed"))?;
    exchange(stream, fetch, &uri).await
}

fn trusted(path: Option<PathBuf>) -> Vec<CertificateDer<'static>> {
    let certificates = path.and_then(|path| CertificateDer::pem_file_iter(path).ok());
    certificates.into_iter().flatten().flatten().collect()
}

async fn exchange<S>(stream: S, fetch: &Fetch, uri: &http::Uri) -> Result<Fetched, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| format!("500 {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let connection = tokio::spawn(connection);
    let request = http::Request::builder()
        .method(if fetch.head { "HEAD" } else { "GET" })
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(
            "host",
            uri.authority().map_or("", |authority| authority.as_str()),
        )
        .body(Empty::<Bytes>::new())
        .map_err(|error| format!("500 {error}"))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let content_type = header("content-type");
    let length = header("content-length").and_then(|length| length.parse().ok());
    let status = response.status();
    let reason = response
        .extensions()
        .get::<hyper::ext::ReasonPhrase>()
        .map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned())
        .or_else(|| status.canonical_reason().map(str::to_owned));
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(broken)?
        .to_bytes();
    connection.abort();
    let read = u64::try_from(body.len()).unwrap_or_default();
    Ok(Fetched {
        status_line: format!("{} {}", status.as_u16(), reason.unwrap_or_default()),
        content_type,
        size: if fetch.head {
            length.unwrap_or(read)
        } else {
            read
        },
        body: body.to_vec(),
    })
}
