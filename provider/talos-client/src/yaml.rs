//! YAML of resource specs as JSON values.
//!
//! Specs are small and written by Talos itself: one document, no anchors, no tags.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// The document's value; `None` when it is not well-formed.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.ok()?;
        builder.take(event)?;
    }
    builder.done
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    done: Option<Value>,
}

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

impl Builder {
    /// `None` where a construct is not of the kind that Talos writes.
    fn take(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Scalar(text, style, ..) => self.put(scalar(&text, style)),
            Event::SequenceStart(..) => {
                self.open.push(Open::List(Vec::new()));
                Some(())
            }
            Event::MappingStart(..) => {
                self.open.push(Open::Map(Map::new(), None));
                Some(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let value = match self.open.pop()? {
                    Open::List(items) => Value::Array(items),
                    Open::Map(members, _) => Value::Object(members),
                };
                self.put(value)
            }
            Event::Alias(_) => None,
            _ => Some(()),
        }
    }

    fn put(&mut self, value: Value) -> Option<()> {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(members, key)) => match key.take() {
                Some(key) => {
                    members.insert(key, value);
                }
                None => *key = Some(text(&value)?),
            },
        }
        Some(())
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(number.into());
    }
    let digits = text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.contains('.');
    text.parse()
        .ok()
        .filter(|_| digits)
        .and_then(Number::from_f64)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        _ => None,
    }
}

/// What is at this path of keys, as text; scalars of other kinds are written out. Empty text is nothing.
pub(crate) fn text_at(value: &Value, path: &[&str]) -> Option<String> {
    at(value, path)
        .and_then(text)
        .filter(|text| !text.is_empty())
}

/// What is at this path of keys.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The texts of the list at this path.
pub(crate) fn texts_at(value: &Value, path: &[&str]) -> Vec<String> {
    at(value, path)
        .and_then(Value::as_array)
        .map(|items| items.iter().filter_map(text).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn what_talos_writes() {
        let text = "stage: maintenance\nstatus:\n    ready: true\n    unmetConditions: []\nmtu: 1500\nversion: \"1.0\"\nnone: null\n\
                    list:\n    - a\n    - name: b\n      size: 18446744073709551615\n";
        let wanted = json!({
            "stage": "maintenance", "status": {"ready": true, "unmetConditions": []}, "mtu": 1500, "version": "1.0", "none": null,
            "list": ["a", {"name": "b", "size": 18446744073709551615u64}],
        });
        assert_eq!(super::parse(text), Some(wanted));
        assert_eq!(super::parse("controlplane\n"), Some(json!("controlplane")));
        assert_eq!(
            super::parse("|\n    a: b\n    c: d\n"),
            Some(json!("a: b\nc: d\n"))
        );
    }

    #[test]
    fn not_yaml() {
        assert_eq!(super::parse("a: [b"), None);
    }
}
