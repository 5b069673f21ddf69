//! Resources with their versions, and the changes of them that watches follow.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock};

use prost::Message as _;
use prost_types::Timestamp;
use proto_talos::cosi::resource::resource_definition_spec::PrintColumn;
use proto_talos::cosi::resource::{
    Metadata, NamespaceSpec, Resource, ResourceDefinitionSpec, Spec as WireSpec,
};
use serde_json::{Value, json};

use super::kinds::{KINDS, Kind, NAMESPACES, namespace};
use super::{Content, Spec};
use crate::talos::yaml;

/// Kind and id.
type Name = (&'static str, String);

/// The resources of one boot.
#[derive(Debug, Default)]
pub(crate) struct Store {
    kept: BTreeMap<Name, Kept>,
    changes: VecDeque<Change>,
    count: u64,
}

#[derive(Debug)]
struct Kept {
    content: Content,
    wire: Arc<Resource>,
    version: u64,
    created: i64,
}

/// A change.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Counts up.
    pub number: u64,
    pub kind: ChangeKind,
    pub resource: Arc<Resource>,
    pub old: Option<Arc<Resource>>,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Created,
    Updated,
    Destroyed,
}

/// How many changes are kept for watches that lag.
const KEPT: usize = 4_000;

impl Store {
    /// Takes what is there now.
    pub(super) fn put(&mut self, contents: Vec<Content>, now: i64, minor: u32) {
        let mut gone: Vec<Name> = self.kept.keys().cloned().collect();
        for content in contents {
            let name = (content.kind, content.id.clone());
            gone.retain(|other| *other != name);
            let old = self.kept.get(&name);
            if old.is_some_and(|old| old.content == content) {
                continue;
            }
            let version = old.map_or(1, |old| old.version + 1);
            let created = old.map_or(now, |old| old.created);
            let before = old.map(|old| Arc::clone(&old.wire));
            let wire = Arc::new(wire(&content, version, created, now, minor));
            let kind = match before {
                Some(_) => ChangeKind::Updated,
                None => ChangeKind::Created,
            };
            self.note(kind, Arc::clone(&wire), before);
            let kept = Kept {
                content,
                wire,
                version,
                created,
            };
            self.kept.insert(name, kept);
        }
        for name in gone {
            if let Some(kept) = self.kept.remove(&name) {
                self.note(ChangeKind::Destroyed, kept.wire, None);
            }
        }
    }

    fn note(&mut self, kind: ChangeKind, resource: Arc<Resource>, old: Option<Arc<Resource>>) {
        self.count += 1;
        if self.changes.len() == KEPT {
            self.changes.pop_front();
        }
        self.changes.push_back(Change {
            number: self.count,
            kind,
            resource,
            old,
        });
    }

    /// The resources of a kind in a namespace, by id.
    pub(crate) fn list(&self, of: &str, within: &str) -> Vec<Arc<Resource>> {
        let kept = self
            .kept
            .iter()
            .filter(|((kind, _), _)| kind.eq_ignore_ascii_case(of) && namespace(kind) == within);
        kept.map(|(_, kept)| Arc::clone(&kept.wire)).collect()
    }

    /// What a resource says.
    pub(super) fn spec(&self, kind: &'static str, id: &str) -> Option<&Spec> {
        let kept = self.kept.get(&(kind, id.to_owned()))?;
        Some(&kept.content.spec)
    }

    /// The number of the last change.
    pub(crate) fn last(&self) -> u64 {
        self.count
    }

    /// Changes after a number.
    pub(crate) fn since(&self, number: u64) -> Vec<Change> {
        let later = self.changes.iter().filter(|change| change.number > number);
        later.cloned().collect()
    }
}

fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp {
        seconds: milliseconds.div_euclid(1000),
        nanos: i32::try_from(milliseconds.rem_euclid(1000)).unwrap_or_default() * 1_000_000,
    }
}

fn wire(content: &Content, version: u64, created: i64, updated: i64, minor: u32) -> Resource {
    let mut metadata = Metadata {
        namespace: namespace(content.kind).to_owned(),
        r#type: content.kind.to_owned(),
        id: content.id.clone(),
        version: version.to_string(),
        phase: "running".to_owned(),
        created: Some(timestamp(created)),
        updated: Some(timestamp(updated)),
        ..Metadata::default()
    };
    let spec = match &content.spec {
        Spec::Plain(value) => WireSpec {
            proto_spec: Vec::new(),
            yaml_spec: yaml::emit(value),
        },
        Spec::Config(text) => {
            // Up to 1.11 the configuration is the text itself; since then a YAML text, which an
            // annotation announces (`pkg/machinery/resources/config/machine_config.go`).
            let wrapped = minor >= 12;
            if wrapped {
                let annotation = ("talos.dev/yaml-spec".to_owned(), "1".to_owned());
                metadata.annotations.extend([annotation]);
            }
            WireSpec {
                proto_spec: field_one(text.as_bytes()),
                yaml_spec: match wrapped {
                    true => yaml::emit(&Value::from(&**text)),
                    false => text.to_string(),
                },
            }
        }
    };
    Resource {
        metadata: Some(metadata),
        spec: Some(spec),
    }
}

/// A message whose only field is `bytes = 1` (MachineConfigSpec).
fn field_one(bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    prost::encoding::bytes::encode(1, &bytes.to_vec(), &mut message);
    message
}

/// Definitions and namespaces: the same on every machine.
pub(crate) fn definitions() -> &'static [Arc<Resource>] {
    static DEFINITIONS: LazyLock<Vec<Arc<Resource>>> = LazyLock::new(|| {
        let kinds = KINDS.iter().map(|(id, kind)| {
            let spec = definition(kind);
            let yaml = yaml::emit(&told(&spec));
            (
                "ResourceDefinitions.meta.cosi.dev",
                id.clone(),
                spec.encode_to_vec(),
                yaml,
            )
        });
        let namespaces = NAMESPACES.iter().map(|name| {
            let spec = NamespaceSpec::default().encode_to_vec();
            let yaml = yaml::emit(&json!({ "description": "" }));
            ("Namespaces.meta.cosi.dev", (*name).to_owned(), spec, yaml)
        });
        let all = kinds.chain(namespaces);
        let all = all.map(|(kind, id, proto_spec, yaml_spec)| Resource {
            metadata: Some(Metadata {
                namespace: "meta".to_owned(),
                r#type: kind.to_owned(),
                id,
                version: "1".to_owned(),
                phase: "running".to_owned(),
                created: Some(Timestamp::default()),
                updated: Some(Timestamp::default()),
                ..Metadata::default()
            }),
            spec: Some(WireSpec {
                proto_spec,
                yaml_spec,
            }),
        });
        all.map(Arc::new).collect()
    });
    &DEFINITIONS
}

fn definition(kind: &Kind) -> ResourceDefinitionSpec {
    let texts = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let column = |(name, path): &(&str, &str)| PrintColumn {
        name: (*name).to_owned(),
        json_path: (*path).to_owned(),
    };
    ResourceDefinitionSpec {
        resource_type: kind.name.to_owned(),
        display_type: kind.singular.to_owned(),
        default_namespace: kind.namespace.to_owned(),
        aliases: texts(&kind.aliases),
        all_aliases: texts(&kind.all_aliases),
        print_columns: kind.columns.iter().map(column).collect(),
        sensitivity: i32::from(kind.sensitive),
    }
}

fn told(spec: &ResourceDefinitionSpec) -> Value {
    let columns = spec.print_columns.iter();
    let columns =
        columns.map(|column| json!({ "name": column.name, "jsonPath": column.json_path }));
    json!({
        "type": spec.resource_type,
        "displayType": spec.display_type,
        "defaultNamespace": spec.default_namespace,
        "aliases": spec.aliases,
        "allAliases": spec.all_aliases,
        "printColumns": columns.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(value: &str) -> Content {
        Content::new(
            "Versions.runtime.talos.dev",
            "version",
            json!({ "version": value }),
        )
    }

    #[test]
    fn versions_grow_with_changes_only() {
        let mut store = Store::default();
        for value in ["v1", "v1", "v2"] {
            store.put(vec![version(value)], 5, 12);
        }
        let kinds: Vec<ChangeKind> = store.since(0).iter().map(|change| change.kind).collect();
        assert_eq!(kinds, [ChangeKind::Created, ChangeKind::Updated]);
        let found = store.list("versions.runtime.talos.dev", "runtime");
        let metadata = found[0].metadata.as_ref().unwrap();
        assert_eq!(metadata.version, "2");
        assert!(
            store
                .list("Versions.runtime.talos.dev", "config")
                .is_empty()
        );
        store.put(Vec::new(), 6, 12);
        assert_eq!(store.since(2)[0].kind, ChangeKind::Destroyed);
    }

    #[test]
    fn configurations_are_wrapped_since_1_12() {
        let content = Content {
            kind: "MachineConfigs.config.talos.dev",
            id: "v1alpha1".to_owned(),
            spec: Spec::Config("a: b\n".into()),
        };
        let old = wire(&content, 1, 0, 0, 11);
        assert_eq!(old.spec.unwrap().yaml_spec, "a: b\n");
        let new = wire(&content, 1, 0, 0, 12);
        let spec = new.spec.unwrap();
        assert_eq!(
            serde_saphyr::from_str::<String>(&spec.yaml_spec).unwrap(),
            "a: b\n"
        );
        assert_eq!(spec.proto_spec, [&[10, 5][..], b"a: b\n"].concat());
        assert!(
            new.metadata
                .unwrap()
                .annotations
                .contains_key("talos.dev/yaml-spec")
        );
    }
}
