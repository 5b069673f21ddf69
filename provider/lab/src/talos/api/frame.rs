//! Messages on the wire: a flag, a length, and the bytes (gRPC over HTTP/2).

use std::pin::Pin;

use bytes::{Buf, Bytes, BytesMut};
use futures::Stream;
use prost::Message;
use tonic::Status;

/// A stream of messages.
pub(crate) type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// An answer.
pub(crate) enum Reply {
    /// One message.
    One(Bytes),
    /// Messages until the stream ends.
    Many(Messages),
}

/// An answer of one message.
pub(crate) fn one(message: &impl Message) -> Reply {
    Reply::One(message.encode_to_vec().into())
}

/// An answer of several messages.
pub(crate) fn stream<T, S>(messages: S) -> Reply
where
    T: Message,
    S: Stream<Item = Result<T, Status>> + Send + 'static,
{
    use futures::StreamExt as _;
    let bytes = messages.map(|message| message.map(|one| Bytes::from(one.encode_to_vec())));
    Reply::Many(Box::pin(bytes))
}

/// The only message of a request.
pub(crate) fn decode<T: Message + Default>(messages: &[Bytes]) -> Result<T, Status> {
    let first = messages.first().cloned().unwrap_or_default();
    T::decode(first)
        .map_err(|error| Status::internal(format!("grpc: error unmarshalling request: {error}")))
}

/// The length of a flag and a length.
const HEAD: usize = 5;

/// The messages of a request's body.
pub(super) fn unframed(mut body: Bytes) -> Result<Vec<Bytes>, Status> {
    let mut messages = Vec::new();
    while body.has_remaining() {
        if body.len() < HEAD {
            return Err(Status::internal("unexpected EOF"));
        }
        let compressed = body.get_u8() != 0;
        let length = usize::try_from(body.get_u32()).unwrap_or(usize::MAX);
        if compressed {
            return Err(Status::unimplemented(
                "grpc: Decompressor is not installed for grpc-encoding",
            ));
        }
        if body.len() < length {
            return Err(Status::internal("unexpected EOF"));
        }
        messages.push(body.split_to(length));
    }
    Ok(messages)
}

/// A message as it goes on the wire.
pub(super) fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut bytes = BytesMut::with_capacity(HEAD + message.len());
    bytes.extend_from_slice(&[0]);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(message);
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_framed_and_found_again() {
        let body: Vec<u8> = [framed(b"one"), framed(b""), framed(b"three")].concat();
        let found = unframed(body.into()).unwrap();
        assert_eq!(found, [&b"one"[..], b"", b"three"]);
        assert!(unframed(Bytes::from_static(&[0, 0, 0, 0, 9, 1])).is_err());
        assert!(unframed(Bytes::from_static(&[1, 0, 0, 0, 0])).is_err());
        assert!(unframed(Bytes::from_static(&[0, 0])).is_err());
    }
}
