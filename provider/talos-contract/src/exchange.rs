//! What is asked, and by whom.

use std::time::Duration;

use serde_json::Value;

use crate::Answered;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody without a certificate.
    Nobody,
    /// An administrator of the machine's cluster.
    Admin,
    /// One who may operate it.
    Operator,
    /// One who may read.
    Reader,
    /// One who may make backups of etcd.
    EtcdBackup,
    /// An administrator of another cluster.
    Foreign,
}

impl Who {
    /// As transcripts name them.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Admin => "os:admin",
            Self::Operator => "os:operator",
            Self::Reader => "os:reader",
            Self::EtcdBackup => "os:etcd:backup",
            Self::Foreign => "os:admin of another cluster",
        }
    }

    /// The role in the certificate; none without a certificate.
    pub fn role(self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::Foreign => Some("os:admin"),
            own => Some(own.name()),
        }
    }
}

/// One question.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What it is about; no two have the same.
    pub name: String,
    /// Who asks.
    pub who: Who,
    /// `machine.MachineService/Version`.
    pub method: String,
    /// The request in the JSON form of protobuf.
    pub request: Value,
    /// Routing: `node` or `nodes`, and a value.
    pub headers: Vec<(&'static str, String)>,
    /// Messages after which a stream that does not end is left.
    pub take: usize,
    /// How long an answer may take.
    pub within: Duration,
}

impl Exchange {
    /// Messages, with headers of routing.
    pub fn routed(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }

    /// Does not wait longer for an answer.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// Leaves a stream after so many messages.
    pub fn first(mut self, take: usize) -> Self {
        self.take = take;
        self
    }
}

/// A step of the list.
pub enum Step {
    /// Asked once, and written down.
    Ask(Exchange),
    /// Asked until the answer is so, and not written down.
    Wait(Exchange, fn(&Answered) -> bool),
}
