//! How long steps tell what they are doing.

use std::time::Instant;

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

/// Tells the steps of a test, with the time since its begin.
pub struct Steps(Instant);

impl Steps {
    /// Begins now.
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// One more step.
    pub fn tell(&self, what: &str) {
        let seconds = self.0.elapsed().as_secs_f32();
        Stderr.line(&format!("{seconds:5.1} s  {what}"));
    }
}
