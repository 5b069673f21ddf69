//! Any bytes as a configuration and as a patch; the first one chooses the line of Talos.
#![no_main]

#[path = "../../tests/feed/mod.rs"]
mod feed;

use libfuzzer_sys::fuzz_target;
use talos_config::tables::Line;

fuzz_target!(|bytes: &[u8]| {
    if let [first, rest @ ..] = bytes {
        feed::feed(rest, Line::ALL[usize::from(*first) % Line::ALL.len()]);
    }
});
