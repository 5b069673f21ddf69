//! The process that holds a rack's namespaces, and the network in them.

use super::error::{RackError, run};
use super::namespaces::child_of;
use super::spec::{PREFIX, RACK_ADDRESS};
use super::state::Process;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// The switch that joins the machines.
pub(super) const BRIDGE: &str = "rack0";

/// Starts the process that holds the rack's namespaces until its input is closed.
pub(super) fn hold() -> Result<(Child, ChildStdin), RackError> {
    let failed = |output: String| RackError::Command {
        command: "unshare --net --pid".to_owned(),
        output,
    };
    let mut holder = Command::new("unshare")
        .args(["--net", "--pid", "--fork", "--kill-child", "cat"])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|cause| failed(cause.to_string()))?;
    let life = holder
        .stdin
        .take()
        .ok_or_else(|| failed("it has no input".to_owned()))?;
    Ok((holder, life))
}

/// The first process of the namespaces that `holder` makes.
pub(super) fn first_process(holder: &mut Child) -> Result<Process, RackError> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        if let Some(process) = child_of(holder.id()).and_then(Process::of) {
            return Ok(process);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = holder.kill();
    let _ = holder.wait();
    Err(RackError::Use(
        "the namespaces of the rack were not made within 10 s".to_owned(),
    ))
}

/// Makes the bridge in the network namespace of the calling thread.
pub(super) fn network() -> Result<(), RackError> {
    run("ip", &["link", "set", "lo", "up"])?;
    run("ip", &["link", "add", BRIDGE, "type", "bridge"])?;
    run(
        "ip",
        &[
            "address",
            "add",
            &format!("{RACK_ADDRESS}/{PREFIX}"),
            "dev",
            BRIDGE,
        ],
    )?;
    run("ip", &["link", "set", BRIDGE, "up"]).map(drop)
}
