//! Tests that cannot run on this host say so, and are counted.

use crate::machines::available;
use crate::progress::{Progress as _, Stderr};
use std::fs::File;
use std::io::Write as _;

/// Names the file into which skipped tests write a line each: the reason. `cargo xtask test` reads it.
const LIST: &str = "TALOS_STACK_SKIPS";

/// Whether real machines can run here; where not, the test called `test` is counted as skipped and shall return.
pub fn unless_machines_run(test: &str) -> bool {
    match available() {
        Ok(()) => false,
        Err(why) => {
            tell(&format!("{test}: {why}"));
            true
        }
    }
}

/// Whether these tools are there; where one is not, the test called `test` is counted as skipped and shall return.
pub fn unless_built(test: &str, tools: &[crate::tools::Tool]) -> bool {
    match crate::control_plane::missing(tools) {
        None => false,
        Some(why) => {
            tell(&format!("{test}: {why}"));
            true
        }
    }
}

/// Whether a program is on PATH; where it is not, the test called `test` is counted as skipped and shall return.
pub fn unless_on_path(test: &str, program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&folders).any(|folder| folder.join(program).is_file()) {
        return false;
    }
    tell(&format!("{test}: {program} is not on PATH"));
    true
}

fn tell(reason: &str) {
    Stderr.line(&format!("skipped: {reason}"));
    let Some(path) = std::env::var_os(LIST) else {
        return;
    };
    if let Ok(mut list) = File::options().create(true).append(true).open(path) {
        // A test that cannot be counted is still one that did not fail.
        let _ = writeln!(list, "{}", reason.replace('\n', " "));
    }
}
