//! Foreign texts, put in words that no retry rule waits for.

/// Fragments on which wrappers such as terragrunt run a whole apply again, and what we say instead. The texts come from Go's
/// network packages, which Talos and its etcd client pass on.
const REPLACED: &[(&str, &str)] = &[
    ("context deadline exceeded", "time ran out"),
    ("TLS handshake timeout", "no TLS handshake in time"),
    ("connection reset by peer", "connection was reset"),
    ("Client.Timeout exceeded while awaiting headers", "no answer in time"),
    ("i/o timeout", "no answer in time"),
    ("timeout", "time limit"),
    ("dial tcp ", "dialling "),
    ("read tcp ", "reading from "),
    ("write tcp ", "writing to "),
];

/// A foreign text with the fragments above replaced, trimmed.
pub(crate) fn plain(text: &str) -> String {
    let mut text = text.trim().to_owned();
    for (found, said) in REPLACED {
        text = text.replace(found, said);
    }
    text
}
