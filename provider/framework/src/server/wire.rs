//! Between protocol messages and our own types.

use proto_tfplugin::tfplugin6 as proto;

use crate::cty::{Path, Step, Type, Value, decode, encode, from_json};
use crate::diag::{Diagnostic, Diagnostics, Severity};

/// Reads a value; an absent or empty one is null.
pub(crate) fn value(wire: Option<&proto::DynamicValue>, ty: &Type) -> Result<Value, Diagnostics> {
    let Some(wire) = wire else {
        return Ok(Value::Null);
    };
    let read = if !wire.msgpack.is_empty() {
        decode(&wire.msgpack, ty).map_err(|error| error.to_string())
    } else if !wire.json.is_empty() {
        let json = serde_json::from_slice(&wire.json).map_err(|_| "it is no JSON".to_owned());
        json.and_then(|json: serde_json::Value| {
            from_json(&json, ty).map_err(|error| error.to_string())
        })
    } else {
        return Ok(Value::Null);
    };
    read.map_err(|reason| {
        Diagnostic::error(
            "TS-PROTOCOL: a value from core cannot be read",
            format!("The cause: {reason}."),
        )
        .into()
    })
}

/// Writes a value. One that does not fit its type becomes null and an error.
pub(crate) fn dynamic(
    value: &Value,
    ty: &Type,
    found: &mut Diagnostics,
) -> Option<proto::DynamicValue> {
    let msgpack = encode(value, ty).unwrap_or_else(|error| {
        found.error(
            "TS-PROVIDER-BUG: a value does not fit its schema",
            format!("The cause: {error}. Please report this."),
        );
        vec![0xc0]
    });
    Some(proto::DynamicValue {
        msgpack,
        json: Vec::new(),
    })
}

/// Writes an identity, if there is one.
pub(crate) fn identity(value: Option<&Value>, ty: &Type) -> Option<proto::ResourceIdentityData> {
    let msgpack = encode(value?, ty).ok()?;
    Some(proto::ResourceIdentityData {
        identity_data: Some(proto::DynamicValue {
            msgpack,
            json: Vec::new(),
        }),
    })
}

/// Writes findings.
pub(crate) fn diagnostics(found: Diagnostics) -> Vec<proto::Diagnostic> {
    found.into_iter().map(diagnostic).collect()
}

fn diagnostic(from: Diagnostic) -> proto::Diagnostic {
    let severity = match from.severity {
        Severity::Error => proto::diagnostic::Severity::Error,
        Severity::Warning => proto::diagnostic::Severity::Warning,
    };
    tracing::debug!(diagnostic_severity = ?from.severity, diagnostic_summary = %from.summary, "diagnostic");
    let attribute = from.path.as_ref().filter(|path| !path.is_root()).map(path);
    proto::Diagnostic {
        severity: severity.into(),
        summary: from.summary,
        detail: from.detail,
        attribute,
    }
}

/// Writes a path.
pub(crate) fn path(from: &Path) -> proto::AttributePath {
    use proto::attribute_path::{Step as Wire, step::Selector};
    let step = |step: &Step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        Wire {
            selector: Some(selector),
        }
    };
    proto::AttributePath {
        steps: from.0.iter().map(step).collect(),
    }
}

/// A finding about a type that the provider does not have.
pub(crate) fn no_such_type(kind: &str, name: &str) -> Diagnostics {
    Diagnostic::error(
        format!("TS-PROTOCOL: the provider has no {kind} {name}"),
        "Core asked for a type outside of the provider's schema.",
    )
    .into()
}
