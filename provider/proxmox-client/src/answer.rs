//! Answers as values. Proxmox VE is loose about types: numbers come as texts, truths as 0, 1, "0", "1" or not at all.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::classify::{of_answer, with_privilege};
use crate::error::{Code, Error, Result, Sent};

/// One answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status of HTTP.
    pub status: u16,
    /// Reason phrase; before version 8.4 the only place of messages.
    pub reason: String,
    /// The body, whole.
    pub body: String,
}

impl Answer {
    /// The data of a success.
    ///
    /// # Errors
    /// What the answer says instead, by its code.
    pub fn data(&self, attempted: &str) -> Result<Value> {
        let body: Option<Value> = serde_json::from_str(&self.body).ok();
        if (200..300).contains(&self.status) {
            return match body.and_then(|mut body| body.get_mut("data").map(Value::take)) {
                Some(data) => Ok(data),
                None => Err(Error::new(
                    Code::NotProxmox,
                    attempted,
                    format!("status {} without data", self.status),
                )
                .sent(Sent::Maybe)),
            };
        }
        Err(self.error(attempted, body.as_ref()))
    }

    fn error(&self, attempted: &str, body: Option<&Value>) -> Error {
        let said = self.said(body);
        let (code, sent) = of_answer(self.status, &said);
        let seen = format!("{} {said}", self.status);
        with_privilege(Error::new(code, attempted, seen).sent(sent), &said)
    }

    /// The message of the body or, where there is none, the reason phrase; then what it says of single parameters.
    fn said(&self, body: Option<&Value>) -> String {
        let message = body
            .and_then(|body| body.get("message"))
            .and_then(Value::as_str);
        let message = message.map_or(self.reason.as_str(), str::trim_end);
        let errors = body
            .and_then(|body| body.get("errors"))
            .and_then(Value::as_object);
        let errors = errors.into_iter().flatten().map(|(parameter, text)| {
            let text = text.as_str().unwrap_or_default().trim();
            format!("\n{parameter}: {}", text.replace('\n', " "))
        });
        format!("{message}{}", errors.collect::<String>())
    }
}

/// Data that has another form than known.
pub(crate) fn malformed(attempted: &str, what: &str) -> Error {
    Error::new(
        Code::Answer,
        attempted,
        format!("{what} is missing or has another form"),
    )
    .sent(Sent::Refused)
}

/// Text of a scalar: numbers as they are written, truths as 0 and 1.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(u8::from(*truth).to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Text of a member.
pub(crate) fn member(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(text)
}

/// A member that counts, whatever type it has.
pub(crate) fn number(value: &Value, name: &str) -> Option<u64> {
    let text = member(value, name)?;
    text.parse().ok().or_else(|| {
        // Large numbers may come with a fraction or an exponent.
        let float: f64 = text.parse().ok()?;
        (0.0..9e18).contains(&float).then_some(float as u64)
    })
}

/// A member that is true or not; absent is false.
pub(crate) fn truth(value: &Value, name: &str) -> bool {
    member(value, name).is_some_and(|text| matches!(text.as_str(), "1" | "true" | "yes" | "on"))
}

/// All scalars of an object.
pub(crate) fn scalars(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members
        .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
        .collect()
}

/// The elements of an array.
pub(crate) fn list<'a>(value: &'a Value, attempted: &str) -> Result<&'a [Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| malformed(attempted, "a list"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, reason: &str, body: &str) -> Answer {
        Answer {
            status,
            reason: reason.to_owned(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn old_and_new_versions_say_the_same() {
        let text = "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout";
        let old = answer(500, text, r#"{"data":null}"#).data("x").unwrap_err();
        let body = json!({"data": null, "message": format!("{text}\n")}).to_string();
        let new = answer(500, "other", &body).data("x").unwrap_err();
        assert_eq!(old, new);
        assert_eq!(old.code, Code::Locked);
    }

    #[test]
    fn errors_of_parameters_are_told_and_decide() {
        let body = json!({"data": null, "message": "Parameter verification failed.\n",
            "errors": {"storage": "storage 'isoonly' does not support vm images"}});
        let error = answer(400, "Parameter verification failed.", &body.to_string())
            .data("x")
            .unwrap_err();
        assert_eq!(error.code, Code::StorageContent);
        assert!(
            error.seen.contains("storage: storage 'isoonly'"),
            "{}",
            error.seen
        );
    }

    #[test]
    fn what_is_no_answer_of_proxmox_is_told_so() {
        let error = answer(200, "OK", "<html>").data("x").unwrap_err();
        assert_eq!(error.code, Code::NotProxmox);
        let error = answer(401, "No ticket", "").data("x").unwrap_err();
        assert_eq!(error.code, Code::Auth);
        assert!(error.seen.contains("No ticket"));
    }

    #[test]
    fn scalars_are_read_whatever_type_they_have() {
        let value = json!({"a": 4, "b": "4", "c": true, "d": null, "e": [], "f": 1.5e3});
        assert_eq!(number(&value, "a"), Some(4));
        assert_eq!(number(&value, "b"), Some(4));
        assert_eq!(number(&value, "f"), Some(1500));
        assert!(truth(&value, "c") && !truth(&value, "d") && !truth(&value, "zz"));
        assert_eq!(scalars(&value).len(), 4);
    }
}
