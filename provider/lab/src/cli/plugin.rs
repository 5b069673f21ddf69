//! The plugin that was built beside the lab, laid out so that `init` finds it and asks nobody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Names the CLI configuration, for both cores.
pub(super) const VARIABLE: &str = "TF_CLI_CONFIG_FILE";

const BINARY: &str = "terraform-provider-talos-stack";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Both cores complete `home-ops/talos-stack` with the host of their own registry.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// The plugin as cargo built it for this profile; none where it was not built.
fn beside() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folders = program.ancestors().skip(1).take(2);
    let mut paths = folders.map(|folder| folder.join(BINARY));
    paths.find(|path| path.is_file())
}

/// Writes a CLI configuration that names the plugin, and gives its path; none where no plugin was
/// built beside the lab.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn configuration(folder: &Path) -> Result<Option<PathBuf>, String> {
    beside().map(|plugin| lay_out(&plugin, folder)).transpose()
}

fn lay_out(plugin: &Path, folder: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| {
        format!("cannot lay out the plugin in {}: {error}", folder.display())
    };
    let mirror = folder.join("mirror");
    for host in HOSTS {
        let place = mirror
            .join(host)
            .join("home-ops/talos-stack")
            .join(VERSION)
            .join(platform());
        fs::create_dir_all(&place).map_err(failed)?;
        let target = place.join(format!("{BINARY}_v{VERSION}"));
        // An older one may be there, and may be running.
        let unfinished = place.join(".unfinished");
        let _ = fs::remove_file(&unfinished);
        let copied =
            fs::hard_link(plugin, &unfinished).or_else(|_| fs::copy(plugin, &unfinished).map(drop));
        copied.map_err(failed)?;
        fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755)).map_err(failed)?;
        fs::rename(&unfinished, &target).map_err(failed)?;
    }
    let file = folder.join("cli.tfrc");
    let text = format!(
        "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        mirror.display()
    );
    fs::write(&file, text).map_err(failed)?;
    Ok(file)
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
    fn a_plugin_is_found_under_both_registries_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("plugin");
        for build in ["first", "second"] {
            let _ = fs::remove_file(&plugin);
            fs::write(&plugin, build).unwrap();
            let file = lay_out(&plugin, folder.path()).unwrap();
            assert!(
                fs::read_to_string(file)
                    .unwrap()
                    .contains("filesystem_mirror")
            );
            for host in HOSTS {
                let place = folder
                    .path()
                    .join("mirror")
                    .join(host)
                    .join("home-ops/talos-stack")
                    .join(VERSION)
                    .join(platform());
                assert_eq!(
                    fs::read_to_string(place.join(format!("{BINARY}_v{VERSION}"))).unwrap(),
                    build
                );
            }
        }
    }
}
