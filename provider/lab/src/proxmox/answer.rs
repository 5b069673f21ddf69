//! What a request is answered with, and the ways it is refused.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::proxmox::fetch::Fetch;

/// A complete answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The reason phrase; PVE puts its messages there.
    pub reason: String,
    /// The JSON document, or nothing: a refused login has no body.
    pub body: Option<Value>,
}

impl Answer {
    pub(crate) fn data(data: Value) -> Self {
        Self::document(json!({ "data": data }))
    }

    pub(crate) fn document(body: Value) -> Self {
        Self {
            status: 200,
            reason: "OK".to_owned(),
            body: Some(body),
        }
    }

    pub(crate) fn bare(status: u16, reason: &str) -> Self {
        Self {
            status,
            reason: reason.to_owned(),
            body: None,
        }
    }
}

/// Why a handler did not answer with data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// A message, which is the reason phrase's first line too.
    Message {
        status: u16,
        message: String,
        errors: BTreeMap<String, String>,
    },
    /// No body.
    Bare(u16, String),
    /// Try again at that moment of the lab's clock, in milliseconds.
    Later(i64),
    /// Try again with the answer of another server.
    Ask(Fetch),
}

/// What handlers give back.
pub(crate) type Reply<T = Value> = Result<T, Refusal>;

impl Refusal {
    /// What a Perl `die` becomes: status 500.
    pub(crate) fn die(message: impl Into<String>) -> Self {
        Self::status(500, message)
    }

    pub(crate) fn status(status: u16, message: impl Into<String>) -> Self {
        Self::Message {
            status,
            message: message.into(),
            errors: BTreeMap::new(),
        }
    }

    pub(crate) fn parameter(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::parameters(BTreeMap::from([(name.into(), text.into())]))
    }

    pub(crate) fn parameters(errors: BTreeMap<String, String>) -> Self {
        Self::Message {
            status: 400,
            message: "Parameter verification failed.".to_owned(),
            errors,
        }
    }

    /// `what` is the text in parentheses; empty where PVE names nothing.
    pub(crate) fn forbidden(what: &str) -> Self {
        let message = match what {
            "" => "Permission check failed".to_owned(),
            what => format!("Permission check failed ({what})"),
        };
        Self::status(403, message)
    }

    /// The exit status of a task that ends with this.
    pub(crate) fn exit_status(&self) -> String {
        match self {
            Self::Message {
                status,
                message,
                errors,
            } if !errors.is_empty() => {
                let line =
                    |(key, text): (&String, &String)| format!("{key}: {}\n", text.trim_end());
                let lines: String = errors.iter().map(line).collect();
                format!("{status} {message}\n{lines}").replace('\n', " ")
            }
            Self::Message { message, .. } => message.trim_end().replace('\n', " "),
            Self::Bare(_, reason) => reason.clone(),
            Self::Later(_) | Self::Ask(_) => "got timeout".to_owned(),
        }
    }

    pub(crate) fn answer(self) -> Answer {
        let (status, message, errors) = match self {
            Self::Message {
                status,
                message,
                errors,
            } => (status, message, errors),
            Self::Bare(status, reason) => return Answer::bare(status, &reason),
            Self::Later(_) | Self::Ask(_) => (500, "got timeout".to_owned(), BTreeMap::new()),
        };
        let mut body = json!({ "data": null, "message": format!("{message}\n") });
        if !errors.is_empty() {
            body["errors"] = json!(errors);
        }
        Answer {
            status,
            reason: message.lines().next().unwrap_or_default().to_owned(),
            body: Some(body),
        }
    }
}
