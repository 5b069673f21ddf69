//! Tests that lack what they need say so, and are counted by whoever asks for it.

use std::fs::File;
use std::io::Write as _;

/// Names the file into which skipped tests write a line each: the reason.
const LIST: &str = "TALOS_STACK_SKIPS";

/// Tells why a test is skipped.
pub fn tell(reason: &str) {
    let reason = reason.trim().replace('\n', " ");
    // Nobody may listen, and a test that cannot be counted is still one that did not fail.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
    let list = std::env::var_os(LIST)
        .and_then(|path| File::options().create(true).append(true).open(path).ok());
    if let Some(mut list) = list {
        let _ = writeln!(list, "{reason}");
    }
}
