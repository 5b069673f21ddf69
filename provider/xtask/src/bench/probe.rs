//! Stands in for the provider: starts it, passes everything through, and notes what it cost.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};

/// What the stand-in needs; core calls it without arguments, through a script.
#[derive(clap::Args)]
pub struct Args {
    /// The provider.
    plugin: PathBuf,
    /// File to which one line per start is appended.
    notes: PathBuf,
}

/// Runs the provider to its end; the note is `folder;peak kilobytes;CPU microseconds`.
pub fn run(args: &Args) -> ExitCode {
    match watch(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            crate::workspace::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn watch(args: &Args) -> Result<u8> {
    let status = Command::new(&args.plugin)
        .status()
        .context("cannot start the provider")?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the provider's usage")?;
    let cpu = [usage.user_time(), usage.system_time()];
    let cpu: i64 = cpu
        .iter()
        .map(|time| time.tv_sec() * 1_000_000 + time.tv_usec())
        .sum();
    let folder = std::env::current_dir().context("this folder has gone")?;
    let line = format!("{};{};{cpu}\n", folder.display(), usage.max_rss());
    let mut notes = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&args.notes)?;
    notes.write_all(line.as_bytes())?;
    let code = status.code().or(status.signal()).unwrap_or(1);
    Ok(u8::try_from(code).unwrap_or(1))
}
