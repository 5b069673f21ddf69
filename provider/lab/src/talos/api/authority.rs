//! Go's gRPC names every endpoint in `:authority`; the HTTP/2 library here takes one name or resets the call. What
//! comes in is read before the library reads it, and such an authority cut down to its first endpoint.
//!
//! Source of the format: RFC 9113 (frames), RFC 7541 (header blocks).

use std::io;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use loona_hpack::{Decoder, Encoder};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const PREFACE: usize = 24;
const HEAD: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
/// The largest frame that every side takes.
const FRAME: usize = 16_384;

/// A connection of which a server reads authorities that it understands.
pub(super) struct OneAuthority<S> {
    inner: S,
    rewriter: Rewriter,
    /// Read and rewritten, not yet taken.
    ready: BytesMut,
}

impl<S> OneAuthority<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            rewriter: Rewriter::default(),
            ready: BytesMut::new(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for OneAuthority<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.ready.is_empty() {
            let mut bytes = [0; 8192];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.rewriter.take(read.filled(), &mut this.ready);
        }
        let length = this.ready.len().min(buffer.remaining());
        buffer.put_slice(&this.ready.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for OneAuthority<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

/// What a client sends, frame by frame.
struct Rewriter {
    /// Came in, and is no whole frame yet.
    raw: BytesMut,
    greeted: bool,
    /// The head of a HEADERS frame whose block goes on in the next frame, and the block so far.
    open: Option<(Head, BytesMut)>,
    decoder: Decoder<'static>,
    encoder: Encoder<'static>,
}

#[derive(Clone, Copy)]
struct Head {
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Default for Rewriter {
    fn default() -> Self {
        Self {
            raw: BytesMut::new(),
            greeted: false,
            open: None,
            decoder: Decoder::new(),
            encoder: Encoder::new(),
        }
    }
}

impl Rewriter {
    /// Takes what came in, and puts what is complete into `out`.
    fn take(&mut self, bytes: &[u8], out: &mut BytesMut) {
        self.raw.extend_from_slice(bytes);
        if !self.greeted {
            if self.raw.len() < PREFACE {
                return;
            }
            out.extend_from_slice(&self.raw.split_to(PREFACE));
            self.greeted = true;
        }
        while let Some((head, payload)) = self.frame() {
            self.pass(head, payload, out);
        }
    }

    fn frame(&mut self) -> Option<(Head, BytesMut)> {
        let mut start = self.raw.get(..HEAD)?;
        let length = usize::try_from(start.get_uint(3)).ok()?;
        let head = Head {
            kind: start.get_u8(),
            flags: start.get_u8(),
            stream: start.get_u32(),
        };
        if self.raw.len() < HEAD + length {
            return None;
        }
        self.raw.advance(HEAD);
        Some((head, self.raw.split_to(length)))
    }

    fn pass(&mut self, head: Head, mut payload: BytesMut, out: &mut BytesMut) {
        let (first, block) = match (head.kind, self.open.take()) {
            (HEADERS, _) => {
                strip(head.flags, &mut payload);
                (head, payload)
            }
            (CONTINUATION, Some((first, mut block))) => {
                block.unsplit(payload);
                (first, block)
            }
            (_, open) => {
                self.open = open;
                return put(head, &payload, out);
            }
        };
        if head.flags & END_HEADERS == 0 {
            self.open = Some((first, block));
            return;
        }
        // Where it cannot be read, the library says what is wrong with it.
        let rewritten = self.rewritten(&block);
        put_block(first, rewritten.as_deref().unwrap_or(&block), out);
    }

    fn rewritten(&mut self, block: &[u8]) -> Option<Vec<u8>> {
        let mut headers = self.decoder.decode(block).ok()?;
        for (name, value) in &mut headers {
            if name == b":authority" {
                *value = one(value);
            }
        }
        let headers = headers.iter();
        let pairs = headers.map(|(name, value)| (name.as_slice(), value.as_slice()));
        Some(self.encoder.encode(pairs))
    }
}

/// The first of several endpoints; an IPv6 address among them has no brackets.
fn one(authority: &[u8]) -> Vec<u8> {
    let first = authority.split(|byte| *byte == b',').next();
    let first = first.unwrap_or_default();
    let address = std::str::from_utf8(first).ok();
    match address.and_then(|text| text.parse::<Ipv6Addr>().ok()) {
        Some(address) => format!("[{address}]").into_bytes(),
        None => first.to_vec(),
    }
}

/// Takes padding and priority off a HEADERS frame's payload.
fn strip(flags: u8, payload: &mut BytesMut) {
    let mut padding = 0;
    if flags & PADDED != 0 && !payload.is_empty() {
        padding = usize::from(payload.get_u8());
    }
    if flags & PRIORITY != 0 && payload.len() >= 5 {
        payload.advance(5);
    }
    payload.truncate(payload.len().saturating_sub(padding));
}

fn put(head: Head, payload: &[u8], out: &mut BytesMut) {
    out.put_uint(u64::try_from(payload.len()).unwrap_or_default(), 3);
    out.put_u8(head.kind);
    out.put_u8(head.flags);
    out.put_u32(head.stream);
    out.put_slice(payload);
}

/// A header block as HEADERS and what goes on after it.
fn put_block(first: Head, block: &[u8], out: &mut BytesMut) {
    let mut parts = block.chunks(FRAME).peekable();
    let mut kind = HEADERS;
    let mut flags = first.flags & !(PADDED | PRIORITY | END_HEADERS);
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            flags |= END_HEADERS;
        }
        let head = Head {
            kind,
            flags,
            ..first
        };
        put(head, part, out);
        (kind, flags) = (CONTINUATION, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINTS: &[u8] = b"fd00::1,fd00::2";

    /// What a server reads of a client's bytes that come in pieces of that size.
    fn read(bytes: &[u8], size: usize) -> BytesMut {
        let (mut rewriter, mut out) = (Rewriter::default(), BytesMut::new());
        for piece in bytes.chunks(size) {
            rewriter.take(piece, &mut out);
        }
        out
    }

    fn authority_of(mut out: BytesMut) -> Vec<Vec<u8>> {
        out.advance(PREFACE);
        let mut rewriter = Rewriter {
            raw: out,
            greeted: true,
            ..Rewriter::default()
        };
        let mut found = Vec::new();
        while let Some((head, payload)) = rewriter.frame() {
            assert!(head.kind == HEADERS && head.flags == END_HEADERS | 1);
            let headers = rewriter.decoder.decode(&payload).unwrap();
            found.extend(headers.into_iter().map(|(_, value)| value));
        }
        found
    }

    /// Two requests with the same headers: the second one names what the first one has told.
    fn requests() -> Vec<u8> {
        let mut bytes = BytesMut::from(&[b'P'; PREFACE][..]);
        let mut encoder = Encoder::new();
        for stream in [1, 3] {
            let block = encoder.encode([(&b":authority"[..], ENDPOINTS)]);
            let (one, two) = block.split_at(block.len().min(1));
            let mut payload = vec![2, 0, 0, 0, 0, 0];
            payload.extend_from_slice(one);
            payload.extend_from_slice(&[0, 0]);
            let head = |kind, flags| Head {
                kind,
                flags,
                stream,
            };
            put(head(HEADERS, PADDED | PRIORITY | 1), &payload, &mut bytes);
            put(head(CONTINUATION, END_HEADERS), two, &mut bytes);
        }
        bytes.to_vec()
    }

    #[test]
    fn of_several_endpoints_the_first_one_is_left() {
        for size in [1, 7, 4096] {
            let found = authority_of(read(&requests(), size));
            assert_eq!(found, [b"[fd00::1]", b"[fd00::1]"]);
        }
    }

    #[test]
    fn one_endpoint_stays_as_it_is() {
        assert_eq!(one(b"[fd00::1]:50000"), b"[fd00::1]:50000");
        assert_eq!(one(b"10.0.0.1:50000,10.0.0.2:50000"), b"10.0.0.1:50000");
    }

    #[test]
    fn other_frames_pass_as_they_are() {
        let mut bytes = BytesMut::from(&[b'P'; PREFACE][..]);
        let data = Head {
            kind: 0,
            flags: 1,
            stream: 1,
        };
        put(data, b"content", &mut bytes);
        assert_eq!(read(&bytes, 5), bytes);
    }
}
