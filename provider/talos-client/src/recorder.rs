//! What a recorder of exchanges is told. No field ever holds a secret.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

/// One request and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Address that it was sent to.
    pub endpoint: String,
    /// Node that the endpoint was to pass it on to.
    pub node: Option<String>,
    /// gRPC path, such as `/machine.MachineService/Version`.
    pub method: &'static str,
    /// The call may change the machine. A dry run may not.
    pub write: bool,
    /// The request in a few words; of a configuration its size and digest.
    pub request: String,
    /// `ok`, or the code of the error.
    pub status: String,
    /// The answer in a few words, or what was seen.
    pub response: String,
    /// Time until the answer.
    pub elapsed: Duration,
}

/// Takes every exchange of a client, in the order of the answers. Dials that failed are not exchanges.
pub trait Recorder: Send + Sync {
    /// One exchange ended.
    fn record(&self, exchange: Exchange);
}

/// Writes each exchange as a line of JSON: `endpoint`, `node`, `method`, `write`, `request`, `status`, `response`, `elapsed_ms`.
pub struct JsonLines<W>(Mutex<W>);

impl<W: Write> JsonLines<W> {
    /// Writes to this.
    pub fn new(to: W) -> JsonLines<W> {
        JsonLines(Mutex::new(to))
    }
}

impl<W: Write + Send> Recorder for JsonLines<W> {
    fn record(&self, exchange: Exchange) {
        let line = json!({
            "endpoint": exchange.endpoint,
            "node": exchange.node,
            "method": exchange.method,
            "write": exchange.write,
            "request": exchange.request,
            "status": exchange.status,
            "response": exchange.response,
            "elapsed_ms": u64::try_from(exchange.elapsed.as_millis()).unwrap_or(u64::MAX),
        });
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(to, "{line}") {
            tracing::warn!(target: "talos_client", %error, "an exchange is missing from the transcript");
        }
    }
}
