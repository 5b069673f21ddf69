//! Tasks: what Proxmox VE works on after it has answered.

use std::time::Duration;

use serde_json::Value;

use crate::answer::{self, member};
use crate::client::Client;
use crate::error::classify::of_task;
use crate::error::{Code, Error, Result, Sent};
use crate::request::{Method, Request};
use client_core::{Backoff, Cx};

/// A status may not be readable right after the task was started.
const YOUNG: Duration = Duration::from_secs(5);
/// The longest pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// Lines of a failed task's log that are told.
const TOLD: usize = 12;

/// Name of a task: `UPID:node:pid:pstart:starttime:type:id:user:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upid {
    text: String,
    /// Host that works on it.
    pub node: String,
    /// Kind, such as `qmcreate`.
    pub kind: String,
    /// What it works on; a vmid for tasks of virtual machines.
    pub id: String,
    /// When it started, in seconds of Unix time.
    pub started: u64,
}

impl Upid {
    /// Reads a UPID; `None` for anything else.
    pub fn parse(text: &str) -> Option<Upid> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            ["UPID", node, _, _, started, kind, id, user, ..]
                if !node.is_empty() && !kind.is_empty() && !user.is_empty() =>
            {
                Some(Upid {
                    text: text.to_owned(),
                    node: (*node).to_owned(),
                    kind: (*kind).to_owned(),
                    id: (*id).to_owned(),
                    started: u64::from_str_radix(started, 16).ok()?,
                })
            }
            _ => None,
        }
    }

    /// As Proxmox VE wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn request(&self, of: &str) -> Request {
        Request::new(Method::Get, &["nodes", &self.node, "tasks", &self.text, of])
    }
}

/// How a task ended that did its work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// Lines of the log that warn.
    pub warnings: Vec<String>,
}

/// One line of a list of tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Its name.
    pub upid: Upid,
    /// Whether it has not ended yet.
    pub running: bool,
    /// What it ended with: `OK`, `WARNINGS: 1`, or an error.
    pub exit: Option<String>,
}

impl Client {
    /// Sends a request that starts a task, and waits until the task is done. Where the task did nothing because something was
    /// locked or busy, it is started again.
    ///
    /// # Errors
    /// What was answered, or the task's failure with the telling lines of its log. [`Sent::Maybe`] where the task's end was
    /// not seen.
    pub async fn run(&self, cx: &Cx, request: &Request) -> Result<Finished> {
        let backoff = Backoff::up_to(Duration::from_secs(4));
        loop {
            let data = self.call(cx, request).await?;
            let upid = match &data {
                Value::Null => return Ok(Finished::default()),
                data => data.as_str().and_then(Upid::parse),
            };
            let Some(upid) = upid else {
                // Some calls answer with what they made, and are done.
                return Ok(Finished::default());
            };
            match self.wait(cx, &upid).await {
                Err(error) if error.is_transient() && error.sent == Sent::Refused => {
                    tracing::info!(target: "proxmox_client", code = error.code.as_str(), task = %upid.kind, seen = %error.seen, "waiting");
                    backoff.pause(cx, error).await?;
                }
                result => return result,
            }
        }
    }

    /// Waits until a task is done.
    ///
    /// # Errors
    /// As [`Client::run`].
    pub async fn wait(&self, cx: &Cx, upid: &Upid) -> Result<Finished> {
        let begun = tokio::time::Instant::now();
        let backoff = Backoff::up_to(PAUSE);
        loop {
            let unknown = match self.call(cx, &upid.request("status")).await {
                Ok(status) => match ended(&status) {
                    Some(exit) => return self.conclude(cx, upid, &exit).await,
                    None => running(upid),
                },
                Err(error) if error.code == Code::Input && begun.elapsed() < YOUNG => error,
                // The task goes on while nobody tells us about it.
                Err(error) if error.code.is_out_of_reach() => error,
                Err(error) if error.code == Code::Input => lost(upid, &error),
                Err(error) => return Err(error.sent(Sent::Maybe)),
            };
            if unknown.code == Code::TaskLost {
                return Err(unknown);
            }
            backoff.pause(cx, unknown.sent(Sent::Maybe)).await?;
        }
    }

    async fn conclude(&self, cx: &Cx, upid: &Upid, exit: &str) -> Result<Finished> {
        if exit == "OK" {
            return Ok(Finished::default());
        }
        let log = self.log(cx, upid).await.unwrap_or_default();
        if exit.starts_with("WARNINGS:") {
            let warns = |line: &&String| line.contains("WARN");
            return Ok(Finished {
                warnings: log.iter().filter(warns).cloned().collect(),
            });
        }
        let code = of_task(exit, &log);
        let sent = if code == Code::TaskLost {
            Sent::Maybe
        } else {
            Sent::Refused
        };
        Err(Error::new(code, attempted(upid), told(exit, &log)).sent(sent))
    }

    /// The lines of a task's log.
    ///
    /// # Errors
    /// What was answered.
    pub async fn log(&self, cx: &Cx, upid: &Upid) -> Result<Vec<String>> {
        let request = upid.request("log").with("limit", 500);
        let data = self.call(cx, &request).await?;
        let lines = answer::list(&data, &attempted(upid))?;
        Ok(lines.iter().filter_map(|line| member(line, "t")).collect())
    }

    /// The tasks of a virtual machine that one host knows, newest first.
    ///
    /// # Errors
    /// What was answered.
    pub async fn tasks_of(&self, cx: &Cx, node: &str, vmid: u32) -> Result<Vec<TaskRow>> {
        let request = Request::new(Method::Get, &["nodes", node, "tasks"])
            .with("vmid", vmid)
            .with("source", "all")
            .with("limit", 100);
        let data = self.call(cx, &request).await?;
        let rows = answer::list(&data, "listing tasks")?;
        Ok(rows.iter().filter_map(row).collect())
    }

    /// Whether a host works on a task of a kind.
    ///
    /// # Errors
    /// What was answered.
    pub async fn is_busy_with(&self, cx: &Cx, node: &str, kind: &str) -> Result<bool> {
        let request = Request::new(Method::Get, &["nodes", node, "tasks"]).with("source", "active");
        let data = self.call(cx, &request).await?;
        let rows = answer::list(&data, "listing tasks")?;
        Ok(rows
            .iter()
            .filter_map(row)
            .any(|task| task.running && task.upid.kind == kind))
    }
}

fn row(row: &Value) -> Option<TaskRow> {
    let upid = Upid::parse(&member(row, "upid")?)?;
    let running = member(row, "endtime").is_none()
        && member(row, "status").is_none_or(|status| status == "running" || status.is_empty());
    let exit = member(row, "status").filter(|_| !running);
    Some(TaskRow {
        upid,
        running,
        exit,
    })
}

/// The exit status, once there is one.
fn ended(status: &Value) -> Option<String> {
    let stopped = member(status, "status").is_some_and(|status| status == "stopped");
    stopped.then(|| member(status, "exitstatus").unwrap_or_else(|| "unexpected status".to_owned()))
}

fn attempted(upid: &Upid) -> String {
    let about = if upid.id.is_empty() {
        String::new()
    } else {
        format!(" of {}", upid.id)
    };
    format!("task {}{about} on {}", upid.kind, upid.node)
}

fn running(upid: &Upid) -> Error {
    Error::new(Code::Unclear, attempted(upid), "the task was still running")
}

fn lost(upid: &Upid, error: &Error) -> Error {
    Error::new(Code::TaskLost, attempted(upid), &error.seen).sent(Sent::Maybe)
}

/// The exit status and the last lines of the log that say something else.
fn told(exit: &str, log: &[String]) -> String {
    let exit = exit.trim();
    let new = |line: &&String| {
        let line = line.trim();
        !line.is_empty() && !line.contains(exit) && !line.starts_with("transferred ")
    };
    let lines: Vec<&str> = log.iter().filter(new).map(|line| line.trim()).collect();
    let last = &lines[lines.len().saturating_sub(TOLD)..];
    let lines: String = last.iter().map(|line| format!("\n  {line}")).collect();
    format!("{exit}{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upids_are_read() {
        let upid = Upid::parse("UPID:pve1:000000A0:000C8390:6B0088E5:qmcreate:100:root@pam!full:")
            .unwrap();
        assert_eq!(upid.started, 0x6B00_88E5);
        assert_eq!(
            (upid.node.as_str(), upid.kind.as_str(), upid.id.as_str()),
            ("pve1", "qmcreate", "100")
        );
        let upload =
            Upid::parse("UPID:pve1:000003F1:000D17A9:6B008A60:imgcopy::root@pam!full:").unwrap();
        assert_eq!(upload.id, "");
        for text in [
            "",
            "UPID:foo",
            "UPID:a:b:c:no hex:e:f:g:",
            "VPID:a:b:c:d:e:f:g:",
            "local:iso/a.iso",
        ] {
            assert_eq!(Upid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_failure_is_told_with_the_lines_that_say_more() {
        let log = [
            "generating cloud-init ISO",
            "transferred 1 of 2",
            "",
            "kvm: Host is odd",
            "TASK ERROR: start failed",
        ];
        let log: Vec<String> = log.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(
            told("start failed", &log),
            "start failed\n  generating cloud-init ISO\n  kvm: Host is odd"
        );
    }
}
