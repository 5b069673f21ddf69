//! What the YAML library panics at is refused, and no panic hook hears of it. Alone in its program,
//! because there is one hook for all threads.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::panic::{catch_unwind, set_hook};
use std::sync::atomic::{AtomicUsize, Ordering};

use talos_config::yaml;

static TOLD: AtomicUsize = AtomicUsize::new(0);

#[test]
fn only_real_panics_reach_the_hook() {
    set_hook(Box::new(|_| {
        TOLD.fetch_add(1, Ordering::Relaxed);
    }));
    let refused = || yaml::parse("[!tag, a]").unwrap_err().message;
    assert_eq!(refused(), "something after this line cannot be read");
    assert_eq!(TOLD.load(Ordering::Relaxed), 0);

    assert!(catch_unwind(|| panic!("a bug")).is_err());
    assert_eq!(TOLD.load(Ordering::Relaxed), 1);

    let elsewhere = std::thread::spawn(|| panic!("a bug in another thread"));
    refused();
    assert!(elsewhere.join().is_err());
    assert_eq!(TOLD.load(Ordering::Relaxed), 2);
}
