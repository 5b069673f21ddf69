//! What several of these tests need: repeatable randomness, tools, and a way to skip in sight.
// Each test uses a part of it.
#![allow(dead_code, clippy::print_stderr)]

mod repeatable;

pub use repeatable::Repeatable;

use std::io::Write as _;
use std::path::PathBuf;

/// Whether there is no such tool; if so, the test called `test` is counted as skipped and shall
/// return.
pub fn is_missing(name: &str, test: &str) -> bool {
    if tool(name).is_some() {
        return false;
    }
    let reason = format!("{test}: there is no {name} on this machine");
    eprintln!("skipped: {reason}");
    let list = std::env::var_os("TALOS_STACK_SKIPS");
    let list = list.map(|path| {
        std::fs::File::options()
            .create(true)
            .append(true)
            .open(path)
    });
    if let Some(Ok(mut list)) = list {
        // A test that cannot be counted is still one that did not fail.
        let _ = writeln!(list, "{reason}");
    }
    true
}

/// The tool from the path, else the one that `cargo xtask tools` built.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    on_path.chain(built(name)).find(|file| file.is_file())
}

/// Files `<name>-<version>` in the cache.
fn built(name: &str) -> Vec<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = variable("TALOS_STACK_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME"))
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    let Ok(entries) = std::fs::read_dir(cache.join("talos-stack/tools")) else {
        return Vec::new();
    };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let prefix = format!("{name}-");
    let is_it = |file: &PathBuf| {
        file.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
    };
    files.filter(is_it).collect()
}
