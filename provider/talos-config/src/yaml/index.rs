//! Finds the keys of wide mappings without going through all of them.

use std::cmp::Ordering;

use super::value::Value;

/// Mappings with fewer entries are gone through, and others for fewer keys: that is faster than an
/// index.
const WIDE: usize = 32;

/// Where the keys of a mapping are. It stays right while entries are appended, and knows nothing
/// of those.
pub(crate) struct Index {
    /// How many entries it knows.
    len: usize,
    /// Their positions in the order of their keys; empty if it is not worth it.
    sorted: Vec<usize>,
}

impl Index {
    /// For looking up so many keys.
    pub(super) fn of(entries: &[(String, Value)], lookups: usize) -> Self {
        let len = entries.len();
        let mut sorted = Vec::new();
        if len >= WIDE && lookups >= WIDE {
            sorted.extend(0..len);
            sorted.sort_unstable_by(|one, other| compare(&entries[*one].0, &entries[*other].0));
        }
        Self { len, sorted }
    }

    /// The position of `key`, in the mapping that this is the index of.
    pub(super) fn find(&self, entries: &[(String, Value)], key: &str) -> Option<usize> {
        if self.sorted.is_empty() {
            return entries[..self.len].iter().position(|(k, _)| is(k, key));
        }
        let at = |position: &usize| compare(&entries[*position].0, key);
        let found = self.sorted.binary_search_by(at).ok()?;
        Some(self.sorted[found])
    }
}

/// Whether a key is another one.
pub(super) fn is(key: &str, other: &str) -> bool {
    #[cfg(test)]
    count();
    key == other
}

fn compare(key: &str, other: &str) -> Ordering {
    #[cfg(test)]
    count();
    key.cmp(other)
}

#[cfg(test)]
thread_local! {
    static COMPARISONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
fn count() {
    COMPARISONS.set(COMPARISONS.get() + 1);
}

/// How many keys this thread compares while it does `work`.
#[cfg(test)]
pub(crate) fn comparisons(work: impl FnOnce()) -> usize {
    let before = COMPARISONS.get();
    work();
    COMPARISONS.get() - before
}
