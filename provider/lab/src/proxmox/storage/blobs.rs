//! Bytes of images, by digest: in memory, or in files of the lab's directory.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// Images that were uploaded or downloaded.
#[derive(Debug, Default)]
pub(crate) struct Blobs {
    folder: Option<PathBuf>,
    kept: HashMap<String, Arc<[u8]>>,
}

impl Blobs {
    /// Keeps images in files of a folder that exists.
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
            kept: HashMap::new(),
        }
    }

    /// Keeps bytes and gives their SHA-256.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> std::io::Result<String> {
        let id = hex(&Sha256::digest(bytes));
        match &self.folder {
            Some(folder) => std::fs::write(folder.join(&id), bytes)?,
            None => drop(self.kept.insert(id.clone(), bytes.into())),
        }
        Ok(id)
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<[u8]>> {
        match &self.folder {
            Some(folder) => std::fs::read(folder.join(id)).ok().map(Into::into),
            None => self.kept.get(id).cloned(),
        }
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
