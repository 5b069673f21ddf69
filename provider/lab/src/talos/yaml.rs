//! YAML as Talos writes it: four blanks per level, plain words where they are safe.

use serde_json::Value;

/// The text of a value, with a line break at its end.
pub(crate) fn emit(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => map(&mut text, members, 0),
        Value::Array(items) if !items.is_empty() => list(&mut text, items, 0),
        other => {
            scalar(&mut text, other);
            text.push('\n');
        }
    }
    text
}

fn indent(text: &mut String, depth: usize) {
    text.push_str(&"    ".repeat(depth));
}

fn map(text: &mut String, members: &serde_json::Map<String, Value>, depth: usize) {
    for (index, (name, value)) in members.iter().enumerate() {
        // The first member of an item stands behind its dash.
        if index > 0 || !text.ends_with("- ") {
            indent(text, depth);
        }
        word(text, name);
        text.push(':');
        member(text, value, depth);
    }
}

fn member(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            map(text, members, depth + 1);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            list(text, items, depth + 1);
        }
        Value::String(lines) if lines.contains('\n') => block(text, lines, depth + 1),
        other => {
            text.push(' ');
            scalar(text, other);
            text.push('\n');
        }
    }
}

fn list(text: &mut String, items: &[Value], depth: usize) {
    for item in items {
        indent(text, depth);
        text.push_str("- ");
        match item {
            Value::Object(members) if !members.is_empty() => {
                let mut inner = String::from("- ");
                map(&mut inner, members, 0);
                let mut lines = inner.trim_start_matches("- ").lines();
                text.push_str(lines.next().unwrap_or_default());
                text.push('\n');
                for line in lines {
                    indent(text, depth);
                    text.push_str("  ");
                    text.push_str(line);
                    text.push('\n');
                }
            }
            Value::Array(_) => {
                text.push_str(&item.to_string());
                text.push('\n');
            }
            other => {
                scalar(text, other);
                text.push('\n');
            }
        }
    }
}

/// A text of several lines. What a block cannot hold is quoted.
fn block(text: &mut String, lines: &str, depth: usize) {
    let plain = lines.chars().all(|c| c == '\n' || !c.is_control());
    if !plain || lines.starts_with([' ', '\n']) {
        text.push(' ');
        text.push_str(&Value::from(lines).to_string());
        text.push('\n');
        return;
    }
    let keep = match (lines.ends_with('\n'), lines.ends_with("\n\n")) {
        (_, true) => " |+\n",
        (true, false) => " |\n",
        (false, false) => " |-\n",
    };
    text.push_str(keep);
    for line in lines.strip_suffix('\n').unwrap_or(lines).split('\n') {
        if !line.is_empty() {
            indent(text, depth);
            text.push_str(line);
        }
        text.push('\n');
    }
}

fn scalar(text: &mut String, value: &Value) {
    match value {
        Value::String(own) => word(text, own),
        other => text.push_str(&other.to_string()),
    }
}

/// A word, quoted where YAML would read something else.
fn word(text: &mut String, own: &str) {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./ ()+".contains(c);
    let begins = own.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let special = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let special = special.iter().any(|word| own.eq_ignore_ascii_case(word));
    if begins && own.chars().all(safe) && !own.ends_with(' ') && !special {
        text.push_str(own);
    } else {
        text.push_str(&Value::from(own).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "empty": [], "none": {}, "null": null, "yes": "yes", "number": "12", "real": 12,
            "lines": "a: b\n  c\n\nd\n", "cut": "a\nb", "odd": "  a\nb",
            "list": [{ "name": "x", "inner": { "deep": [1, "fd00::1/64"] } }, "plain word", [1]],
            "10.0.0.1/24": true,
        });
        let text = emit(&value);
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, value, "{text}");
    }

    #[test]
    fn it_looks_like_the_real_one() {
        let value =
            json!({ "stage": "maintenance", "status": { "ready": true, "unmetConditions": [] } });
        assert_eq!(
            emit(&value),
            "stage: maintenance\nstatus:\n    ready: true\n    unmetConditions: []\n"
        );
    }
}
