//! One call of any method: JSON to bytes, bytes to JSON.

use bytes::{Buf, BufMut, Bytes};
use futures::StreamExt as _;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use rustls::ClientConfig;
use serde_json::Value;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::AsciiMetadataKey;
use tonic::{Request, Status};

use crate::wire::{Wire, dial};
use crate::{Answered, Exchange, proto};

/// Asks a machine, over a connection of its own.
pub(crate) async fn ask(
    address: std::net::IpAddr,
    tls: ClientConfig,
    exchange: &Exchange,
) -> Answered {
    let mut answered = Answered {
        name: exchange.name.clone(),
        who: exchange.who.name().to_owned(),
        method: exchange.method.clone(),
        code: "Ok".to_owned(),
        message: String::new(),
        answers: Vec::new(),
    };
    let wire = match dial(address, tls).await {
        Ok(wire) => wire,
        Err(why) => {
            answered.code = "no connection".to_owned();
            answered.message = why;
            return answered;
        }
    };
    let called = tokio::time::timeout(
        exchange.within,
        call(&wire, exchange, &mut answered.answers),
    );
    match called.await {
        Err(_) => answered.code = "no answer".to_owned(),
        Ok(Ok(())) => {}
        Ok(Err(status)) => {
            answered.code = format!("{:?}", status.code());
            answered.message = status.message().to_owned();
        }
    }
    answered
}

async fn call(wire: &Wire, exchange: &Exchange, answers: &mut Vec<Value>) -> Result<(), Status> {
    let (input, output) = proto::messages(&exchange.method);
    let mut request = Request::new(encoded(input, &exchange.request));
    for (name, value) in &exchange.headers {
        let value = value.parse().expect("a value of a header");
        request
            .metadata_mut()
            .append(AsciiMetadataKey::from_static(name), value);
    }
    let path = format!("/{}", exchange.method).parse().expect("a path");
    let mut client = Grpc::new(wire.clone()).max_decoding_message_size(32 << 20);
    client
        .ready()
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    let streaming = client.server_streaming(request, path, Plain).await?;
    let mut messages = streaming.into_inner();
    while answers.len() < exchange.take {
        match messages.next().await {
            None => return Ok(()),
            Some(message) => answers.push(decoded(output.as_ref(), message?)),
        }
    }
    Ok(())
}

/// A request that is no contract's is sent without content.
fn encoded(input: Option<MessageDescriptor>, request: &Value) -> Bytes {
    let Some(input) = input else {
        assert!(
            request.as_object().is_some_and(serde_json::Map::is_empty),
            "the contract of this request is not known"
        );
        return Bytes::new();
    };
    let message = DynamicMessage::deserialize(input, request).expect("a request of the contract");
    message.encode_to_vec().into()
}

/// An answer as JSON. What has its default is left out, as it is on the wire.
fn decoded(output: Option<&MessageDescriptor>, bytes: Bytes) -> Value {
    let Some(output) = output else {
        return Value::from("not looked into");
    };
    let message = DynamicMessage::decode(output.clone(), bytes).expect("an answer of the contract");
    let options = SerializeOptions::new().skip_default_fields(true);
    let mut value = message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .unwrap_or(Value::Null);
    if value.is_null() {
        value = any(&message);
    }
    value
}

/// The content of an event has a name of its own, which JSON cannot have.
fn any(message: &DynamicMessage) -> Value {
    let data = message.get_field_by_name("data");
    let kind = data.and_then(|data| {
        let inner = data.as_message()?.clone();
        let url = inner.get_field_by_name("type_url")?;
        url.as_str().map(str::to_owned)
    });
    serde_json::json!({ "data": kind })
}

/// Messages as they are.
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}
