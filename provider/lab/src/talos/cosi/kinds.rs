//! Kinds of resources, and who may read them (`internal/app/resources/access.go`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// `Members.cluster.talos.dev`.
    pub name: &'static str,
    pub singular: &'static str,
    pub namespace: &'static str,
    pub aliases: Vec<&'static str>,
    pub all_aliases: Vec<&'static str>,
    pub sensitive: bool,
    /// Names and paths.
    pub columns: Vec<(&'static str, &'static str)>,
}

/// All kinds by their id: the type in lower case.
pub(crate) static KINDS: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| {
    let lines = include_str!("kinds.txt").lines();
    let kinds = lines.filter(|line| !line.starts_with('#')).filter_map(read);
    kinds.map(|kind| (kind.name.to_lowercase(), kind)).collect()
});

fn read(line: &'static str) -> Option<Kind> {
    let mut parts = line.split('|');
    let mut next = || parts.next();
    let words = |text: &'static str| text.split(' ').filter(|word| !word.is_empty()).collect();
    Some(Kind {
        name: next()?,
        singular: next()?,
        namespace: next()?,
        aliases: words(next()?),
        all_aliases: words(next()?),
        sensitive: next()? == "sensitive",
        columns: next()?
            .split(';')
            .filter_map(|one| one.split_once('='))
            .collect(),
    })
}

/// Namespaces (`v1alpha2_state.go`), and that of the definitions.
pub(crate) const NAMESPACES: [&str; 16] = [
    "cluster",
    "cluster-raw",
    "config",
    "controlplane",
    "cri",
    "etcd",
    "files",
    "hardware",
    "k8s",
    "kubespan",
    "meta",
    "network",
    "network-config",
    "perf",
    "runtime",
    "secrets",
];

/// What somebody may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Fine,
    /// There is no such kind.
    UnknownKind,
    /// It is for administrators.
    Sensitive,
    /// There is no such namespace.
    UnknownNamespace,
}

/// Whether resources of a kind may be read.
pub(crate) fn access(kind: &str, namespace: &str, admin: bool) -> Access {
    match KINDS.get(&kind.to_lowercase()) {
        None => Access::UnknownKind,
        Some(kind) if kind.sensitive && !admin => Access::Sensitive,
        Some(_) if !NAMESPACES.contains(&namespace) => Access::UnknownNamespace,
        Some(_) => Access::Fine,
    }
}

/// The namespace of a kind.
pub(super) fn namespace(kind: &str) -> &'static str {
    KINDS
        .get(&kind.to_lowercase())
        .map_or("runtime", |kind| kind.namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read() {
        let members = &KINDS["members.cluster.talos.dev"];
        assert_eq!((members.singular, members.namespace), ("Member", "cluster"));
        assert!(members.all_aliases.contains(&"members"));
        assert_eq!(members.columns[0], ("Hostname", "{.hostname}"));
        assert!(KINDS.len() > 150);
    }

    #[test]
    fn configurations_are_for_administrators() {
        let config = "MachineConfigs.config.talos.dev";
        assert_eq!(access(config, "config", false), Access::Sensitive);
        assert_eq!(access(config, "config", true), Access::Fine);
        assert_eq!(access(config, "nowhere", true), Access::UnknownNamespace);
        assert_eq!(
            access("Nope.talos.dev", "config", true),
            Access::UnknownKind
        );
    }
}
