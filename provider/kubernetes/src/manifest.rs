//! Manifests: YAML text to objects.

use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::object::Id;

/// The objects of a text of one or more documents, lists taken apart, in their order. `about` names the text in errors.
///
/// # Errors
/// [`Code::Manifest`] when it is no YAML or a document is no object.
pub fn parse(about: &str, text: &str) -> Result<Vec<Value>> {
    let wrong = |seen: String| Error::new(Code::Manifest, format!("reading {about}"), seen);
    let mut objects = Vec::new();
    for document in documents(text).map_err(wrong)? {
        if document.is_null() {
            continue;
        }
        if document["kind"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("List"))
            && let Some(items) = document["items"].as_array()
        {
            objects.extend(items.iter().cloned());
            continue;
        }
        objects.push(document);
    }
    for object in &objects {
        Id::of(object).map_err(|error| wrong(error.seen))?;
    }
    Ok(objects)
}

/// The documents of a text, whatever they are.
///
/// # Errors
/// Where and why it is no YAML.
pub(crate) fn documents(text: &str) -> std::result::Result<Vec<Value>, String> {
    // Snippets of the text stay out of the message: manifests may hold secrets.
    let options = serde_saphyr::options! { with_snippet: false, budget: None };
    let read = serde_saphyr::from_multiple_with_options(text, options);
    read.map_err(|error| first_line(&error.to_string()))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_lists_become_objects_in_order() {
        let text = "---\n# nothing\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: a}}\n";
        let names: Vec<String> = parse("x", text)
            .unwrap()
            .iter()
            .map(|object| Id::of(object).unwrap().to_string())
            .collect();
        assert_eq!(names, ["Namespace/a", "Secret/a/b"]);
    }

    #[test]
    fn texts_that_look_like_other_types_stay_texts_when_quoted() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: \"true\"\n  b: \"0644\"\n  c: '1e3'\n  d: |\n    x\n    y\n";
        let object = parse("x", text).unwrap().remove(0);
        assert_eq!(
            object["data"],
            serde_json::json!({"a": "true", "b": "0644", "c": "1e3", "d": "x\ny\n"})
        );
    }

    #[test]
    fn what_is_no_object_is_told_without_quoting_it() {
        for text in [
            "kind: Secret\nmetadata: {name: a}\n",
            "a: [TOP-SECRET\n",
            "just text",
        ] {
            let error = parse("file.yaml", text).unwrap_err();
            assert_eq!(error.code, Code::Manifest);
            assert!(!error.to_string().contains("TOP-SECRET"), "{error}");
            assert!(error.attempted.contains("file.yaml"));
        }
    }
}
