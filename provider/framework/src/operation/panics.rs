//! Panics in author code, told as what they are: bugs.

use std::any::Any;
use std::cell::RefCell;

use crate::diag::Diagnostic;

thread_local! {
    /// Where the last panic of this thread happened.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Replaces the hook that prints: core would show a line beginning with "panic: ", and messages may hold secrets.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|location| format!("{}:{}", location.file(), location.line()));
        tracing::error!(
            place = place.as_deref().unwrap_or("unknown"),
            "the provider hit a bug"
        );
        PLACE.with_borrow_mut(|last| *last = place);
    }));
}

/// The diagnostic for a panic caught on this thread.
pub(crate) fn diagnostic(payload: &(dyn Any + Send)) -> Diagnostic {
    let place = PLACE
        .with_borrow_mut(Option::take)
        .unwrap_or_else(|| "an unknown place".to_owned());
    // Only literal messages are safe: formatted ones can quote the text that an index missed.
    let message = payload
        .downcast_ref::<&'static str>()
        .map(|text| format!(" ({text})"))
        .unwrap_or_default();
    bug(&format!("It stopped at {place}{message}."))
}

/// The diagnostic for an end that nothing explains.
pub(crate) fn unexplained() -> Diagnostic {
    bug("The operation ended without a result.")
}

fn bug(what: &str) -> Diagnostic {
    Diagnostic::error(
        "TS-PROVIDER-BUG: the provider hit a bug",
        format!(
            "{what} The state reached so far is kept. Please report this with the configuration that leads to it."
        ),
    )
}
