//! What can go wrong with a rack.

use crate::tools::ToolError;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a rack, or a machine of it, cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RackError {
    /// This host cannot run machines at all.
    #[error(transparent)]
    Unavailable(#[from] super::Why),
    /// A program that the machines are made of cannot be had.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A file or folder of the rack.
    #[error("cannot {what} {}: {cause}", path.display())]
    File {
        /// What was tried: `read`, `create` …
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        cause: std::io::Error,
    },
    /// A system call about namespaces, mounts or processes.
    #[error("cannot {what}: {cause}")]
    System {
        /// What was tried.
        what: String,
        /// The operating system's answer.
        cause: nix::Error,
    },
    /// A command that the rack runs.
    #[error("`{command}` failed: {output}")]
    Command {
        /// The command line.
        command: String,
        /// What it said.
        output: String,
    },
    /// Something did not happen within its time.
    #[error("{what} within {seconds} s; the machine's log: {}", log.display())]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// Where to look.
        log: PathBuf,
    },
    /// The rack has no such machine, is not running, or is used otherwise than it can be.
    #[error("{0}")]
    Use(String),
}

impl RackError {
    /// For `map_err` on operations on the file `path`.
    pub(super) fn file(
        what: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self::File { what, path, cause }
    }

    /// For `map_err` on system calls.
    pub(super) fn system(what: impl Into<String>) -> impl FnOnce(nix::Error) -> Self {
        let what = what.into();
        move |cause| Self::System { what, cause }
    }
}

/// Runs `program` to its end and returns what it printed.
pub(super) fn run(program: &str, args: &[&str]) -> Result<String, RackError> {
    let command = || format!("{program} {}", args.join(" "));
    let output = Command::new(program)
        .args(args)
        .output()
        .map_err(|cause| RackError::Command {
            command: command(),
            output: cause.to_string(),
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(RackError::Command {
        command: command(),
        output: said,
    })
}
