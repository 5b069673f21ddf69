//! YAML of resource specs as JSON values.

use serde_json::Value;

/// The document's value; `None` when it is not well-formed.
pub(crate) fn parse(text: &str) -> Option<Value> {
    // Whole configurations may be as large as they like: the machine took them.
    let options = serde_saphyr::options! { with_snippet: false, budget: None };
    serde_saphyr::from_str_with_options(text, options).ok()
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
