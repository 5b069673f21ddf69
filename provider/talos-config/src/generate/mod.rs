//! A machine configuration from nothing but a name, an endpoint, versions and secrets: what
//! `talosctl gen config` makes, per contract and role.

mod cluster;
mod endpoint;
mod input;
mod machine;
mod registries;

pub use endpoint::check_endpoint;
pub use input::{GenerateError, Input, Role};

use crate::document::{Config, Document, MAIN, canonical};
use crate::scalar::Url;
use crate::tables::Line;
use crate::yaml::{Map, Value};

/// Generates the configuration of one role.
pub fn generate(input: &Input<'_>) -> Result<Config, GenerateError> {
    let contract = input
        .contract
        .supported()
        .map_err(|e| GenerateError(e.to_string()))?;
    let line = Line::of(contract).map_err(|e| GenerateError(e.to_string()))?;
    let url = endpoint::parse_endpoint(&input.endpoint)?;
    let mut documents = vec![document(line, MAIN, main(input, &url))];
    if contract.from(12) {
        for (host, endpoints) in &input.registry_mirrors {
            let body = registries::mirror_document(host, endpoints)?;
            documents.push(document(line, "RegistryMirrorConfig", body));
        }
        let mut hostname = header("HostnameConfig");
        hostname.push("auto", Value::from("stable"));
        documents.push(document(line, "HostnameConfig", hostname));
    }
    Config::from_documents(documents, line).map_err(|e| GenerateError(e.to_string()))
}

fn main(input: &Input<'_>, url: &Url) -> Map {
    let mut main = Map::new();
    main.push("version", Value::from(MAIN));
    main.push("debug", Value::Bool(false));
    main.push("persist", Value::Bool(true));
    main.push("machine", Value::Map(machine::machine(input)));
    main.push("cluster", Value::Map(cluster::cluster(input, url)));
    main
}

fn document(line: Line, kind: &str, body: Map) -> Document {
    let tables = line.tables();
    match tables.kind(kind) {
        Some(known) => Document::new(
            kind,
            canonical(tables.body(known), body, tables),
            known.named,
        ),
        None => Document::new(kind, body, false),
    }
}

/// The head of a document other than the main one.
fn header(kind: &str) -> Map {
    let mut map = Map::new();
    map.push("apiVersion", Value::from(MAIN));
    map.push("kind", Value::from(kind));
    map
}

/// A mapping of literal entries, in the order given.
fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let mut map = Map::new();
    for (key, value) in entries {
        map.push(key, value);
    }
    Value::Map(map)
}

fn texts<T: AsRef<str>>(items: &[T]) -> Value {
    Value::List(
        items
            .iter()
            .map(|item| Value::from(item.as_ref()))
            .collect(),
    )
}

#[cfg(test)]
mod tests;
