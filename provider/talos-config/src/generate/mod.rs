//! A machine configuration from nothing but a name, an endpoint, versions and secrets: what
//! `talosctl gen config` makes, per contract and role.

mod cluster;
mod endpoint;
mod input;
mod kubernetes;
mod machine;
mod registries;
mod system;

pub use endpoint::check_endpoint;
pub use input::{Disk, GenerateError, Input, Partition, Role};

use crate::contract::Contract;
use crate::document::{Config, Document, MAIN, canonical};
use crate::scalar::Url;
use crate::tables::Line;
use crate::yaml::{Map, Value};

/// Generates the configuration of one role for the line of Talos that its contract means.
pub fn generate(input: &Input<'_>) -> Result<Config, GenerateError> {
    let line = Line::of(input.contract).map_err(|e| GenerateError(e.to_string()))?;
    generate_on(input, line)
}

/// Generates as the tools of one line of Talos do: older contracts keep their shape, newer ones
/// get the newest that the line knows.
pub fn generate_on(input: &Input<'_>, line: Line) -> Result<Config, GenerateError> {
    let contract = input
        .contract
        .supported()
        .map_err(|e| GenerateError(e.to_string()))?
        .min(Contract::new(1, line.minor()));
    check_options(input, contract, line)?;
    let url = endpoint::parse_endpoint(&input.endpoint)?;
    let mut bodies = vec![(MAIN, main(input, &url, contract, line))];
    if contract.from(14) {
        bodies.extend(system::documents(input));
    }
    if contract.from(12) {
        for (host, endpoints) in &input.registry_mirrors {
            let body = registries::mirror_document(host, endpoints)?;
            bodies.push(("RegistryMirrorConfig", body));
        }
        for host in registries::with_tls(input) {
            bodies.push(("RegistryTLSConfig", registries::tls_document(input, host)));
        }
        let mut hostname = header("HostnameConfig");
        hostname.push("auto", Value::from("stable"));
        bodies.push(("HostnameConfig", hostname));
    }
    if let Some(enabled) = input.kube_span.filter(|_| contract.from(13)) {
        let mut span = header("KubeSpanConfig");
        span.push("enabled", Value::Bool(enabled));
        bodies.push(("KubeSpanConfig", span));
    }
    if contract.from(14) {
        bodies.extend(kubernetes::documents(input, &url)?);
    }
    let documents = bodies
        .into_iter()
        .map(|(kind, body)| document(line, kind, body))
        .collect();
    Config::from_documents(documents, &[], line).map_err(|e| GenerateError(e.to_string()))
}

/// Options that a contract or a line of Talos has no place for.
fn check_options(input: &Input<'_>, contract: Contract, line: Line) -> Result<(), GenerateError> {
    let refuse = |what: &str| Err(GenerateError(what.to_owned()));
    if line.from(13) && !input.persist {
        return refuse(
            "Talos 1.13 and later always keep the configuration: 'persist' cannot be off",
        );
    }
    if line.from(14) && input.kubernetes_version.is_empty() {
        return refuse(
            "Talos 1.14 and later have no default version of Kubernetes: one must be given",
        );
    }
    if contract.from(14) && !input.install_extra_kernel_args.is_empty() {
        return refuse(
            "Talos 1.14 and later take no kernel arguments from the configuration: put them into the schematic of the image",
        );
    }
    Ok(())
}

fn main(input: &Input<'_>, url: &Url, contract: Contract, line: Line) -> Map {
    let mut main = Map::new();
    main.push("version", Value::from(MAIN));
    main.push("debug", Value::Bool(input.debug));
    main.push("persist", Value::Bool(input.persist));
    main.push(
        "machine",
        Value::Map(machine::machine(input, contract, line)),
    );
    main.push(
        "cluster",
        Value::Map(cluster::cluster(input, url, contract)),
    );
    main
}

fn document(line: Line, kind: &str, body: Map) -> Document {
    let tables = line.tables();
    match tables.kind(kind) {
        Some(known) => Document::new(
            kind,
            canonical(tables.body(known), body, tables),
            known.named,
            line,
        ),
        None => Document::new(kind, body, false, line),
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
