//! Watches one object of Kubernetes until it is what somebody waits for.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;

use acceptance_tests::lab::Lab;
use acceptance_tests::tools::{self, Tool};
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::milestones::{Moment, now};

/// A watch that goes on.
pub struct Watch {
    /// Address of the resource that waits for it.
    resource: &'static str,
    child: Child,
    thread: JoinHandle<Option<u128>>,
}

impl Watch {
    /// For a pod of flux-operator that serves.
    pub fn operator(lab: &Lab, kubeconfig: &Path) -> Result<Self> {
        let path =
            "/apis/apps/v1/deployments?watch=true&fieldSelector=metadata.name%3Dflux-operator";
        let serves = |deployment: &Value| {
            let available = deployment["status"]["availableReplicas"].as_u64();
            available.is_some_and(|available| available > 0)
        };
        Self::start(lab, kubeconfig, "flux_operator.this", path, serves)
    }

    /// For a FluxInstance that is Ready.
    pub fn instance(lab: &Lab, kubeconfig: &Path) -> Result<Self> {
        let path = "/apis/fluxcd.controlplane.io/v1/fluxinstances?watch=true";
        let is_ready = |instance: &Value| {
            let conditions = instance["status"]["conditions"].as_array();
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
        };
        Self::start(lab, kubeconfig, "flux_instance.this", path, is_ready)
    }

    fn start(
        lab: &Lab,
        kubeconfig: &Path,
        resource: &'static str,
        path: &str,
        reached: fn(&Value) -> bool,
    ) -> Result<Self> {
        let kubectl = tools::find(Tool::Kubectl).context("there is no kubectl")?;
        let mut child = lab
            .command(kubectl.path)
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["get", "--raw", path])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start kubectl")?;
        let output = child.stdout.take().context("kubectl has no output")?;
        let thread = std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            let mut events = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
            events
                .find(|event| reached(&event["object"]))
                .map(|_| now())
        });
        Ok(Self {
            resource,
            child,
            thread,
        })
    }

    /// Ends the watch; what it saw, which must have happened by now.
    pub fn ended(mut self) -> Result<Moment> {
        // A signal that can be passed on: kubectl runs behind the lab's `exec`.
        let id = i32::try_from(self.child.id()).context("odd process id")?;
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        let _ = self.child.wait();
        match self.thread.join() {
            Ok(Some(time)) => Ok(Moment {
                resource: self.resource.to_owned(),
                time,
            }),
            _ => bail!("{}: what it waits for was never seen", self.resource),
        }
    }
}
