//! The YAML library panics on some texts that it does not understand. That is one of its ways to
//! refuse them, and no bug of ours that anybody should read about.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// This thread is within [`quietly`].
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives; `None` if it panics, of which the panic hook is not told. Panics of other
/// threads, and of this one outside of `work`, go to the hook that was there before.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    result.ok()
}
