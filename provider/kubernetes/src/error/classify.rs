//! From what a connection or the API server says to a code.
//!
//! Facts: `Status` of the Kubernetes API (meta/v1), its reasons and causes; messages as kube-apiserver 1.35 writes them.

use std::error::Error as StdError;

use serde_json::Value;

use super::{Code, Error, Sent};

/// An answer that is no success.
pub(crate) fn of_status(attempted: &str, status: u16, body: &Value) -> Error {
    let message = body["message"].as_str().unwrap_or_default();
    let reason = body["reason"].as_str().unwrap_or_default();
    if body["kind"] != "Status" {
        let code = match status {
            401 => Code::Auth,
            403 => Code::Permission,
            404 => Code::KindUnknown,
            429 | 502..=504 => Code::Busy,
            _ => Code::NotKubernetes,
        };
        return Error::new(code, attempted, format!("status {status}")).sent(Sent::Refused);
    }
    let code = code_of(status, reason, message);
    let seen = match (code, causes(body)) {
        (Code::Conflict, causes) if !causes.is_empty() => owners(&causes),
        _ => shortened(message, status),
    };
    Error::new(code, attempted, seen).sent(Sent::Refused)
}

fn code_of(status: u16, reason: &str, message: &str) -> Code {
    match (status, reason) {
        (401, _) => Code::Auth,
        (403, _) if message.contains("because it is being terminated") => Code::Terminating,
        (403, _) if message.contains("ValidatingAdmissionPolicy") => Code::Admission,
        (403, _) => Code::Permission,
        (404, _) if message.contains("could not find the requested resource") => Code::KindUnknown,
        (404, "NotFound") => Code::Gone,
        (404, _) => Code::KindUnknown,
        (409, "AlreadyExists") => Code::Exists,
        (409, _) if message.contains("Apply failed with") => Code::Conflict,
        (409, _) => Code::Exists,
        (422, _) if message.contains("field is immutable") => Code::Immutable,
        (422, _) if message.contains("ValidatingAdmissionPolicy") => Code::Admission,
        (400 | 422, _) if message.contains("admission webhook") => Code::Admission,
        (400, _) if message.contains("unknown field") || message.contains("strict decoding") => {
            Code::UnknownField
        }
        (400 | 422, _) => Code::Invalid,
        // A field that a schema lacks is answered by 500 without a reason.
        (500, _) if message.contains("failed to create typed patch object") => Code::UnknownField,
        (500, _) if message.contains("field not declared in schema") => Code::UnknownField,
        (500, _) if message.contains("failed calling webhook") => Code::Webhook,
        (_, _) if message.contains("admission webhook") && message.contains("denied") => {
            Code::Admission
        }
        (429 | 500 | 502..=504, _) => Code::Busy,
        _ => Code::Failed,
    }
}

/// Type, message and field of each cause.
fn causes(body: &Value) -> Vec<(String, String)> {
    let causes = body["details"]["causes"].as_array();
    causes
        .into_iter()
        .flatten()
        .filter(|cause| cause["reason"] == "FieldManagerConflict")
        .map(|cause| {
            let text = |name: &str| cause[name].as_str().unwrap_or_default().to_owned();
            (text("message"), text("field"))
        })
        .collect()
}

/// Who owns which field: `conflict with "kubectl" using apps/v1` becomes a line for each field.
fn owners(causes: &[(String, String)]) -> String {
    let lines = causes.iter().map(|(message, field)| {
        let manager = message.split('"').nth(1).unwrap_or(message);
        format!("{field} is owned by {manager}")
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// Messages may quote whole objects.
fn shortened(message: &str, status: u16) -> String {
    const LONGEST: usize = 2000;
    if message.is_empty() {
        return format!("status {status}");
    }
    let mut end = message.len().min(LONGEST);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message[..end].to_owned()
}

/// A request that got no answer. `texts` are the messages of the error and of all that caused it.
pub(crate) fn of_failure(attempted: &str, error: &(dyn StdError + 'static)) -> Error {
    let texts = chain(error);
    let all = texts.join(": ");
    let has = |part: &str| all.contains(part);
    let (code, sent) = if has("UnknownIssuer") || has("BadSignature") || has("CaUsedAsEndEntity") {
        (Code::TlsAuthority, Sent::Never)
    } else if has("NotValidForName") {
        (Code::TlsName, Sent::Never)
    } else if has("CertificateExpired") || has("Expired") || has("NotValidYet") {
        (Code::TlsExpired, Sent::Never)
    } else if has("received fatal alert") {
        (Code::Auth, Sent::Never)
    } else if has("InvalidContentType") || has("corrupt message") {
        (Code::NotKubernetes, Sent::Never)
    } else if has("failed to lookup address") || has("dns error") {
        (Code::Name, Sent::Never)
    } else if has("tcp connect error") || has("Connection refused") || has("client error (Connect)")
    {
        (Code::Unreachable, Sent::Never)
    } else if has("deadline has elapsed") || has("timed out") {
        (Code::Timeout, Sent::Maybe)
    } else {
        (Code::Unclear, Sent::Maybe)
    };
    let last = texts.last().map_or("", String::as_str);
    Error::new(code, attempted, last).sent(sent)
}

/// The messages from the outside in.
fn chain(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(inner) = source {
        texts.push(inner.to_string());
        source = inner.source();
    }
    texts
}
