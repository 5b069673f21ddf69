//! A stream that tells how the first read from it ended.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::client::TlsStream;

/// How the first read ended.
#[derive(Debug)]
pub(crate) enum First {
    Data,
    Failed(io::Error),
}

/// A TLS stream under watch.
pub(crate) struct Watched {
    stream: TlsStream<TcpStream>,
    first: Option<oneshot::Sender<First>>,
}

impl Watched {
    pub fn new(stream: TlsStream<TcpStream>) -> (Watched, oneshot::Receiver<First>) {
        let (sender, receiver) = oneshot::channel();
        (
            Watched {
                stream,
                first: Some(sender),
            },
            receiver,
        )
    }

    fn tell(&mut self, outcome: First) {
        if let Some(sender) = self.first.take() {
            // Nobody listens when the dial was given up.
            let _ = sender.send(outcome);
        }
    }

    /// A write fails when the machine hung up; why it did may still wait to be read.
    fn read_the_reason<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if matches!(polled, Poll::Ready(Err(_))) && self.first.is_some() {
            let mut byte = [0; 1];
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte));
            if let Poll::Ready(Err(error)) = read {
                self.tell(First::Failed(error));
            }
        }
        polled
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match polled {
            Poll::Ready(Ok(())) if buffer.filled().len() > before => self.tell(First::Data),
            Poll::Ready(Ok(())) => self.tell(First::Failed(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Err(error)) => {
                let kind = error.kind();
                self.tell(First::Failed(error));
                return Poll::Ready(Err(kind.into()));
            }
            Poll::Pending => {}
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, data);
        self.read_the_reason(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.read_the_reason(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
