//! What was answered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// What it was about.
    pub name: String,
    /// Who asked.
    pub who: String,
    /// What was called.
    pub method: String,
    /// The status as gRPC names it, or what TLS said.
    pub code: String,
    /// The status' text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Messages of the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Value>,
}

impl Answered {
    /// Whether it went well.
    pub fn is_ok(&self) -> bool {
        self.code == "Ok"
    }

    /// A place in the first message.
    pub fn at(&self, pointer: &str) -> &Value {
        const NOTHING: &Value = &Value::Null;
        let first = self.answers.first();
        first
            .and_then(|one| one.pointer(pointer))
            .unwrap_or(NOTHING)
    }
}

/// All answers of a machine, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The release that answered: `v1.12.6`.
    pub talos: String,
    /// The answers.
    pub exchanges: Vec<Answered>,
}
