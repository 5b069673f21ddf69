//! Where built tools, images and saved worlds are kept between runs.

use std::ffi::OsString;
use std::path::PathBuf;

/// Folder of everything that this project caches outside the checkout.
///
/// `$TALOS_STACK_CACHE/talos-stack`, else `$XDG_CACHE_HOME/talos-stack`, else `~/.cache/talos-stack`.
pub fn root() -> PathBuf {
    root_from(|name| std::env::var_os(name))
}

fn root_from(var: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let set = |name| {
        var(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("TALOS_STACK_CACHE")
        .or_else(|| set("XDG_CACHE_HOME"))
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("talos-stack")
}

/// Finished binaries, as `<name>-<version>`.
pub fn tools() -> PathBuf {
    root().join("tools")
}

/// Files that came with a tool's source and are needed at run time, as `<name>-<version>/`.
pub fn assets() -> PathBuf {
    root().join("assets")
}

/// Scratch of Go builds; removed when the builds are done.
pub fn build() -> PathBuf {
    root().join("build")
}

#[cfg(test)]
mod tests {
    use super::root_from;
    use std::path::Path;

    #[test]
    fn the_projects_own_variable_wins_over_the_desktops() {
        let both = |name: &str| match name {
            "TALOS_STACK_CACHE" => Some("/a".into()),
            "XDG_CACHE_HOME" => Some("/b".into()),
            _ => None,
        };
        assert_eq!(root_from(both), Path::new("/a/talos-stack"));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let home = |name: &str| match name {
            "XDG_CACHE_HOME" => Some("".into()),
            "HOME" => Some("/home/me".into()),
            _ => None,
        };
        assert_eq!(root_from(home), Path::new("/home/me/.cache/talos-stack"));
    }
}
