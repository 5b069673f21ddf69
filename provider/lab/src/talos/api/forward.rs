//! Passing calls on to other machines, as apid does (`internal/app/apid/pkg/director`,
//! `…/backend`).

use bytes::Bytes;
use futures::StreamExt as _;
use prost::Message as _;
use proto_talos::common;
use proto_talos::google::rpc::Status as WireStatus;
use tonic::{Code, Status};

use super::{Call, Reply, route};
use crate::talos::fleet::Fleet;
use crate::talos::life::Rack;
use crate::talos::machine::{Door, Key};

/// Answers a call where it belongs.
pub(super) async fn answer(fleet: &Fleet, key: &Key, call: Call) -> Result<Reply, Status> {
    if call.node.len() > 1 {
        return Err(Status::invalid_argument(
            "node metadata must be single-valued",
        ));
    }
    let control_plane = fleet.look(|rack| rack.run(key).is_some_and(|run| run.control_plane()));
    let local = |target: &str| fleet.look(|rack| rack.named(target) == Some(key));
    let mut node = call.node.first().cloned();
    let mut nodes = call.nodes.clone();
    if !control_plane {
        // Who does not forward still answers for itself.
        node = node.filter(|node| !local(node));
        if let [only] = nodes.as_slice()
            && local(only)
        {
            nodes.clear();
        }
        if node.is_some() || !nodes.is_empty() {
            return Err(Status::permission_denied("no request forwarding"));
        }
    }
    if !nodes.is_empty() {
        if call.path.starts_with("/cosi.") {
            return Err(Status::invalid_argument(
                "one-2-many proxying is not supported for COSI methods",
            ));
        }
        return many(fleet, key, &call, &nodes).await;
    }
    match node {
        None => route::answer(fleet, key, &call).await,
        Some(node) => pass(fleet, key, &call, &node).await,
    }
}

/// Answers for another machine.
async fn pass(fleet: &Fleet, from: &Key, call: &Call, node: &str) -> Result<Reply, Status> {
    let target = fleet.look(|rack| reached(rack, from, node))?;
    route::answer(fleet, &target, call).await
}

/// The machine that a control plane reaches under a name; the errors are those of Go's gRPC.
fn reached(rack: &Rack, from: &Key, node: &str) -> Result<Key, Status> {
    let dialling = |why: &str| {
        Status::unavailable(format!(
            "connection error: desc = \"transport: Error while dialing: dial tcp {}:50000: {why}\"",
            bracketed(node)
        ))
    };
    let key = rack
        .named(node)
        .ok_or_else(|| dialling("connect: no route to host"))?;
    let (run, own) = (rack.run(key), rack.run(from));
    let door = run.map_or(Door::Closed, |run| run.door);
    let authority = |run: Option<&crate::talos::machine::Run>| {
        run?.active.as_ref()?.bytes_at("/machine/ca/crt")
    };
    match door {
        Door::Closed => Err(dialling("connect: connection refused")),
        Door::Api if authority(run) == authority(own) => Ok(key.clone()),
        _ => Err(Status::unavailable(
            "connection error: desc = \"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority\"",
        )),
    }
}

fn bracketed(node: &str) -> String {
    match node.contains(':') {
        true => format!("[{}]", node.trim_matches(['[', ']'])),
        false => node.to_owned(),
    }
}

/// Answers for several machines in one: their messages one after the other, each with the name
/// of its machine; failures are messages, too.
async fn many(fleet: &Fleet, from: &Key, call: &Call, nodes: &[String]) -> Result<Reply, Status> {
    let mut merged = Vec::new();
    let mut streams = Vec::new();
    for node in nodes {
        match pass(fleet, from, call, node).await {
            Ok(Reply::One(bytes)) => merged.extend(named(&bytes, node)),
            Ok(Reply::Many(messages)) => {
                let node = node.clone();
                let messages = messages.map(move |message| {
                    Ok(match message {
                        Ok(bytes) => [bytes.as_ref(), &metadata(&node, None)].concat().into(),
                        Err(status) => Bytes::from(metadata(&node, Some(&status))),
                    })
                });
                streams.push(messages);
            }
            Err(status) if streaming(&call.path) => {
                let failed = Bytes::from(metadata(node, Some(&status)));
                merged.extend(failed.iter());
            }
            Err(status) => merged.extend(embedded(&metadata(node, Some(&status)))),
        }
    }
    if streams.is_empty() && !streaming(&call.path) {
        return Ok(Reply::One(merged.into()));
    }
    let failures = (!merged.is_empty()).then(|| Ok(Bytes::from(merged)));
    let failures = futures::stream::iter(failures);
    let all = futures::stream::select_all(streams);
    Ok(Reply::Many(Box::pin(failures.chain(all))))
}

fn streaming(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    [
        "Events",
        "Read",
        "Kubeconfig",
        "EtcdSnapshot",
        "HealthCheck",
        "Dmesg",
        "Logs",
    ]
    .contains(&name)
}

/// The field `metadata` of any reply.
fn metadata(node: &str, failure: Option<&Status>) -> Vec<u8> {
    let metadata = common::Metadata {
        hostname: node.to_owned(),
        error: failure.map(told).unwrap_or_default(),
        status: failure.map(|status| WireStatus {
            code: i32::from(status.code()),
            message: status.message().to_owned(),
            details: Vec::new(),
        }),
    };
    embedded(&metadata.encode_to_vec())
}

/// A status as Go prints it.
fn told(status: &Status) -> String {
    let code = match status.code() {
        Code::Unknown => "Unknown".to_owned(),
        code => format!("{code:?}"),
    };
    format!("rpc error: code = {code} desc = {}", status.message())
}

/// Bytes as field 1 of a message.
fn embedded(bytes: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    prost::encoding::bytes::encode(1, &bytes.to_vec(), &mut field);
    field
}

/// An answer whose messages say which machine they are of. Two messages one after the other are
/// one with the fields of both, which is what the field's place at the end relies on.
fn named(answer: &[u8], node: &str) -> Vec<u8> {
    let mut rest = Bytes::copy_from_slice(answer);
    let mut all = Vec::new();
    while !rest.is_empty() {
        let Ok((1, prost::encoding::WireType::LengthDelimited)) =
            prost::encoding::decode_key(&mut rest)
        else {
            return all;
        };
        let Some(length) = prost::encoding::decode_varint(&mut rest)
            .ok()
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length <= rest.len())
        else {
            return all;
        };
        let message = rest.split_to(length);
        all.extend(embedded(&[&message[..], &metadata(node, None)].concat()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto_talos::machine::{Hostname, HostnameResponse};

    #[test]
    fn answers_of_several_machines_are_one() {
        let answer = HostnameResponse {
            messages: vec![Hostname {
                metadata: None,
                hostname: "cp01".to_owned(),
            }],
        };
        let status = Status::unavailable("gone");
        let mut bytes = named(&answer.encode_to_vec(), "10.0.0.1");
        bytes.extend(embedded(&metadata("10.0.0.2", Some(&status))));
        let merged = HostnameResponse::decode(&bytes[..]).unwrap();
        let first = merged.messages[0].metadata.as_ref().unwrap();
        assert_eq!(
            (
                merged.messages[0].hostname.as_str(),
                first.hostname.as_str()
            ),
            ("cp01", "10.0.0.1")
        );
        let second = merged.messages[1].metadata.as_ref().unwrap();
        assert_eq!(second.error, "rpc error: code = Unavailable desc = gone");
        assert_eq!(second.status.as_ref().unwrap().code, 14);
    }
}
