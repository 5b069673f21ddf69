//! Looks for tools that are there already.

use super::{OnPath, Ready, Recipe, Source};
use crate::cache;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Path that the binary of `recipe` has in the cache on this host.
pub(super) fn cached_path(recipe: &Recipe) -> PathBuf {
    let suffix = patch_suffix(recipe);
    cache::tools().join(format!("{}-{}{suffix}", recipe.name, recipe.version))
}

/// Folder that the assets of `recipe` have in the cache.
pub(super) fn assets_path(recipe: &Recipe) -> PathBuf {
    cache::assets().join(format!("{}-{}", recipe.name, recipe.version))
}

fn patch_suffix(recipe: &Recipe) -> &'static str {
    match recipe.without_sys_resource {
        Some(patch) if !super::has_sys_resource() => patch.suffix,
        _ => "",
    }
}

pub(super) fn in_cache(recipe: &Recipe) -> Option<Ready> {
    let path = cached_path(recipe);
    let complete = path.is_file() && (recipe.assets.is_none() || assets_path(recipe).is_dir());
    complete.then(|| ready(recipe, recipe.version.to_owned(), path, Source::Cache))
}

pub(super) fn on_path(recipe: &Recipe) -> Option<Ready> {
    if recipe.on_path == OnPath::Never {
        return None;
    }
    let path = which(recipe.name)?;
    let version = version_of(&path, recipe)?;
    suits(recipe.on_path, &version).then(|| ready(recipe, version, path, Source::Path))
}

/// Only the same minor version will do: the machines' configuration names it.
pub(super) fn in_kubebuilder_assets(recipe: &Recipe) -> Option<Ready> {
    let path = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?).join(recipe.name);
    let (major, minor) = major_minor(recipe.version)?;
    let version = path
        .is_file()
        .then(|| version_of(&path, recipe))
        .flatten()?;
    suits(OnPath::Exactly(major, minor), &version)
        .then(|| ready(recipe, version, path, Source::KubebuilderAssets))
}

fn ready(recipe: &Recipe, version: String, path: PathBuf, source: Source) -> Ready {
    Ready {
        tool: recipe.tool,
        name: recipe.name,
        version,
        path,
        source,
    }
}

/// The first program called `name` in a folder of PATH.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn version_of(path: &Path, recipe: &Recipe) -> Option<String> {
    let output = Command::new(path)
        .args(recipe.version_args)
        // No look on the network for newer versions.
        .env("CHECKPOINT_DISABLE", "1")
        .env_remove("TF_CLI_CONFIG_FILE")
        .output()
        .ok()?;
    first_version(&String::from_utf8_lossy(&output.stdout))
}

/// The first `1.2.3` in `text`, without what follows the patch number.
fn first_version(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .find(|word| word.split('.').count() == 3 && word.split('.').all(|part| !part.is_empty()))
        .map(str::to_owned)
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn suits(rule: OnPath, version: &str) -> bool {
    let Some(found) = major_minor(version) else {
        return false;
    };
    match rule {
        OnPath::Never => false,
        OnPath::AtLeast(major, minor) => found >= (major, minor),
        OnPath::Exactly(major, minor) => found == (major, minor),
    }
}

/// Whether bit `number` is in this process's effective capabilities (proc(5), `CapEff`).
pub(crate) fn has_capability(number: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bits = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    bits.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .is_some_and(|bits| bits >> number & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::{OnPath, first_version, suits};

    #[test]
    fn versions_are_read_from_what_the_tools_print() {
        assert_eq!(
            first_version("Terraform v1.11.4\non linux_amd64").as_deref(),
            Some("1.11.4")
        );
        assert_eq!(
            first_version("terragrunt version v0.89.0").as_deref(),
            Some("0.89.0")
        );
        assert_eq!(
            first_version("Client:\n\tTag:  v1.12.6-dirty").as_deref(),
            Some("1.12.6")
        );
        assert_eq!(first_version("unknown"), None);
    }

    #[test]
    fn the_generation_of_terragrunt_matters() {
        assert!(suits(OnPath::Exactly(0, 89), "0.89.4"));
        assert!(!suits(OnPath::Exactly(0, 89), "1.1.3"));
        assert!(!suits(OnPath::AtLeast(1, 1), "0.99.5"));
        assert!(suits(OnPath::AtLeast(1, 1), "2.0.0"));
    }
}
