use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::input::{GenerateError, Input};
use super::{header, map, texts};
use crate::scalar::Url;
use crate::yaml::{Map, Value};

/// The document about the mirrors of one registry, from contract 1.12 on.
pub(super) fn mirror_document(host: &str, endpoints: &[String]) -> Result<Map, GenerateError> {
    let mut urls = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints {
        let url = Url::parse(endpoint).map_err(|why| {
            GenerateError(format!(
                "the mirror '{endpoint}' of {host} is not a URL: it has {why}"
            ))
        })?;
        urls.push(map([("url", Value::from(url.to_string()))]));
    }
    let mut body = header("RegistryMirrorConfig");
    body.push("name", Value::from(host));
    body.push("endpoints", Value::List(urls));
    Ok(body)
}

/// The document about the certificates of one registry, from contract 1.12 on.
pub(super) fn tls_document(input: &Input<'_>, host: &str) -> Map {
    let mut body = header("RegistryTLSConfig");
    body.push("name", Value::from(host));
    if let Some(authorities) = input.registry_authorities.get(host) {
        body.push("ca", Value::from(authorities.as_str()));
    }
    if input.insecure_registries.contains(host) {
        body.push("insecureSkipVerify", Value::Bool(true));
    }
    body
}

/// Registries about whose certificates there is something to say.
pub(super) fn with_tls<'a>(input: &'a Input<'_>) -> BTreeSet<&'a String> {
    let hosts = input.registry_authorities.keys();
    hosts.chain(&input.insecure_registries).collect()
}

/// `machine.registries` of contracts up to 1.11.
pub(super) fn inline(input: &Input<'_>) -> Value {
    let mirrors = input
        .registry_mirrors
        .iter()
        .map(|(host, urls)| (host.clone(), map([("endpoints", texts(urls))])));
    let config = with_tls(input)
        .into_iter()
        .map(|host| (host.clone(), map([("tls", inline_tls(input, host))])));
    map([
        ("mirrors", Value::Map(mirrors.collect())),
        ("config", Value::Map(config.collect())),
    ])
}

fn inline_tls(input: &Input<'_>, host: &str) -> Value {
    let mut tls = Map::new();
    if let Some(authorities) = input.registry_authorities.get(host) {
        tls.push("ca", Value::from(STANDARD.encode(authorities)));
    }
    if input.insecure_registries.contains(host) {
        tls.push("insecureSkipVerify", Value::Bool(true));
    }
    Value::Map(tls)
}
