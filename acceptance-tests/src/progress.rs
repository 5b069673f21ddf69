//! How long steps tell what they are doing.

/// Receives one short line per step of a long piece of work.
pub trait Progress {
    /// Says that `text` is going on, or is done.
    fn line(&mut self, text: &str);
}

/// Says nothing.
#[derive(Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn line(&mut self, _text: &str) {}
}

/// Writes each line to standard error.
#[derive(Debug, Default)]
pub struct Stderr;

impl Progress for Stderr {
    fn line(&mut self, text: &str) {
        use std::io::Write as _;
        // A closed standard error is no reason to stop the work.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}
