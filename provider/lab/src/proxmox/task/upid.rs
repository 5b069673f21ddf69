//! Task ids: `UPID:pve1:0001A2B3:0C1D2E3F:68A1B2C3:qmcreate:101:user@realm!token:`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A task's id taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upid {
    pub(crate) node: String,
    pub(crate) pid: u64,
    pub(crate) pstart: u64,
    /// Seconds since 1970.
    pub(crate) starttime: i64,
    pub(crate) kind: String,
    pub(crate) id: String,
    /// `user@realm` or `user@realm!token`.
    pub(crate) user: String,
}

impl fmt::Display for Upid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            node,
            pid,
            pstart,
            starttime,
            kind,
            id,
            user,
        } = self;
        write!(
            out,
            "UPID:{node}:{pid:08X}:{pstart:08X}:{starttime:08X}:{kind}:{id}:{user}:"
        )
    }
}

impl FromStr for Upid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["UPID", node, pid, pstart, start, kind, id, user, ""] = parts.as_slice() else {
            return Err(());
        };
        let hex = |text: &str| u64::from_str_radix(text, 16).map_err(drop);
        Ok(Self {
            node: (*node).to_owned(),
            pid: hex(pid)?,
            pstart: hex(pstart)?,
            starttime: i64::try_from(hex(start)?).map_err(drop)?,
            kind: (*kind).to_owned(),
            id: (*id).to_owned(),
            user: (*user).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Upid;

    #[test]
    fn an_id_is_read_back() {
        let text = "UPID:pve1:0001A2B3:0C1D2E3F:68A1B2C3:qmcreate:101:tf@pve!ci:";
        let upid: Upid = text.parse().unwrap();
        assert_eq!(
            (upid.kind.as_str(), upid.user.as_str()),
            ("qmcreate", "tf@pve!ci")
        );
        assert_eq!(upid.to_string(), text);
        assert!("UPID:foo".parse::<Upid>().is_err());
    }
}
