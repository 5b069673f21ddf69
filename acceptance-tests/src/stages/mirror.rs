//! A provider mirror in a folder, so that `init` finds the built plugin and asks nobody.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const BINARY: &str = "terraform-provider-talos-stack";

/// Both cores complete `home-ops/talos-stack` with the host of their own registry.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// The plugin as cargo built it for this profile, beside the running program.
pub fn plugin() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    program
        .ancestors()
        .skip(1)
        .take(3)
        .map(|folder| folder.join(BINARY))
        .find(|path| path.is_file())
        .with_context(|| format!("no {BINARY} beside {}; run `cargo build --package plugin`", program.display()))
}

/// Lays out the mirror below `folder` and writes the CLI configuration that names it; returns that file.
pub fn install(plugin: &Path, folder: &Path) -> Result<PathBuf> {
    let mirror = folder.join("mirror");
    for host in HOSTS {
        let place = mirror.join(host).join("home-ops/talos-stack").join(VERSION).join(platform());
        fs::create_dir_all(&place)?;
        let target = place.join(format!("{BINARY}_v{VERSION}"));
        // A new file each time: a running copy cannot be written to.
        let _ = fs::remove_file(&target);
        fs::copy(plugin, &target).with_context(|| format!("cannot copy {}", plugin.display()))?;
    }
    let file = folder.join("cli.tfrc");
    let text = format!(
        "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        mirror.display()
    );
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
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
