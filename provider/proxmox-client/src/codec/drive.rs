//! What the `file` of a drive names.

use super::check::is_volume_id;
use super::format::Properties;

/// A volume, or the absence of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Volume {
    /// No medium in a CD-ROM drive.
    Nothing,
    /// A volume that exists, `storage:name`.
    Existing(String),
    /// The host's own drive or an absolute path: only root may set those.
    Host(String),
}

impl Volume {
    /// Reads the `file` of a drive.
    pub fn of(drive: &Properties) -> Option<Volume> {
        let file = drive.get("file")?;
        Some(match file {
            "none" => Volume::Nothing,
            file if is_volume_id(file) => Volume::Existing(file.to_owned()),
            file => Volume::Host(file.to_owned()),
        })
    }

    /// `storage:name`, where there is one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Volume::Existing(id) => Some(id),
            Volume::Nothing | Volume::Host(_) => None,
        }
    }

    /// The storage that it lies on.
    pub fn storage(&self) -> Option<&str> {
        self.id()?.split_once(':').map(|(storage, _)| storage)
    }

    /// The `file` that makes a new volume of so many GiB.
    pub fn new_of(storage: &str, gib: u64) -> String {
        format!("{storage}:{gib}")
    }
}
