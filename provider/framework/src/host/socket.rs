//! The socket, in a folder that only its owner can enter.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// The kernel's limit for socket paths is 108 bytes, the end mark included.
const LONGEST_PATH: usize = 107;

/// A private folder with one socket in it; gone when dropped.
pub(super) struct SocketFolder(PathBuf);

impl SocketFolder {
    /// Makes the folder where the host wants it, else for temporary files, else in /tmp when that path is too long.
    pub(super) fn create(wanted: Option<&str>) -> io::Result<Self> {
        let temporary = std::env::temp_dir();
        let base = wanted.map_or(temporary.as_path(), Path::new);
        Self::below(base).or_else(|error| {
            if wanted.is_some() {
                Err(error)
            } else {
                Self::below(Path::new("/tmp"))
            }
        })
    }

    fn below(base: &Path) -> io::Result<Self> {
        for attempt in 0..1000u32 {
            let folder = base.join(format!("plugin-{}-{attempt}", std::process::id()));
            if folder.as_os_str().len() + 2 > LONGEST_PATH {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the path is too long for a socket",
                ));
            }
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(Self(folder)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Where the socket is.
    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("s")
    }

    /// Opens the socket; connections queue from now on.
    pub(super) fn listen(&self) -> io::Result<UnixListener> {
        let listener = UnixListener::bind(self.socket())?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        // Leftovers of a temporary folder harm nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_folder_is_private_and_goes() {
        let folder = SocketFolder::create(None).unwrap();
        let path = folder.0.clone();
        let _listener = folder.listen().unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700
        );
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_long_path_is_refused_before_the_kernel_does() {
        let long = tempfile::tempdir().unwrap().path().join("x".repeat(100));
        std::fs::create_dir_all(&long).unwrap();
        assert!(SocketFolder::below(&long).is_err());
    }
}
