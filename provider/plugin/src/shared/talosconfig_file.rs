//! The client identity in the file that `TALOSCONFIG` names.

use std::fs;

use talos_client::Identity;
use talos_config::yaml;

use super::access::{Unusable, malformed};

const ATTRIBUTE: &str = "client_configuration";

/// Identity of the file's current context. The file is read only when a machine is called.
pub fn identity(path: &str) -> Result<Identity, Unusable> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error.to_string()))?;
    let documents = yaml::parse(&text)
        .map_err(|error| unreadable(path, &format!("line {} is not YAML", error.line)))?;
    let root = documents
        .first()
        .ok_or_else(|| unreadable(path, "it is empty"))?;
    let context = root
        .get("context")
        .and_then(|name| name.as_str())
        .unwrap_or_default();
    let entry = root
        .get("contexts")
        .and_then(|contexts| contexts.get(context))
        .ok_or_else(|| {
            unreadable(
                path,
                &format!("its current context {context:?} is not in it"),
            )
        })?;
    let member = |name: &str| {
        entry
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
    };
    Identity::parse(member("ca"), member("crt"), member("key"))
        .map_err(|error| malformed(ATTRIBUTE, &error))
}

fn unreadable(path: &str, seen: &str) -> Unusable {
    Unusable::Malformed {
        attribute: ATTRIBUTE,
        summary: "TS-CLIENT-CONFIGURATION: the file that TALOSCONFIG names cannot be used"
            .to_owned(),
        detail: format!(
            "{path}: {seen}.\n\nCorrect the file, or unset TALOSCONFIG and set `client_configuration`."
        ),
    }
}
