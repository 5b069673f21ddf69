//! Foreign texts, put in words that no retry rule waits for.

/// Fragments on which wrappers such as terragrunt run a whole apply again, and what we say instead. The texts come from Go's
/// network packages, which Talos and its etcd client pass on.
const REPLACED: &[(&str, &str)] = &[
    ("context deadline exceeded", "time ran out"),
    ("TLS handshake timeout", "no TLS handshake in time"),
    ("connection reset by peer", "connection was reset"),
    (
        "Client.Timeout exceeded while awaiting headers",
        "no answer in time",
    ),
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

/// A refusal of a configuration without what it quotes of that configuration: values may be secrets, their places are not.
pub(crate) fn without_values(text: &str) -> String {
    // Behind it comes the difference between two whole configurations.
    let text = text.split("\ndiff:").next().unwrap_or_default();
    let (said, keys) = match text.split_once("unknown keys found") {
        Some((said, keys)) => (said, Some(keys)),
        None => (text, None),
    };
    let quoted = |(index, part): (usize, &str)| {
        if index % 2 == 1 {
            "\u{2026}".to_owned()
        } else {
            part.to_owned()
        }
    };
    let mut said = said.split('`').enumerate().map(quoted).collect::<String>();
    if let Some(keys) = keys {
        let lines: Vec<_> = keys.lines().map(without_value).collect();
        said.push_str("unknown keys found");
        said.push_str(&lines.join("\n"));
    }
    said
}

/// A line of YAML down to its key.
fn without_value(line: &str) -> &str {
    match line.find(": ") {
        Some(end) => &line[..=end],
        // Neither the end of a key nor a heading: a line of a list or of a longer text.
        None if line.ends_with(':') => line,
        None => "",
    }
}
