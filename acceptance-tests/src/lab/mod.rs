//! The lab as a process of its own, and the stages of cluster-101 on it.
//!
//! * [`Lab`] is a served world: its network, its journal, its power switches, what goes wrong in it.
//! * [`Rehearsal`] runs the stage tree in it.

mod rehearsal;
mod seen;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

pub use rehearsal::{ADDRESSES, MACHINES, Rehearsal};
pub use seen::Seen;

use crate::network::Network;
use crate::stages;
use crate::tools::Tool;

/// What runs in the lab for real, once a cluster is bootstrapped.
pub const TOOLS: [Tool; 7] = [
    Tool::Etcd,
    Tool::KubeApiserver,
    Tool::KubeControllerManager,
    Tool::KubeScheduler,
    Tool::FluxOperator,
    Tool::SourceController,
    Tool::KustomizeController,
];

/// How long the lab may take to serve, or to end.
const LIMIT: Duration = Duration::from_secs(60);

/// A lab that is being served; dropping it ends it.
pub struct Lab {
    program: PathBuf,
    folder: PathBuf,
    child: Child,
}

impl Lab {
    /// Serves the world in `folder`, with faults and whatever else a scenario (YAML) says.
    pub fn serve(folder: &Path, scenario: &str) -> Result<Self> {
        Self::serve_at("auto", folder, scenario)
    }

    /// The same at a speed of the lab's clock: seconds of the lab in a real one, or `auto`.
    pub fn serve_at(speed: &str, folder: &Path, scenario: &str) -> Result<Self> {
        let program = stages::beside("talos-lab", "lab")?;
        fs::create_dir_all(folder)?;
        fs::write(folder.join("scenario.yaml"), scenario)?;
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("serve.log"))?;
        let child = Command::new(&program)
            .args(["serve", "--speed", speed, "--dir"])
            .arg(folder.join("world"))
            .arg("--journal")
            .arg(folder.join("journal.jsonl"))
            .arg("--scenario")
            .arg(folder.join("scenario.yaml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut lab = Self {
            program,
            folder: folder.to_owned(),
            child,
        };
        lab.wait_until_served()?;
        Ok(lab)
    }

    fn wait_until_served(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let served = self.command("true").stderr(Stdio::null()).status();
            if served.is_ok_and(|status| status.success()) {
                return Ok(());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || begun.elapsed() > LIMIT {
                bail!("the lab does not serve ({ended:?})\n{}", self.log());
            }
            sleep(Duration::from_millis(50));
        }
    }

    /// A command that runs in the lab's network, with the lab's environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.about("exec");
        command.arg("--").arg(program);
        command
    }

    /// Does at a machine what a person could do: `on`, `off` or `reset`.
    pub fn power(&self, machine: &str, switch: &str) -> Result<()> {
        succeeds(self.about("power").args([machine, switch]))
    }

    /// From now on this goes wrong and nothing else: the `faults` of a scenario (YAML).
    pub fn faults(&self, faults: &str) -> Result<()> {
        let file = self.folder.join("faults.yaml");
        fs::write(&file, format!("faults: [{faults}]\n"))?;
        succeeds(self.about("faults").arg(file))
    }

    /// What Proxmox VE answers to a question, as curl gets it: `/nodes/pve01/qemu/100/config`.
    pub fn proxmox(&self, path: &str) -> Result<Value> {
        let ask = format!(
            "curl --silent --show-error --fail --cacert \"$PROXMOX_VE_CA_PEM\" \
             --header \"Authorization: PVEAPIToken=$PROXMOX_VE_API_TOKEN\" \"$PROXMOX_VE_ENDPOINT/api2/json{path}\""
        );
        let output = self.command("sh").args(["-c", &ask]).output()?;
        let mut answer: Value = serde_json::from_slice(&output.stdout).with_context(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("{path}: the answer is not JSON: {said}")
        })?;
        Ok(answer["data"].take())
    }

    /// A variable of the environment that commands find in the lab.
    pub fn variable(&self, name: &str) -> Result<String> {
        let output = self.command("printenv").arg(name).output()?;
        ensure!(output.status.success(), "the lab sets no {name}");
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// What is in the world.
    pub fn status(&self) -> Result<Seen> {
        let output = self.about("status").arg("--json").output()?;
        let status = serde_json::from_slice(&output.stdout).with_context(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("the lab's status is not JSON: {said}")
        })?;
        Ok(Seen(status))
    }

    /// Every request so far.
    pub fn journal(&self) -> Result<Vec<Value>> {
        lines(&self.folder.join("journal.jsonl"))
    }

    /// What machines came to, and when, so far.
    pub fn milestones(&self) -> Result<Vec<Value>> {
        lines(&self.folder.join("world/milestones.jsonl"))
    }

    /// What the lab said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default()
    }

    fn about(&self, what: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args([what, "--dir"]).arg(self.folder.join("world"));
        command
    }
}

/// A file with one JSON value a line.
fn lines(file: &Path) -> Result<Vec<Value>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is not JSON", file.display()))
}

impl Network for Lab {
    fn start(&self, program: &Path) -> Command {
        self.command(program)
    }

    fn files(&self) -> Result<PathBuf> {
        let files = self.folder.join("files");
        fs::create_dir_all(&files)?;
        Ok(files)
    }
}

fn succeeds(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    Ok(())
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
