//! What is written into the folder of a rack, so that other processes find it.

use super::error::RackError;
use super::namespaces::started;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// A process, told from later ones of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pub pid: u32,
    started: u64,
}

impl Process {
    /// The process that has this number now.
    pub(super) fn of(pid: u32) -> Option<Self> {
        started(pid).map(|started| Self { pid, started })
    }

    pub(super) fn is_alive(self) -> bool {
        started(self.pid) == Some(self.started)
    }
}

/// The rack as it was started; `rack.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RackState {
    /// First process of the rack's namespaces.
    pub holder: Process,
    /// Short name that no other rack of this host has.
    pub id: String,
    /// Root file system that the machines share.
    pub root: PathBuf,
    /// Names, in the order of their addresses.
    pub machines: Vec<String>,
    /// Whether nodes become Ready without a network of their own.
    pub cni: bool,
}

const FILE: &str = "rack.json";

impl RackState {
    /// The state of the rack in `dir`, if one was ever started there.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, RackError> {
        read(&dir.join(FILE))
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), RackError> {
        write(&dir.join(FILE), self)
    }
}

/// Reads `file` as JSON; `None` when there is no such file.
pub(super) fn read<T: for<'a> Deserialize<'a>>(file: &Path) -> Result<Option<T>, RackError> {
    let text = match fs::read(file) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(RackError::file("read", file))?,
    };
    let value = serde_json::from_slice(&text)
        .map_err(|cause| RackError::file("understand", file)(cause.into()))?;
    Ok(Some(value))
}

/// Writes `value` as JSON, in one step for whoever reads at the same time.
pub(super) fn write(file: &Path, value: &impl Serialize) -> Result<(), RackError> {
    let text = serde_json::to_vec_pretty(value)
        .map_err(|cause| RackError::file("write", file)(cause.into()))?;
    let unfinished = file.with_extension("new");
    fs::write(&unfinished, text).map_err(RackError::file("write", &unfinished))?;
    fs::rename(&unfinished, file).map_err(RackError::file("write", file))
}

#[cfg(test)]
mod tests {
    use super::{Process, read, write};

    #[test]
    fn a_process_that_ended_is_not_taken_for_alive() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let process = Process::of(child.id()).unwrap();
        assert!(process.is_alive());
        let earlier = Process {
            started: process.started - 1,
            ..process
        };
        assert!(!earlier.is_alive());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!process.is_alive());
    }

    #[test]
    fn state_comes_back_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.json");
        assert_eq!(read::<Vec<u8>>(&file).unwrap(), None);
        write(&file, &vec![1_u8, 2]).unwrap();
        assert_eq!(read::<Vec<u8>>(&file).unwrap(), Some(vec![1, 2]));
    }
}
