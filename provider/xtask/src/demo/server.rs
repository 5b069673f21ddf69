//! A program in the background that serves the demo's machines.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long it may take to be ready, or to end.
const LIMIT: Duration = Duration::from_secs(180);

/// A server that was started.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `command`, which goes on when this process ends. Its log and process id are kept in `folder`.
    pub fn start(mut command: Command, folder: &Path) -> Result<Self> {
        let log = folder.join("serve.log");
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        fs::write(pid_file(folder), child.id().to_string())?;
        Ok(Self { child, log })
    }

    /// Waits until `ready` gives something.
    pub fn wait<T>(mut self, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let log = self.log.display();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the machines did not start ({status}); see {log}");
            }
            if let Some(ready) = ready() {
                return Ok(ready);
            }
            if begun.elapsed() > LIMIT {
                bail!(
                    "the machines did not start within {} s; see {log}",
                    LIMIT.as_secs()
                );
            }
            sleep(Duration::from_millis(200));
        }
    }
}

/// Ends the server that was started in `folder` and waits for its end.
pub fn stop(folder: &Path) -> Result<()> {
    let file = pid_file(folder);
    let pid = fs::read_to_string(&file)
        .ok()
        .and_then(|text| text.parse().ok());
    let Some(pid) = pid.map(Pid::from_raw) else {
        bail!(
            "the machines in {} were not started by the demo; end the program that serves them",
            folder.display()
        );
    };
    kill(pid, Signal::SIGTERM).context("cannot end the machines")?;
    let begun = Instant::now();
    while kill(pid, None) != Err(Errno::ESRCH) {
        if begun.elapsed() > LIMIT {
            bail!("the machines do not end; process {pid} serves them");
        }
        sleep(Duration::from_millis(100));
    }
    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))
}

fn pid_file(folder: &Path) -> PathBuf {
    folder.join("serve.pid")
}
