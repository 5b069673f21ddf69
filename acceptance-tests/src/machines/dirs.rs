//! Where a rack keeps its state.

use super::error::RackError;
use super::state::Process;
use crate::cache;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The folder for the rack's state; a temporary one is removed with the rack.
pub(super) fn folder(asked: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>), RackError> {
    let racks = cache::root().join("racks");
    let (dir, temporary) = match asked {
        Some(dir) => (dir, None),
        None => {
            fs::create_dir_all(&racks).map_err(RackError::file("create", &racks))?;
            remove_abandoned(&racks);
            let prefix = format!("{}-", std::process::id());
            let temporary = tempfile::Builder::new()
                .prefix(&prefix)
                .tempdir_in(&racks)
                .map_err(RackError::file("create", &racks))?;
            (temporary.path().to_owned(), Some(temporary))
        }
    };
    fs::create_dir_all(&dir).map_err(RackError::file("create", &dir))?;
    let dir = fs::canonicalize(&dir).map_err(RackError::file("find", &dir))?;
    Ok((dir, temporary))
}

/// Removes temporary folders whose owner was killed before it could.
fn remove_abandoned(racks: &Path) {
    for entry in fs::read_dir(racks).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.split('-').next()?.parse().ok());
        if owner.is_some_and(|pid| Process::of(pid).is_none()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
