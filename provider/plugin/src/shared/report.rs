//! The Talos client's errors as diagnostics: one summary with the code, then what was tried, seen, cause and cure.

use framework::prelude::*;

use super::left_behind::Undone;

/// An error for apply. `about` is the machine's name.
pub fn error(about: &str, error: &talos_client::Error) -> Error {
    Error::new(summary(about, error), error.detail())
}

/// The same for destroy, which may leave behind what nobody answers for.
pub fn undone(about: &str, problem: &talos_client::Error) -> Undone {
    Undone::new(error(about, problem), problem.code.is_out_of_reach())
}

/// One line: code, machine, meaning.
pub fn summary(about: &str, error: &talos_client::Error) -> String {
    let code = error.code.as_str();
    format!("{code}: {about}: {}", error.code.entry().meaning)
}

/// All that an error says.
pub fn told(error: &Error) -> String {
    let found = error.diagnostics().iter();
    let found = found.map(|found| format!("{}\n{}", found.summary, found.detail));
    found.collect::<Vec<_>>().join("\n\n")
}

/// Summary of a refresh that did not look.
pub fn skipped(node: &str) -> String {
    format!("TS-REFRESH-SKIPPED: {node}: not refreshed")
}

/// Summary of a refresh that saw nothing.
pub fn kept(node: &str, error: &talos_client::Error) -> String {
    format!(
        "TS-REFRESH-KEPT: {node}: {} ({})",
        error.code.entry().meaning,
        error.code.as_str()
    )
}

/// Summary of a refresh that found another machine.
pub fn other(node: &str) -> String {
    format!("TS-NODE-OTHER: {node}: another machine answers at its address")
}

/// What is done about that.
pub const OTHER: &str = "What state holds is kept. Correct `endpoints`; if the machine was replaced on purpose, replace the resource.";
