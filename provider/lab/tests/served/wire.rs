//! A client that sees every byte.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use lab::proxmox::server::{Authority, Served, serve};
use lab::world::{Lab, NoMachines, Options, Scenario};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A lab that is served, and how to reach it.
pub struct Wire {
    pub lab: Arc<Lab>,
    pub login: String,
    served: Served,
    connector: TlsConnector,
}

/// An answer, as it came.
#[derive(Debug)]
pub struct Answer {
    pub line: String,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Serves a world with explicit time on this machine's loopback.
pub async fn play(scenario: Scenario) -> Wire {
    let options = Options {
        scenario,
        ..Options::default()
    };
    let lab = Lab::new(options, Arc::new(NoMachines)).unwrap();
    let authority = Authority::load(None).unwrap();
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let served = serve(&lab, &authority, Some(local)).await.unwrap();
    tokio::spawn(Arc::clone(&lab).run());
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(served.ca_pem.as_bytes()).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Wire {
        login: format!("Authorization: PVEAPIToken={}\r\n", lab.token()),
        lab,
        served,
        connector: TlsConnector::from(Arc::new(config)),
    }
}

impl Wire {
    /// Asks the first host with a token; none where the connection was closed instead.
    pub async fn ask(&self, verb: &str, path: &str, form: &str) -> Option<Answer> {
        self.raw(verb, path, &self.login, form).await
    }

    /// An address at the first host.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.served.hosts[0].1)
    }

    /// Asks with these headers.
    pub async fn raw(&self, verb: &str, path: &str, head: &str, body: &str) -> Option<Answer> {
        let (node, address) = &self.served.hosts[0];
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(node.clone()).unwrap();
        let mut stream = self.connector.connect(name, stream).await.unwrap();
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let text =
            format!("{verb} /api2/json{path} HTTP/1.1\r\nHost: x\r\n{head}{length}\r\n{body}");
        // The proxy may close before it has read all.
        let _ = stream.write_all(text.as_bytes()).await;
        read(&mut stream).await
    }
}

/// Reads one answer, by its length.
async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(Answer {
                    line: head.lines().next().unwrap().to_owned(),
                    head: head.to_owned(),
                    body: body.to_owned(),
                });
            }
        }
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&part[..length]),
        }
    }
}
