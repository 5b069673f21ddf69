//! A machine configuration, as far as a simulated machine needs to understand it. The shape of
//! the documents: `pkg/machinery/config/schemas` of Talos.

mod addresses;
mod blocks;
mod changes;
mod check;
mod documents;
mod keys;

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

pub(crate) use addresses::{Interface, Prefix};
pub(crate) use changes::{difference, needs_reboot};
pub(crate) use check::{Refusal, check};

/// A configuration: its text and its documents.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// As it was submitted.
    pub text: Arc<str>,
    documents: Arc<[Value]>,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// The text is no YAML.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let options = serde_saphyr::Options::default();
        let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
            .map_err(|error| format!("yaml: {error}"))?;
        let documents: Vec<Value> = documents.into_iter().filter(|one| !one.is_null()).collect();
        Ok(Self {
            text: text.into(),
            documents: documents.into(),
        })
    }

    /// All documents.
    pub(crate) fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// The document of `v1alpha1`, without which a machine is not configured.
    pub(crate) fn main(&self) -> Option<&Value> {
        self.documents.iter().find(|one| one.get("kind").is_none())
    }

    /// Documents of a kind.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.documents.iter().filter(move |one| one["kind"] == kind)
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.main()?.pointer(pointer)
    }

    /// The text at a place of the main document.
    pub(crate) fn text_at(&self, pointer: &str) -> Option<&str> {
        self.at(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    fn texts_at(&self, pointer: &str) -> Vec<String> {
        let values = self.at(pointer).and_then(Value::as_array);
        let texts = values.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// `controlplane`, `worker`, or whatever stands there.
    pub(crate) fn machine_type(&self) -> &str {
        self.text_at("/machine/type").unwrap_or_default()
    }

    /// Whether it makes a control plane.
    pub(crate) fn control_plane(&self) -> bool {
        ["controlplane", "init"].contains(&self.machine_type())
    }

    /// The cluster's id.
    pub(crate) fn cluster_id(&self) -> &str {
        self.text_at("/cluster/id").unwrap_or_default()
    }

    /// The cluster's name.
    pub(crate) fn cluster_name(&self) -> &str {
        self.text_at("/cluster/clusterName").unwrap_or_default()
    }

    /// The host name that it sets.
    pub(crate) fn hostname(&self) -> Option<&str> {
        let document = self
            .of_kind("HostnameConfig")
            .find_map(|document| document["hostname"].as_str());
        document.or_else(|| self.text_at("/machine/network/hostname"))
    }

    /// Whether it names an authority of the machine's API.
    fn issues(&self) -> bool {
        let place = self.at("/machine/ca");
        place.is_some_and(|authority| !authority.is_null())
    }

    /// Bytes that stand there as base64.
    pub(crate) fn bytes_at(&self, pointer: &str) -> Option<Vec<u8>> {
        STANDARD.decode(self.text_at(pointer)?).ok()
    }

    /// Certificates of the authorities whose clients are let in, as PEM.
    pub(crate) fn accepted_authorities(&self) -> Vec<Vec<u8>> {
        let own = self.bytes_at("/machine/ca/crt");
        let others = self.at("/machine/acceptedCAs").and_then(Value::as_array);
        let others = others.into_iter().flatten();
        let others = others.filter_map(|one| STANDARD.decode(one["crt"].as_str()?).ok());
        own.into_iter().chain(others).collect()
    }

    /// Further names of the API's certificate.
    pub(crate) fn cert_sans(&self) -> Vec<String> {
        self.texts_at("/machine/certSANs")
    }

    /// Names of extension services.
    pub(crate) fn extension_services(&self) -> Vec<String> {
        let documents = self.of_kind("ExtensionServiceConfig");
        documents
            .filter_map(|document| document["name"].as_str().map(str::to_owned))
            .collect()
    }

    /// Whether the machine asks nobody for the time.
    pub(crate) fn ignores_time(&self) -> bool {
        self.at("/machine/time/disabled") == Some(&Value::Bool(true))
    }

    /// Whether the machines find each other.
    pub(crate) fn discovers(&self) -> bool {
        self.at("/cluster/discovery/enabled") == Some(&Value::Bool(true))
    }

    /// Whether the machine registers as a node.
    pub(crate) fn registers(&self) -> bool {
        self.at("/machine/kubelet/skipNodeRegistration") != Some(&Value::Bool(true))
    }

    /// Addresses that control planes share.
    pub(crate) fn vips(&self) -> Vec<IpAddr> {
        addresses::vips(self)
    }

    /// What it sets on interfaces.
    pub(crate) fn interfaces(&self) -> Vec<Interface> {
        addresses::interfaces(self)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A configuration with as little as a machine needs.
    pub(crate) fn config(kind: &str, more: &str) -> Config {
        let text = format!(
            "version: v1alpha1\nmachine:\n    type: {kind}\n    token: t\n    ca:\n        crt: Y2E=\n        key: a2V5\n    install:\n        disk: /dev/sda\n    network: {{}}\n{more}cluster:\n    id: c1\n    secret: s\n    clusterName: one\n    controlPlane:\n        endpoint: https://10.5.0.10:6443\n"
        );
        Config::parse(&text).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_apart() {
        let text = "version: v1alpha1\nmachine: { type: worker }\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: wk01\nauto: off\n---\napiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: bird2\n";
        let config = Config::parse(text).unwrap();
        assert_eq!(config.machine_type(), "worker");
        assert_eq!(config.hostname(), Some("wk01"));
        assert_eq!(config.extension_services(), ["bird2"]);
        assert!(!config.control_plane());
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        assert!(Config::parse("a: [").unwrap_err().starts_with("yaml: "));
        let keys = keys::unknown(&Config::parse("hello: world").unwrap());
        assert_eq!(
            keys.as_deref(),
            Some("error decoding document /v1alpha1/ (line 1): missing kind")
        );
    }
}
