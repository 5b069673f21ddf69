//! Foreign texts, put in words that no retry rule waits for.

/// Fragments on which wrappers such as terragrunt run a whole apply again, and what we say instead. The texts come from
/// Go's network packages, which Talos and its etcd client pass on, from Rust's, and from Proxmox VE.
const REPLACED: &[(&str, &str)] = &[
    ("context deadline exceeded", "time ran out"),
    ("TLS handshake timeout", "no TLS handshake in time"),
    ("connection reset by peer", "connection was reset"),
    ("Connection reset by peer", "connection was reset"),
    (
        "Client.Timeout exceeded while awaiting headers",
        "no answer in time",
    ),
    ("got lock request timeout", "did not get the lock in time"),
    ("got timeout", "not in time"),
    ("Connection timed out", "no connection in time"),
    ("i/o timeout", "no answer in time"),
    ("timeout", "time limit"),
    ("timed out", "took too long"),
    ("dial tcp ", "dialling "),
    ("read tcp ", "reading from "),
    ("write tcp ", "writing to "),
    ("429 Too Many Requests", "429"),
    ("Too Many Requests", "too many at once"),
];

/// A foreign text with those fragments replaced, trimmed.
pub fn plain(text: &str) -> String {
    let mut text = text.trim().to_owned();
    for (found, said) in REPLACED {
        text = text.replace(found, said);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_wrappers_retry_on() {
        let said = plain(" dial tcp 10.0.0.1:50000: i/o timeout\n");
        assert_eq!(said, "dialling 10.0.0.1:50000: no answer in time");
        for (_, said) in REPLACED {
            assert_eq!(plain(said), said.trim());
        }
    }
}
