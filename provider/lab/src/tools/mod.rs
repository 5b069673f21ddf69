//! Programs that the lab runs beside itself, found where they were built or installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Names a folder with the programs, before every other place.
const OWN: &str = "TALOS_LAB_TOOLS";
/// Where test environments keep the programs of Kubernetes (kubebuilder's name for it).
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// Where to look, in this order.
#[derive(Debug, Clone, Default)]
pub struct Places {
    folders: Vec<PathBuf>,
    cache: Option<PathBuf>,
}

impl Places {
    /// What the environment says: `TALOS_LAB_TOOLS`, `KUBEBUILDER_ASSETS`, the cache of
    /// `cargo xtask tools`, PATH.
    #[must_use]
    pub fn from_environment() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self::of(variable)
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let base = variable("TALOS_STACK_CACHE").or_else(|| variable("XDG_CACHE_HOME"));
        let home = || variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let cache = base.map(PathBuf::from).or_else(home);
        let cache = cache.map(|cache| cache.join("talos-stack"));
        let mut folders: Vec<PathBuf> = [OWN, ASSETS]
            .into_iter()
            .filter_map(&variable)
            .map(PathBuf::from)
            .collect();
        folders.extend(cache.as_ref().map(|cache| cache.join("tools")));
        let path = variable("PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&path));
        Self { folders, cache }
    }

    /// A program by its name; in a folder it may carry its version (`etcd-3.6.5`).
    ///
    /// # Errors
    /// It is nowhere; the message says where it may be put.
    pub fn find(&self, name: &str) -> Result<PathBuf, String> {
        let found = self
            .folders
            .iter()
            .find_map(|folder| in_folder(folder, name));
        found.ok_or_else(|| {
            format!("{name} is not found: run `cargo xtask tools`, or name a folder that has it in {OWN}")
        })
    }

    /// Where `cargo xtask tools` keeps what it built; none where the environment names no place for it.
    #[must_use]
    pub fn built(&self) -> Option<PathBuf> {
        Some(self.cache.as_ref()?.join("tools"))
    }

    /// A folder of files that belong to a program (`flux-operator-0.58.1`).
    #[must_use]
    pub fn assets(&self, name: &str) -> Option<PathBuf> {
        in_folder(&self.cache.as_ref()?.join("assets"), name)
    }
}

/// `name` itself, or the last of `name-1.2.3`.
fn in_folder(folder: &Path, name: &str) -> Option<PathBuf> {
    let plain = folder.join(name);
    if plain.exists() {
        return Some(plain);
    }
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let versions = entries.filter_map(|entry| {
        let version = version(entry.file_name().to_str()?, name)?;
        Some((version, entry.path()))
    });
    versions.max().map(|(_, path)| path)
}

/// The numbers of `name-1.2.3`; none for anything else.
fn version(file: &str, name: &str) -> Option<Vec<u32>> {
    let version = file.strip_prefix(name)?.strip_prefix('-')?;
    version.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_a_folder_is_taken_and_other_programs_are_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "talos-stack/tools/etcd-3.6.5",
            "talos-stack/tools/etcd-3.6.12",
            "talos-stack/tools/etcd-x-3.9.9",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let cache = folder.path().as_os_str().to_owned();
        let of = |variable: &str| Places::of(|name| (name == variable).then(|| cache.clone()));
        let moved = of("XDG_CACHE_HOME").find("etcd").unwrap();
        assert!(moved.ends_with("etcd-3.6.12"));
        let places = of("TALOS_STACK_CACHE");
        assert!(places.find("etcd").unwrap().ends_with("etcd-3.6.12"));
        assert!(
            places
                .find("kubectl")
                .unwrap_err()
                .contains("kubectl is not found")
        );
    }
}
