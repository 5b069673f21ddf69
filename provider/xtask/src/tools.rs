//! `cargo xtask tools`: finds what tests and the demo run, builds what is missing.

use acceptance_tests::machines::install_missing;
use acceptance_tests::progress::Stderr;
use acceptance_tests::tools::{self, Ready, Tool};
use anyhow::Result;

use crate::workspace::say;

/// Finds or builds all tools and prints a table: name, version, where from, where.
///
/// As root on a host with apt it also installs the packages that real machines need (runc, iproute2).
pub fn run() -> Result<()> {
    install_missing(&mut Stderr);
    let ready = tools::ensure(&Tool::all(), &mut Stderr)?;
    for line in table(&ready) {
        say(&line);
    }
    Ok(())
}

fn table(tools: &[Ready]) -> Vec<String> {
    let rows = tools.iter().map(|tool| {
        let source = tool.source.to_string();
        [
            tool.name.to_string(),
            tool.version.to_string(),
            source,
            tool.path.display().to_string(),
        ]
    });
    crate::table::lines(&["tool", "version", "from", "path"], rows)
}
