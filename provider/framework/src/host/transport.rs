//! Connections as the gRPC server takes them.

use std::io;
use std::os::unix::net::UnixListener;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// How long a client may take to prove who it is.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How many connections there are and were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Connections {
    pub(super) open: usize,
    pub(super) ever: usize,
}

/// One connection.
pub(super) struct Connection {
    stream: Stream,
    count: watch::Sender<Connections>,
}

enum Stream {
    Plain(UnixStream),
    Secure(Box<TlsStream<UnixStream>>),
}

impl Connection {
    fn new(stream: Stream, count: watch::Sender<Connections>) -> Self {
        count.send_modify(|connections| {
            connections.open += 1;
            connections.ever += 1;
        });
        Self { stream, count }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.count
            .send_modify(|connections| connections.open = connections.open.saturating_sub(1));
    }
}

/// Accepts connections; each proves itself before the server sees it, and a slow one holds up no other.
pub(super) fn accept(
    listener: UnixListener,
    acceptor: Option<TlsAcceptor>,
    count: watch::Sender<Connections>,
) -> Result<ReceiverStream<io::Result<Connection>>, String> {
    let listener = tokio::net::UnixListener::from_std(listener)
        .map_err(|error| format!("The plugin's socket cannot be used: {error}."))?;
    let (accepted, incoming) = mpsc::channel(4);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (accepted, acceptor, count) = (accepted.clone(), acceptor.clone(), count.clone());
            tokio::spawn(async move {
                match prove(stream, acceptor).await {
                    Ok(stream) => {
                        // The server is gone: so is the need for the connection.
                        let _ = accepted.send(Ok(Connection::new(stream, count))).await;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a client of the plugin's socket was refused")
                    }
                }
            });
        }
    });
    Ok(ReceiverStream::new(incoming))
}

async fn prove(stream: UnixStream, acceptor: Option<TlsAcceptor>) -> io::Result<Stream> {
    let Some(acceptor) = acceptor else {
        return Ok(Stream::Plain(stream));
    };
    let secured = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
    let secured = secured.map_err(|_| {
        io::Error::new(
            io::ErrorKind::TimedOut,
            "the client did not finish its handshake",
        )
    })??;
    Ok(Stream::Secure(Box::new(secured)))
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Secure(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Secure(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
