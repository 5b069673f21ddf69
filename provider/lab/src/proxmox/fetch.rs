//! Requests that a host sends to other servers: downloads and the look before them.

use serde::{Deserialize, Serialize};

/// A request that the lab has to send for a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The URL.
    pub url: String,
    /// Whether only the head is wanted.
    pub head: bool,
    /// Whether the server's certificate must be trusted.
    pub verify: bool,
}

/// What came back: the document, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// HTTP status line without the version (`404 Not Found`), or the reason that no answer came
    /// (`500 Can't connect to 10.0.0.1:80 (Connection refused)`), as the client of PVE words it.
    pub status_line: String,
    /// Content-Type.
    pub content_type: Option<String>,
    /// Content-Length, or what was read.
    pub size: u64,
    /// The document; empty for a head.
    pub body: Vec<u8>,
}

impl Fetched {
    /// Whether the server gave the document.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status_line.starts_with('2')
    }
}
