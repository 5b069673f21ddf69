//! A provider mirror in a folder, so that `init` finds the built plugin and asks nobody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const BINARY: &str = "terraform-provider-talos-stack";

/// Both cores complete `home-ops/talos-stack` with the host of their own registry.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// The plugin as cargo built it for this profile.
pub fn plugin() -> Result<PathBuf> {
    beside(BINARY, "plugin")
}

/// A program of a package as cargo built it for this profile, beside the running one.
pub fn beside(binary: &str, package: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    program
        .ancestors()
        .skip(1)
        .take(3)
        .map(|folder| folder.join(binary))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "no {binary} beside {}; run `cargo build --package {package}`",
                program.display()
            )
        })
}

/// Folder in which terragrunt works, below the one of the mirror.
pub(super) const CACHE: &str = "terragrunt-cache";

/// Lays out the mirror below `folder` and writes the CLI configuration that names it; returns that file.
///
/// Where another build of the plugin was installed there, what terragrunt initialised with it is thrown away: its lock
/// files name the checksum of that build.
pub fn install(plugin: &Path, folder: &Path) -> Result<PathBuf> {
    let changed = lay_out(plugin, &folder.join("mirror"))?;
    let cache = folder.join(CACHE);
    if changed && cache.is_dir() {
        fs::remove_dir_all(&cache).with_context(|| format!("cannot remove {}", cache.display()))?;
    }
    let file = folder.join("cli.tfrc");
    let text = format!(
        "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        folder.join("mirror").display()
    );
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Lays out a mirror with the plugin; whether another build of it, or none, was there.
pub fn lay_out(plugin: &Path, mirror: &Path) -> Result<bool> {
    let content = fs::read(plugin).with_context(|| format!("cannot read {}", plugin.display()))?;
    let mut changed = false;
    for host in HOSTS {
        changed |= place(&content, &mirror.join(host))?;
    }
    Ok(changed)
}

/// Puts the plugin into a host's part of the mirror; whether another one, or none, was there.
fn place(content: &[u8], host: &Path) -> Result<bool> {
    let place = host
        .join("home-ops/talos-stack")
        .join(VERSION)
        .join(platform());
    let target = place.join(format!("{BINARY}_v{VERSION}"));
    if fs::read(&target).is_ok_and(|there| there == content) {
        return Ok(false);
    }
    fs::create_dir_all(&place)?;
    // A new file: a running copy cannot be written to.
    let unfinished = place.join(".unfinished");
    fs::write(&unfinished, content)
        .and_then(|()| fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::rename(&unfinished, &target))
        .with_context(|| format!("cannot write {}", target.display()))?;
    Ok(true)
}

/// Platform in the words of Go, which cores use in folder names.
fn platform() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{}_{architecture}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_of_the_plugin_starts_without_lock_files() {
        let work = tempfile::tempdir().unwrap();
        let plugin = work.path().join("plugin");
        let lock = work.path().join(CACHE).join("unit/.terraform.lock.hcl");
        let lock_after = |build: &str| {
            fs::create_dir_all(lock.parent().unwrap()).unwrap();
            fs::write(&lock, "checksum").unwrap();
            fs::write(&plugin, build).unwrap();
            install(&plugin, work.path()).unwrap();
            lock.exists()
        };
        assert!(!lock_after("first build"));
        assert!(lock_after("first build"));
        assert!(!lock_after("second build"));
    }
}
