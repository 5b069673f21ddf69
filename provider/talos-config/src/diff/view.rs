use std::collections::BTreeMap;

use super::identity::scalar_text;
use super::leaves::Leaf;
use super::path;
use crate::redact::Redactor;
use crate::tables::Line;
use crate::yaml::Value;

/// One difference as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `v1alpha1`, `Kind` or `Kind/name`.
    pub document: String,
    /// Within the document, such as `machine.sysctls["net.ipv4.ip_forward"]`; empty for the
    /// document as a whole.
    pub path: String,
    /// Redacted; scalars as they are, anything else as YAML. `None` is absence.
    pub old: Option<String>,
    /// Redacted; scalars as they are, anything else as YAML. `None` is absence.
    pub new: Option<String>,
}

/// Differences, both for people and for the decisions that follow from them.
#[derive(Clone)]
pub struct Changes {
    line: Line,
    leaves: Vec<Leaf>,
    shown: Vec<Difference>,
}

/// Longer values, and those of several lines, are not repeated in a summary.
const LONGEST_SUMMARY: usize = 80;

impl Changes {
    pub(crate) fn new(leaves: Vec<Leaf>, redactor: &Redactor) -> Self {
        let shown = leaves.iter().map(|leaf| view(leaf, redactor)).collect();
        Self {
            line: redactor.line(),
            leaves,
            shown,
        }
    }

    /// The line of what is new.
    pub(crate) fn line(&self) -> Line {
        self.line
    }

    pub(crate) fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The differences in the order of the documents.
    pub fn differences(&self) -> &[Difference] {
        &self.shown
    }

    /// Full path (see [`Difference::full_path`]) to `old -> new`. Long values are abridged to
    /// their size, absence is `(none)`.
    pub fn summary(&self) -> BTreeMap<String, String> {
        let mut sides: BTreeMap<String, (Option<&str>, Option<&str>)> = BTreeMap::new();
        for difference in &self.shown {
            // An item without identity that was replaced went and came at the same place.
            let (old, new) = sides.entry(difference.full_path()).or_default();
            *old = old.or(difference.old.as_deref());
            *new = new.or(difference.new.as_deref());
        }
        let line = |(old, new)| format!("{} -> {}", abridged(old), abridged(new));
        sides
            .into_iter()
            .map(|(path, both)| (path, line(both)))
            .collect()
    }

    /// Full path to the new value, abridged.
    pub fn new_values(&self) -> BTreeMap<String, String> {
        let line =
            |difference: &Difference| (difference.full_path(), abridged(difference.new.as_deref()));
        self.shown.iter().map(line).collect()
    }
}

impl Difference {
    /// The path with its document in front, which the main document does not need:
    /// `machine.type`, `HostnameConfig.hostname`, `RegistryMirrorConfig/docker.io.skipFallback`.
    pub fn full_path(&self) -> String {
        path::full_text(&self.document, &self.path)
    }
}

pub(crate) fn view(leaf: &Leaf, redactor: &Redactor) -> Difference {
    let (document, steps) = path::split(&leaf.path);
    let show = |value: &Option<Value>| {
        value
            .as_ref()
            .map(|value| scalar_text(&redactor.value(document, steps, value)))
    };
    Difference {
        document: document.to_owned(),
        path: path::text(&redactor.steps(document, steps)),
        old: show(&leaf.old),
        new: show(&leaf.new),
    }
}

fn abridged(value: Option<&str>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some("") => "\"\"".to_owned(),
        Some(text) if text.len() > LONGEST_SUMMARY || text.contains('\n') => {
            let start: String = text.chars().take_while(|c| *c != '\n').take(40).collect();
            format!("{start}… ({} bytes)", text.len())
        }
        Some(text) => text.to_owned(),
    }
}
