//! Where things are, and how the commands talk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Root of the checkout.
pub fn root() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .context("the xtask crate has moved: its manifest is no longer two folders below the root")
}

/// Prints a line to standard output: this program's purpose, unlike the provider's.
#[allow(clippy::print_stdout)]
pub fn say(line: &str) {
    println!("{line}");
}
