//! The demo's machines: a rack that goes on after the demo, so that people can look around.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use acceptance_tests::machines::Rack;
use acceptance_tests::tools::Tool;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::workspace::say;

/// How long machines may take to come up, tools and images included once they are built.
const LIMIT: Duration = Duration::from_secs(180);

/// The running rack of an earlier demo, or a new one.
pub fn start(talos_rack: &Path, folder: &Path, names: &[&str]) -> Result<Rack> {
    let dir = folder.join("rack");
    if let Ok(rack) = Rack::attach(&dir) {
        say("the machines of the last demo are still running");
        return Ok(rack);
    }
    say("building what the machines are made of (minutes the first time, nothing later)");
    acceptance_tests::tools::ensure(&Tool::all(), &mut acceptance_tests::progress::Stderr)?;
    say(&format!(
        "starting {} Talos machines: {}",
        names.len(),
        names.join(", ")
    ));
    std::fs::create_dir_all(&dir)?;
    let log = folder.join("rack.log");
    let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut server = Command::new(talos_rack)
        .args(["serve", "--names", &names.join(","), "--dir"])
        .arg(&dir)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0)
        .spawn()
        .context("cannot start talos-rack")?;
    std::fs::write(folder.join(PID_FILE), server.id().to_string())?;
    let begun = Instant::now();
    loop {
        if let Some(status) = server.try_wait()? {
            bail!(
                "the machines did not start ({status}); see {}",
                log.display()
            );
        }
        if let Ok(rack) = Rack::attach(&dir)
            && rack.machines().all(|machine| machine.is_running())
            && rack
                .machines()
                .all(|machine| machine.wait_for_api(LIMIT).is_ok())
        {
            return Ok(rack);
        }
        if begun.elapsed() > LIMIT {
            bail!(
                "the machines did not start within {} s; see {}",
                LIMIT.as_secs(),
                log.display()
            );
        }
        sleep(Duration::from_millis(200));
    }
}

/// Ends the machines of an earlier demo; whether there were any.
pub fn stop(folder: &Path) -> Result<bool> {
    let dir = folder.join("rack");
    let server = std::fs::read_to_string(folder.join(PID_FILE))
        .ok()
        .and_then(|text| text.parse().ok());
    if Rack::attach(&dir).is_err() {
        return Ok(false);
    }
    let Some(pid) = server else {
        bail!(
            "the machines in {} were not started by the demo; end the talos-rack that serves them",
            dir.display()
        );
    };
    kill(Pid::from_raw(pid), Signal::SIGTERM).context("cannot end talos-rack")?;
    let begun = Instant::now();
    while Rack::attach(&dir).is_ok() {
        if begun.elapsed() > LIMIT {
            bail!("the machines do not end; talos-rack is process {pid}");
        }
        sleep(Duration::from_millis(100));
    }
    Ok(true)
}

/// Holds the process id of talos-rack.
const PID_FILE: &str = "rack.pid";
