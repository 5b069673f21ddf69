//! Saved worlds: the disks of a rack, kept in the cache, from which later racks start.
//!
//! Saving and starting copy little: files that containerd never changes again are shared by hard links.

use super::error::{RackError, run};
use super::rack::Rack;
use crate::cache;
use std::fs;
use std::path::{Path, PathBuf};

/// Below a machine's folder; unpacked images are here, and all of a machine's large files that never change.
const UNCHANGING: &str = "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";
/// Smaller files are copied even there: a running container may have written them.
const LARGE: u64 = 1 << 20;

/// Folder of the world called `name`, made by machines with the root file system `root`.
fn folder(name: &str, root: &Path) -> PathBuf {
    let made_by = root.file_name().unwrap_or_default().to_string_lossy();
    cache::root()
        .join("worlds")
        .join(format!("{name}-{made_by}"))
}

/// Whether machines with the root file system `root` can start from the world called `name`.
pub(super) fn exists(name: &str, root: &Path) -> bool {
    folder(name, root).is_dir()
}

/// Saves the disks of all machines of `rack`, which are off, and its files.
pub(super) fn save(name: &str, rack: &Rack) -> Result<(), RackError> {
    let target = folder(name, &rack.state.root);
    let worlds = target.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(worlds).map_err(RackError::file("create", worlds))?;
    let unfinished = tempfile::tempdir_in(worlds).map_err(RackError::file("create", worlds))?;
    for machine in rack.machines() {
        copy(
            &machine.folder().join("state"),
            &unfinished.path().join(machine.name()),
        )?;
    }
    copy(&rack.files()?, &unfinished.path().join("files"))?;
    let _ = fs::remove_dir_all(&target);
    fs::rename(unfinished.path(), &target).map_err(RackError::file("create", &target))
}

/// Gives the machines of `rack`, which were never on, the disks of the world called `name`, and the rack its files.
pub(super) fn restore(name: &str, rack: &Rack) -> Result<(), RackError> {
    let source = folder(name, &rack.state.root);
    if !source.is_dir() {
        return Err(RackError::Use(format!(
            "there is no saved world `{name}` for this version of the tools; save one first"
        )));
    }
    for machine in rack.machines() {
        let saved = source.join(machine.name());
        if !saved.is_dir() {
            return Err(RackError::Use(format!(
                "the saved world `{name}` has no machine `{}`",
                machine.name()
            )));
        }
        let state = machine.folder().join("state");
        if state.exists() {
            return Err(RackError::Use(format!(
                "{} has disks already; take an empty folder",
                machine.name()
            )));
        }
        fs::create_dir_all(machine.folder())
            .map_err(RackError::file("create", &machine.folder()))?;
        copy(&saved, &state)?;
    }
    let files = rack.files()?;
    fs::remove_dir(&files).map_err(RackError::file("replace", &files))?;
    copy(&source.join("files"), &files)
}

/// Copies a folder that does not exist at `to`, sharing large files that never change.
fn copy(from: &Path, to: &Path) -> Result<(), RackError> {
    let (source, target) = (from.to_string_lossy(), to.to_string_lossy());
    if run("cp", &["--archive", "--link", &source, &target]).is_ok() {
        return unshare(to, &to.join(UNCHANGING));
    }
    // Another file system: nothing can be shared.
    let _ = fs::remove_dir_all(to);
    run("cp", &["--archive", "--sparse=always", &source, &target]).map(drop)
}

/// Gives every file below `folder` content of its own, except for large ones below `unchanging`.
fn unshare(folder: &Path, unchanging: &Path) -> Result<(), RackError> {
    let failed = |path: &Path| RackError::file("copy", path);
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        let (path, meta) = (entry.path(), entry.metadata().map_err(failed(folder))?);
        if meta.is_dir() {
            unshare(&path, unchanging)?;
        } else if meta.is_file() && !(meta.len() >= LARGE && path.starts_with(unchanging)) {
            let own = path.with_file_name(".own");
            run(
                "cp",
                &[
                    "--archive",
                    "--sparse=always",
                    &path.to_string_lossy(),
                    &own.to_string_lossy(),
                ],
            )?;
            fs::rename(&own, &path).map_err(failed(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LARGE, UNCHANGING, copy};
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn only_large_files_of_unpacked_images_are_shared() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let large = vec![0; usize::try_from(LARGE).unwrap()];
        fs::create_dir_all(from.join(UNCHANGING)).unwrap();
        for (name, content) in [
            ("config.yaml", &large[..]),
            (&format!("{UNCHANGING}/a"), &large),
            (&format!("{UNCHANGING}/b"), b"small"),
        ] {
            fs::write(from.join(name), content).unwrap();
        }
        copy(&from, &to).unwrap();
        let links = |name: &str| fs::metadata(to.join(name)).unwrap().nlink();
        assert_eq!(links("config.yaml"), 1);
        assert_eq!(links(&format!("{UNCHANGING}/a")), 2);
        assert_eq!(links(&format!("{UNCHANGING}/b")), 1);
        assert_eq!(fs::read(to.join(UNCHANGING).join("b")).unwrap(), b"small");
    }
}
