//! Foreign texts, put in words that no retry rule waits for.

/// Fragments on which wrappers such as terragrunt run a whole apply again, and what we say instead.
const REPLACED: &[(&str, &str)] = &[
    ("connection reset by peer", "connection was reset"),
    ("Connection reset by peer", "connection was reset"),
    ("got lock request timeout", "did not get the lock in time"),
    ("got timeout", "not in time"),
    ("Connection timed out", "no connection in time"),
    ("i/o timeout", "no answer in time"),
    ("timeout", "time limit"),
    ("timed out", "took too long"),
    ("dial tcp ", "dialling "),
    ("429 Too Many Requests", "429"),
    ("Too Many Requests", "too many at once"),
];

/// A foreign text with the fragments above replaced, trimmed.
pub(crate) fn plain(text: &str) -> String {
    let mut text = text.trim().to_owned();
    for (found, said) in REPLACED {
        text = text.replace(found, said);
    }
    text
}
