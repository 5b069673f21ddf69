//! Between values and models, with failures told as diagnostics.

use crate::cty::{Path, Value};
use crate::diag::{Diagnostic, Diagnostics};
use crate::model::{Lift, Model};
use crate::plan::{Violation, check_texts, null_write_only, objects, restore};
use crate::schema::{Attribute, Schema, Shape};

/// Reads configuration, and checks what attributes themselves demand.
pub(crate) fn decode_config<M: Model>(schema: &Schema, config: &Value) -> Result<M, Diagnostics> {
    let mut wrong = Vec::new();
    check_texts(&schema.attributes, config, &Path::root(), &mut wrong);
    let texts: Diagnostics = wrong
        .into_iter()
        .map(|(path, reason)| invalid(path, reason))
        .collect();
    match decode::<M>(config) {
        Ok(model) if texts.is_empty() => Ok(model),
        Ok(_) => Err(texts),
        Err(found) => Err(texts.into_iter().chain(found).collect()),
    }
}

fn invalid(path: Path, reason: String) -> Diagnostic {
    Diagnostic::error(format!("TS-INVALID-VALUE: {path} is not valid"), reason).at(path)
}

/// Reads any other value of the schema.
pub(crate) fn decode<M: Model>(value: &Value) -> Result<M, Diagnostics> {
    M::decode(value).map_err(|lift| match lift {
        Lift::Unknown => Diagnostic::error(
            "TS-UNKNOWN-VALUE: a value is not known yet",
            "It must be known before this can go on.",
        )
        .into(),
        Lift::Mismatch(path, reason) => invalid(path, capital(&reason)).into(),
    })
}

fn capital(reason: &str) -> String {
    let mut letters = reason.chars();
    letters
        .next()
        .map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
        .unwrap_or_default()
}

/// Writes a model that came from `original`: what the author left alone is core's own value again, write-only values are gone.
pub(crate) fn encode_from<M: Model>(schema: &Schema, original: &Value, model: &M) -> Value {
    let after = model.encode();
    let mut value = match M::decode(original) {
        Ok(before) => restore(original, &before.encode(), after),
        Err(_) => after,
    };
    null_write_only(&schema.attributes, &mut value);
    value
}

/// Writes a model that comes from nowhere.
pub(crate) fn encode_new<M: Model>(schema: &Schema, model: &M) -> Value {
    let mut value = model.encode();
    null_write_only(&schema.attributes, &mut value);
    value
}

/// Broken core rules as diagnostics.
pub(crate) fn violations(type_name: &str, when: &str, found: Vec<Violation>) -> Diagnostics {
    let tell = |violation: Violation| {
        Diagnostic::error(
            format!("TS-PROVIDER-BUG: {type_name} {when} an invalid value for {}", violation.path),
            format!("Core's rule: {}. This is a bug of the provider; please report it with the configuration that leads to it.", violation.rule),
        )
        .at(violation.path)
    };
    found.into_iter().map(tell).collect()
}

/// Every attribute that is still unknown where nothing may be.
pub(crate) fn still_unknown(value: &Value) -> Vec<Violation> {
    let Value::Object(entries) = value else {
        return Vec::new();
    };
    let unknown = entries.iter().filter(|(_, value)| !value.is_wholly_known());
    unknown
        .map(|(name, _)| Violation {
            path: Path::attribute(name.as_str()),
            rule: "the value is still unknown",
        })
        .collect()
}

/// Errors for write-only values that a core without them would store.
pub(crate) fn refuse_write_only(schema: &Schema, config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    written(&schema.attributes, config, &Path::root(), &mut found);
    found
}

fn written(attributes: &[Attribute], value: &Value, outer: &Path, found: &mut Diagnostics) {
    for attribute in attributes {
        let path = outer.clone().attr(attribute.name);
        let current = value.get(attribute.name);
        if attribute.write_only && !current.is_null() {
            let detail = "This version of Terraform or OpenTofu would store it. Use 1.11 or later, or the attribute without the _wo suffix.";
            found.error_at(
                path,
                format!(
                    "TS-WRITE-ONLY: {} needs a newer version of the command",
                    attribute.name
                ),
                detail,
            );
        } else if let Shape::Nested(_, nested) = &attribute.shape {
            for (step, object) in objects(current) {
                let mut path = path.clone();
                path.0.extend(step);
                written(nested, object, &path, found);
            }
        }
    }
}
