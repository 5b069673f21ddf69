//! Which resources a list or a watch means.

use proto_talos::cosi::resource::label_term::Operation;
use proto_talos::cosi::resource::{IdQuery, LabelQuery, LabelTerm, Resource};
use regex::Regex;

/// Whether a resource is meant. A pattern that is none means nothing.
pub(crate) fn fits(resource: &Resource, labels: &[LabelQuery], id: Option<&IdQuery>) -> bool {
    let Some(metadata) = &resource.metadata else {
        return false;
    };
    let pattern = id
        .map(|query| query.regexp.as_str())
        .filter(|text| !text.is_empty());
    let named = pattern.is_none_or(|pattern| {
        Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&metadata.id))
    });
    let term = |term: &LabelTerm| {
        let found = metadata.labels.get(&term.key);
        let equal = || found.is_some_and(|found| term.value.contains(found));
        let fits = match term.op() {
            Operation::Exists => found.is_some(),
            Operation::Equal | Operation::In => equal(),
            // The lab's resources have no labels that could be compared.
            _ => false,
        };
        fits != term.invert
    };
    let labelled = labels.is_empty() || labels.iter().any(|query| query.terms.iter().all(term));
    named && labelled
}
