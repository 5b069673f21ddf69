//! A machine that answers as it is told, over real TLS on the loopback.
#![allow(dead_code, missing_docs, unused_imports)] // each test uses its part

mod fake;
mod pki;

pub use fake::{Answer, Fake};
pub use pki::{Pki, Server};

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use proto_talos::cosi::resource::state_server::StateServer;
use proto_talos::machine::machine_service_server::MachineServiceServer;
use rustls::ServerConfig;
use talos_client::Endpoint;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::server::Connected;

/// Where a server listens, and how many connections it took.
pub struct Listening {
    pub endpoint: Endpoint,
    pub connections: Arc<AtomicUsize>,
}

/// Serves the fake machine.
pub async fn serve(config: ServerConfig, fake: Fake) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve_on(listener, config, fake)
}

pub fn serve_on(listener: TcpListener, config: ServerConfig, fake: Fake) -> Listening {
    let endpoint = Endpoint::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = mpsc::unbounded_channel();
    let (acceptor, counter, cut) = (
        TlsAcceptor::from(Arc::new(config)),
        connections.clone(),
        fake.cut.clone(),
    );
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let (acceptor, sender, cut) = (acceptor.clone(), sender.clone(), cut.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(tcp).await {
                    let generation = cut.load(Ordering::SeqCst);
                    let _ = sender.send(io::Result::Ok(Line {
                        stream,
                        cut,
                        generation,
                    }));
                }
            });
        }
    });
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(MachineServiceServer::new(fake.clone()))
            .add_service(StateServer::new(fake))
            .serve_with_incoming(UnboundedReceiverStream::new(receiver)),
    );
    Listening {
        endpoint,
        connections,
    }
}

/// A connection that breaks when the fake cuts its lines.
struct Line {
    stream: TlsStream<TcpStream>,
    cut: Arc<AtomicUsize>,
    generation: usize,
}

impl Line {
    fn broken(&self) -> io::Result<()> {
        match self.cut.load(Ordering::SeqCst) == self.generation {
            true => Ok(()),
            false => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

impl Connected for Line {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.broken()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.broken()?;
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.broken()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
