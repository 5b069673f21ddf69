use std::collections::BTreeMap;

use super::input::GenerateError;
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

/// `machine.registries` of contracts up to 1.11.
pub(super) fn inline(mirrors: &BTreeMap<String, Vec<String>>) -> Value {
    let mirrors = mirrors
        .iter()
        .map(|(host, urls)| (host.clone(), map([("endpoints", texts(urls))])));
    map([("mirrors", Value::Map(mirrors.collect()))])
}
