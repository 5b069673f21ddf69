//! Names of the services, as a file that stands in for `/etc/hosts`.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Names with their addresses.
#[derive(Debug, Clone)]
pub struct Names {
    lines: String,
}

impl Names {
    pub(super) fn of(names: &[(IpAddr, &str)]) -> Self {
        let lines = names
            .iter()
            .map(|(address, name)| format!("{address}\t{name}\n"));
        Self {
            lines: lines.collect(),
        }
    }

    /// Writes the machine's own names and these into a folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, String> {
        let path = folder.join("hosts");
        // A machine without the file has no names of its own.
        let own = fs::read_to_string("/etc/hosts")
            .unwrap_or_else(|_| "127.0.0.1\tlocalhost\n".to_owned());
        let own = if own.ends_with('\n') { own } else { own + "\n" };
        fs::write(&path, format!("{own}{}", self.lines))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_after_those_of_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let names = Names::of(&[(IpAddr::from([192, 0, 2, 9]), "a.test")]);
        let text = fs::read_to_string(names.write(folder.path()).unwrap()).unwrap();
        assert!(text.ends_with("192.0.2.9\ta.test\n"));
        assert!(text.contains("localhost"));
    }
}
