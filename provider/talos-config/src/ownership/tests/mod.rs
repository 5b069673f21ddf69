//! Stories of several writers on one configuration.

mod patch;
mod random;
mod three_way;

use crate::document::Config;
use crate::tables::Line;
use crate::yaml::{self, Value};

const BASE: &str = "\
version: v1alpha1
machine:
    type: controlplane
    token: aaaaaa.0123456789abcdef
    certSANs:
        - 10.0.0.1
        - ${x}
    network:
        interfaces:
            - interface: eth0
              addresses:
                - 10.0.0.2/24
              mtu: 1500
            - interface: eth1
              dhcp: true
        nameservers:
            - 1.1.1.1
            - 9.9.9.9
    sysctls:
        net.ipv4.ip_forward: \"1\"
    files:
        - content: hello
          permissions: 0o644
          path: /var/a
          op: create
cluster:
    controlPlane:
        endpoint: https://a:6443
---
apiVersion: v1alpha1
kind: HostnameConfig
auto: stable
---
apiVersion: v1alpha1
kind: RegistryMirrorConfig
name: docker.io
endpoints:
    - url: https://mirror.lan
";

fn load(text: &str) -> Config {
    Config::load(text, Line::V1_12)
        .map_err(|error| error.to_string())
        .unwrap()
}

fn base() -> Config {
    load(BASE)
}

/// The base with each pair's first text replaced by the second.
fn edited(pairs: &[(&str, &str)]) -> Config {
    load(&replaced(&base().emit(), pairs))
}

fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "no {old:?} in\n{text}");
        text.replace(old, new)
    })
}

/// A stand-in for strategic merge: mappings merge, lists append.
fn merge(config: &mut Config, id: &str, patch: &str) {
    let patch = yaml::parse(patch).unwrap().remove(0);
    let line = config.line();
    let mut root = crate::diff::documents::root(config);
    let documents = root.as_list_mut().unwrap();
    let found = documents
        .iter_mut()
        .find(|d| crate::diff::identity::document_id(d) == id);
    match found {
        Some(document) => merge_value(document, &patch),
        None => documents.push(patch),
    }
    *config = crate::diff::documents::config(&root, line)
        .map_err(|e| e.to_string())
        .unwrap();
}

fn merge_value(left: &mut Value, right: &Value) {
    match (left, right) {
        (Value::Map(left), Value::Map(right)) => {
            for (key, value) in right.iter() {
                match left.get_mut(key) {
                    Some(slot) => merge_value(slot, value),
                    None => {
                        left.insert(key, value.clone());
                    }
                }
            }
        }
        (Value::List(left), Value::List(right)) => left.extend(right.iter().cloned()),
        (left, right) => *left = right.clone(),
    }
}
