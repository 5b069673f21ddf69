//! What a recorder of exchanges is told. No field ever holds a secret.

use std::time::Duration;

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
