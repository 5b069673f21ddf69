//! From an endpoint to a connection that the machine has accepted, or to the reason why not.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::certificate::Facts;
use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result};
use crate::refusal::{self, Stage};
use crate::tls::{self, Credentials};
use crate::watched::{First, Watched};
use crate::wire::Wire;

/// How long TLS, and then the first HTTP/2 frame, may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a server may take to show that it speaks plain HTTP.
const PLAIN: Duration = Duration::from_secs(1);
/// Largest window in which frames of 32 MiB messages flow without stalls.
const WINDOW: u32 = 4 << 20;

/// A connection that the machine accepted.
#[derive(Clone)]
pub(crate) struct Connection {
    pub wire: Wire,
    /// The certificate that the machine presented.
    pub peer: Arc<Facts>,
}

/// Connects, and waits until the machine has said something over HTTP/2: with TLS 1.3 a refused client certificate shows only then.
pub(crate) async fn dial(
    endpoint: &Endpoint,
    credentials: &Credentials,
    patience: Duration,
) -> Result<Connection> {
    check_validity(endpoint, credentials, SystemTime::now())?;
    let tcp = connect(endpoint, patience).await?;
    let name = ServerName::try_from(endpoint.host().to_owned()).map_err(|_| {
        Error::new(
            Code::ClientEndpoint,
            attempted(endpoint),
            "the host cannot be verified by TLS",
        )
    })?;
    let (config, examiner) = tls::settings(credentials).map_err(|error| {
        Error::new(
            Code::ClientConfiguration,
            attempted(endpoint),
            error.to_string(),
        )
    })?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    let explain = |stage, error: &io::Error| {
        refusal::explain(
            endpoint,
            credentials,
            examiner.seen().as_ref(),
            stage,
            error,
        )
    };
    let stream = match timeout(HANDSHAKE, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            return Err(ask_plainly(endpoint, explain(Stage::Handshake, &error)).await);
        }
        Err(_) => {
            // A Go server without TLS waits for the end of a line that a handshake may not hold.
            let seen = "it accepts connections but does not answer over TLS";
            return Err(ask_plainly(endpoint, silent(endpoint, seen)).await);
        }
    };
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(Error::new(
            Code::NodeNotTalos,
            attempted(endpoint),
            "a TLS server that does not speak HTTP/2",
        ));
    }
    let (watched, first) = Watched::new(stream);
    let wire = speak(endpoint, watched).await?;
    accepted(endpoint, first, explain).await?;
    Ok(Connection {
        wire,
        peer: Arc::new(examiner.seen().unwrap_or_default()),
    })
}

pub(crate) fn attempted(endpoint: &Endpoint) -> String {
    format!("connecting to {endpoint}")
}

fn silent(endpoint: &Endpoint, seen: &str) -> Error {
    Error::new(Code::NodeUnreachable, attempted(endpoint), seen)
}

/// An identity that is out of date here is not tried: every machine with a right clock would refuse it.
fn check_validity(endpoint: &Endpoint, credentials: &Credentials, now: SystemTime) -> Result<()> {
    let Credentials::Identity(identity) = credentials else {
        return Ok(());
    };
    if now > identity.not_after() {
        let ago = now.duration_since(identity.not_after()).unwrap_or_default();
        let seen = format!("the client certificate ended {} ago", rough(ago));
        return Err(Error::new(Code::NodeCertExpired, attempted(endpoint), seen));
    }
    if now < identity.not_before() {
        let ahead = identity
            .not_before()
            .duration_since(now)
            .unwrap_or_default();
        let seen = format!("the client certificate becomes valid in {}", rough(ahead));
        return Err(Error::new(Code::NodeClock, attempted(endpoint), seen)
            .caused_by("this computer's clock is behind the one that made the certificate"));
    }
    Ok(())
}

fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 120 => format!("{seconds} seconds"),
        seconds if seconds < 2 * 3600 => format!("{} minutes", seconds / 60),
        seconds if seconds < 48 * 3600 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86400),
    }
}

async fn connect(endpoint: &Endpoint, patience: Duration) -> Result<TcpStream> {
    let mut last = None;
    for address in resolve(endpoint, patience).await? {
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small frames, each waited for.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(refusal::tcp(endpoint, &error)),
            Err(_) => {
                last = Some(silent(
                    endpoint,
                    &format!("no answer within {} s", patience.as_secs_f32()),
                ))
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        Error::new(
            Code::NodeName,
            attempted(endpoint),
            "the name has no address",
        )
    }))
}

async fn resolve(endpoint: &Endpoint, patience: Duration) -> Result<Vec<SocketAddr>> {
    if let Ok(address) = endpoint.host().parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, endpoint.port())]);
    }
    let unknown = |seen: &str| {
        Error::new(
            Code::NodeName,
            attempted(endpoint),
            format!("{}: {seen}", endpoint.host()),
        )
    };
    match timeout(
        patience,
        tokio::net::lookup_host((endpoint.host(), endpoint.port())),
    )
    .await
    {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(_)) => Err(unknown("the name does not resolve")),
        Err(_) => Err(unknown("the name server does not answer")),
    }
}

/// A server without TLS hangs up on a TLS handshake or is silent, as a Talos API may that is starting. Only the former answers plain HTTP.
async fn ask_plainly(endpoint: &Endpoint, error: Error) -> Error {
    if !error.is_transient() {
        return error;
    }
    match timeout(PLAIN, plain_answer(endpoint)).await {
        Ok(Ok(true)) => Error::new(
            Code::NodeNotTalos,
            attempted(endpoint),
            "a server that speaks HTTP without TLS",
        ),
        _ => error,
    }
}

async fn plain_answer(endpoint: &Endpoint) -> io::Result<bool> {
    let mut stream = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
    stream.write_all(b"HEAD / HTTP/1.0\r\n\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    Ok(answer == *b"HTTP/")
}

/// Starts HTTP/2. Keepalive finds connections to machines that vanished: after a reboot by kexec nothing resets them.
async fn speak(endpoint: &Endpoint, watched: Watched) -> Result<Wire> {
    let (send, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(TokioIo::new(watched))
        .await
        .map_err(|_| silent(endpoint, "it closed the connection at once"))?;
    // Its failures show in the requests, so nobody waits for it.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(Wire(send))
}

async fn accepted(
    endpoint: &Endpoint,
    first: oneshot::Receiver<First>,
    explain: impl Fn(Stage, &io::Error) -> Error,
) -> Result<()> {
    match timeout(HANDSHAKE, first).await {
        Ok(Ok(First::Data)) => Ok(()),
        Ok(Ok(First::Failed(error))) => Err(explain(Stage::Acceptance, &error)),
        Ok(Err(_)) => Err(silent(endpoint, "it closed the connection at once")),
        Err(_) => Err(silent(
            endpoint,
            "it speaks TLS but does not answer over HTTP/2",
        )),
    }
}
