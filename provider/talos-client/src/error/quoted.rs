//! What Talos quotes of a configuration that it refuses.

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
