//! Whether a world is being played: one lab at a time, told by a lock that ends with its process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

const FILE: &str = "lab.lock";

/// Who asks holds the lock for a moment.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// Takes a world for as long as what is returned is kept.
///
/// # Errors
/// Another lab has it, or its folder cannot be written.
pub(super) fn take(folder: &Path) -> Result<File, String> {
    let path = folder.join(FILE);
    let failed = |error: std::io::Error| format!("cannot lock {}: {error}", path.display());
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let file = file.map_err(failed)?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(format!(
        "another lab plays the world in {}: end that one first, or name another folder with --dir",
        folder.display()
    ))
}

/// Whether a lab plays the world of a folder.
pub(super) fn is(folder: &Path) -> bool {
    let file = File::open(folder.join(FILE));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_played_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is(folder.path()));
        let taken = take(folder.path()).unwrap();
        assert!(is(folder.path()));
        let second = take(folder.path()).unwrap_err();
        assert!(second.contains("another lab plays"), "{second}");
        drop(taken);
        assert!(!is(folder.path()));
        take(folder.path()).unwrap();
    }
}
