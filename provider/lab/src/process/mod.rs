//! Programs that the lab keeps running.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// For messages.
    pub name: String,
    /// The file.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Added to the lab's own environment.
    pub environment: Vec<(String, String)>,
    /// Where standard output and standard error go.
    pub log: PathBuf,
}

/// How a program is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// Its process id, while it runs.
    pub process: Option<u32>,
    /// How often it ended.
    pub ended: u32,
    /// Its last exit status; 128 and the number for a signal.
    pub status: Option<i32>,
}

/// How long a program that ended waits for its next start.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// After the first end.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

/// A program that ran this long begins to count anew.
const SETTLED: Duration = Duration::from_secs(600);

impl Backoff {
    /// The kubelet's for containers: 10 s, doubled up to 5 minutes.
    pub const KUBELET: Self = Self {
        first: Duration::from_secs(10),
        longest: Duration::from_secs(300),
    };
    /// For what the cluster cannot live without.
    pub const SOON: Self = Self {
        first: Duration::from_millis(500),
        longest: Duration::from_secs(5),
    };

    fn after(self, ends: u32) -> Duration {
        let doubled = self
            .first
            .saturating_mul(2_u32.saturating_pow(ends.saturating_sub(1).min(16)));
        doubled.min(self.longest)
    }
}

/// A program that is started again when it ends; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    /// What runs.
    pub spec: Spec,
    state: watch::Receiver<State>,
    task: JoinHandle<()>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Process {
    /// Starts a program. `allowed` is asked before every start; where it says no, the start
    /// counts as one that failed.
    #[must_use]
    pub fn keep(spec: Spec, backoff: Backoff, allowed: impl Fn() -> bool + Send + 'static) -> Self {
        let (tell, state) = watch::channel(State::default());
        let task = tokio::spawn(run(spec.clone(), backoff, allowed, tell));
        Self { spec, state, task }
    }

    /// How it is.
    #[must_use]
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Its changes.
    #[cfg(test)]
    fn watch(&self) -> watch::Receiver<State> {
        self.state.clone()
    }
}

async fn run(spec: Spec, backoff: Backoff, allowed: impl Fn() -> bool, tell: watch::Sender<State>) {
    let mut ends = 0;
    loop {
        let started = Instant::now();
        let child = if allowed() { start(&spec).ok() } else { None };
        let status = match child {
            Some(mut child) => {
                tell.send_modify(|state| state.process = child.id());
                child.wait().await.ok().and_then(code)
            }
            None => None,
        };
        ends = if started.elapsed() > SETTLED {
            1
        } else {
            ends + 1
        };
        tell.send_modify(|state| {
            *state = State {
                process: None,
                ended: state.ended + 1,
                status: status.or(Some(1)),
            };
        });
        tokio::time::sleep(backoff.after(ends)).await;
    }
}

fn code(status: std::process::ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
}

/// Starts it so that it ends with the lab, however that ends: by util-linux's `setpriv`, where it
/// is there.
fn start(spec: &Spec) -> std::io::Result<Child> {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&spec.log)?;
    let guard = std::path::Path::new("/usr/bin/setpriv");
    let mut command = if guard.exists() {
        let mut command = Command::new(guard);
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(&spec.program);
        command
    } else {
        Command::new(&spec.program)
    };
    command
        .args(&spec.arguments)
        .envs(spec.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
}

/// The last lines of a program's log, for messages.
#[must_use]
pub fn last_lines(log: &std::path::Path, count: usize) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(count);
    lines.get(from..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(folder: &std::path::Path, script: &str) -> Spec {
        Spec {
            name: "test".to_owned(),
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: Vec::new(),
            log: folder.join("log"),
        }
    }

    const QUICK: Backoff = Backoff {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
    };

    #[test]
    fn waits_are_doubled_up_to_the_longest() {
        let waits = [1, 2, 3, 6, 40].map(|ends| Backoff::KUBELET.after(ends).as_secs());
        assert_eq!(waits, [10, 20, 40, 300, 300]);
    }

    #[tokio::test]
    async fn what_ends_is_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::keep(spec(folder.path(), "echo again; exit 3"), QUICK, || true);
        let mut states = process.watch();
        let state = *states.wait_for(|state| state.ended >= 3).await.unwrap();
        assert_eq!(state.status, Some(3));
        assert!(last_lines(&folder.path().join("log"), 2).starts_with("again"));
    }

    #[tokio::test]
    async fn what_is_forbidden_does_not_start() {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::keep(spec(folder.path(), "echo never"), QUICK, || false);
        let mut states = process.watch();
        states.wait_for(|state| state.ended >= 2).await.unwrap();
        assert!(!folder.path().join("log").exists());
    }

    #[tokio::test]
    async fn dropping_kills() {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::keep(spec(folder.path(), "sleep 60"), QUICK, || true);
        let mut states = process.watch();
        let state = *states
            .wait_for(|state| state.process.is_some())
            .await
            .unwrap();
        let id = state.process.unwrap();
        drop(process);
        for _ in 0..200 {
            if !std::path::Path::new(&format!("/proc/{id}/exe")).exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} still runs");
    }
}
