//! A host of Proxmox VE for tests: real TLS and HTTP/1.1 on 127.0.0.1, answers from a function.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests end by panicking"
)]

mod wire;

use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::settings::{Endpoint, Fingerprint, Settings, Token, Trust};

/// The token that clients of a fake host use.
pub const TOKEN: &str = "talos@pve!test=11111111-2222-3333-4444-555555555555";

/// One request as it came.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path below `/api2/json`, decoded.
    pub path: String,
    /// Parameters of the query and of the form, decoded.
    pub parameters: Vec<(String, String)>,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Asked {
    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Method and path, for comparing.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    reason: String,
    body: Option<String>,
}

impl Reply {
    /// A success with this data.
    pub fn data(data: Value) -> Reply {
        Reply {
            status: 200,
            reason: "OK".to_owned(),
            body: Some(json!({ "data": data }).to_string()),
        }
    }

    /// A failure as versions since 8.4 tell it.
    pub fn error(status: u16, text: &str) -> Reply {
        Reply {
            status,
            reason: text.to_owned(),
            body: Some(json!({"data": null, "message": format!("{text}\n")}).to_string()),
        }
    }

    /// A failure with its text in the reason phrase alone, as older versions tell it.
    pub fn reason_only(status: u16, text: &str) -> Reply {
        Reply {
            status,
            reason: text.to_owned(),
            body: Some(r#"{"data":null}"#.to_owned()),
        }
    }

    /// A refusal of parameters.
    pub fn refused(errors: Value) -> Reply {
        let text = "Parameter verification failed.";
        Reply {
            status: 400,
            reason: text.to_owned(),
            body: Some(
                json!({"data": null, "message": format!("{text}\n"), "errors": errors}).to_string(),
            ),
        }
    }

    /// No answer: the connection is closed.
    pub fn hang_up() -> Reply {
        Reply {
            status: 0,
            reason: String::new(),
            body: None,
        }
    }
}

type Handler = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// A running host; ends with the test's runtime.
pub struct FakeHost {
    /// `127.0.0.1:port`.
    pub address: String,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// Its certificate, which is its own authority.
    pub ca_pem: String,
    journal: Arc<Mutex<Vec<Asked>>>,
}

impl FakeHost {
    /// Starts a host that answers with `handler`.
    pub async fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> FakeHost {
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names)
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = FakeHost {
            address: listener.local_addr().unwrap().to_string(),
            fingerprint: Fingerprint::of(certificate.der()).to_string(),
            ca_pem: certificate.pem(),
            journal: Arc::default(),
        };
        let acceptor = acceptor(certificate.der().clone(), key.serialize_der());
        tokio::spawn(listen(
            listener,
            acceptor,
            Arc::new(handler),
            host.journal.clone(),
        ));
        host
    }

    /// Settings that lead to it and trust it.
    pub fn settings(&self) -> Settings {
        Settings {
            endpoints: vec![Endpoint::parse(&self.address).unwrap()],
            token: Token::parse(TOKEN).unwrap(),
            trust: Trust {
                ca_pem: self.ca_pem.clone(),
                ..Trust::default()
            },
            max_parallel: 8,
        }
    }

    /// Everything that was asked so far.
    pub fn journal(&self) -> Vec<Asked> {
        self.journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Methods and paths of everything that was asked, except reads.
    pub fn writes(&self) -> Vec<String> {
        let journal = self.journal();
        journal
            .iter()
            .filter(|asked| asked.method != "GET")
            .map(Asked::line)
            .collect()
    }
}

fn acceptor(certificate: CertificateDer<'static>, key: Vec<u8>) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn listen(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handler: Handler,
    journal: Arc<Mutex<Vec<Asked>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, handler, journal) = (acceptor.clone(), handler.clone(), journal.clone());
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = wire::serve(stream, handler, journal).await;
            }
        });
    }
}
