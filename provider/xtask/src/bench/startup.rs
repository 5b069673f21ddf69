//! From exec to the handshake line, and on to the schema over mutual TLS, as a core does it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hyper_util::rt::TokioIo;
use proto_tfplugin::tfplugin6::get_provider_schema::Request;
use proto_tfplugin::tfplugin6::provider_client::ProviderClient;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};

use super::median;

/// The value that tells a plugin that a core started it.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Medians.
pub struct Start {
    /// From exec to the line.
    pub handshake: Duration,
    /// From exec to the schema.
    pub schema: Duration,
    /// Kilobytes.
    pub resident: u64,
}

/// Starts the provider `runs` times.
pub fn measure(plugin: &Path, runs: usize) -> Result<Start> {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut starts = Vec::new();
    for _ in 0..runs.max(1) {
        starts.push(once(plugin, &certificate, &runtime)?);
    }
    let of = |read: fn(&Start) -> Duration| {
        median(starts.iter().map(read).collect()).unwrap_or_default()
    };
    Ok(Start {
        handshake: of(|start| start.handshake),
        schema: of(|start| start.schema),
        resident: median(starts.iter().map(|start| start.resident).collect()).unwrap_or_default(),
    })
}

fn once(
    plugin: &Path,
    own: &rcgen::CertifiedKey<rcgen::KeyPair>,
    runtime: &tokio::runtime::Runtime,
) -> Result<Start> {
    let begun = Instant::now();
    let mut child = Command::new(plugin)
        .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
        .env("PLUGIN_PROTOCOL_VERSIONS", "6")
        .env("PLUGIN_CLIENT_CERT", own.cert.pem())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the provider")?;
    let line = first_line(&mut child)?;
    let handshake = begun.elapsed();
    let resident = resident(child.id());
    let (socket, certificate) = parse(&line)?;
    let schema = runtime
        .block_on(ask(socket, certificate, own))
        .map(|()| begun.elapsed());
    let _ = child.kill();
    let _ = child.wait();
    Ok(Start {
        handshake,
        schema: schema?,
        resident,
    })
}

fn first_line(child: &mut Child) -> Result<String> {
    let output = child.stdout.take().context("the provider has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok(line)
}

/// Socket and server certificate of `1|6|unix|socket|grpc|certificate`.
fn parse(line: &str) -> Result<(PathBuf, CertificateDer<'static>)> {
    use base64::Engine;
    let fields: Vec<&str> = line.trim().split('|').collect();
    let [_, _, _, socket, _, certificate, ..] = fields.as_slice() else {
        anyhow::bail!("this is no handshake: {line}");
    };
    let der = base64::engine::general_purpose::STANDARD_NO_PAD.decode(certificate)?;
    Ok((socket.into(), der.into()))
}

async fn ask(
    socket: PathBuf,
    server: CertificateDer<'static>,
    own: &rcgen::CertifiedKey<rcgen::KeyPair>,
) -> Result<()> {
    let mut roots = RootCertStore::empty();
    roots.add(server)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![own.cert.der().clone()], key)?;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(tls));
    let connect = tower::service_fn(move |_: Uri| {
        let (connector, socket) = (connector.clone(), socket.clone());
        async move {
            let stream = UnixStream::connect(socket).await?;
            connector
                .connect(
                    ServerName::try_from("localhost").map_err(std::io::Error::other)?,
                    stream,
                )
                .await
                .map(TokioIo::new)
        }
    });
    let channel: Channel = Endpoint::from_static("http://localhost")
        .connect_with_connector(connect)
        .await?;
    ProviderClient::new(channel)
        .max_decoding_message_size(64 << 20)
        .get_provider_schema(Request {})
        .await?;
    Ok(())
}

/// Kilobytes that the process holds now.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default()
}
