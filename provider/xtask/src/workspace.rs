//! Where things are, and how the commands talk.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Root of the checkout.
pub fn root() -> Result<PathBuf> {
    // Checkouts that share a build directory share this program, too: cargo says at run time which one it runs for.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").filter(|at| at.to_string_lossy().ends_with("xtask"));
    let manifest = manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest)
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .context("the xtask crate has moved: its manifest is no longer two folders below the root")
}

/// A cargo command. What cargo told this very program of its package is taken away: build scripts that look at such
/// variables would run anew, and everything that uses them would be built again.
pub fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if of_package
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Builds a program of the workspace and says where it is.
pub fn build(package: &str, program: &str) -> Result<PathBuf> {
    let status = cargo()
        .args(["build", "--package", package, "--bin", program])
        .current_dir(root()?)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("{program} does not build");
    }
    Ok(profile_folder()?.join(program))
}

/// Builds a program as users have it and says where it is.
pub fn build_release(package: &str, program: &str) -> Result<PathBuf> {
    release(package, "--bin", program).map(|folder| folder.join(program))
}

/// Builds an example, optimised as what users have, and says where it is.
pub fn build_release_example(package: &str, example: &str) -> Result<PathBuf> {
    release(package, "--example", example).map(|folder| folder.join("examples").join(example))
}

/// Builds a target for release; returns the folder of release builds.
fn release(package: &str, kind: &str, target: &str) -> Result<PathBuf> {
    let status = cargo()
        .args(["build", "--release", "--package", package, kind, target])
        .current_dir(root()?)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("{target} does not build");
    }
    let folder = profile_folder()?;
    let parent = folder
        .parent()
        .context("the build directory has no parent")?;
    Ok(parent.join("release"))
}

/// Folder of this very program: the debug folder of the build directory.
fn profile_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    program
        .parent()
        .map(Path::to_path_buf)
        .context("this program is in no folder")
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Prints a line to standard output: this program's purpose, unlike the provider's.
#[allow(clippy::print_stdout)]
pub fn say(line: &str) {
    println!("{line}");
}

/// Prints an error with its causes to standard error.
#[allow(clippy::print_stderr)]
pub fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
