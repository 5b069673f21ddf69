//! Official talosctl in a network with machines: the judge of what our own client does.

use crate::machines::{RackError, patches};
use crate::network::Network;
use crate::progress::Quiet;
use crate::tools::{self, Tool};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// How long a machine that starts may be silent.
const STARTING: Duration = Duration::from_secs(30);

/// Official talosctl with the files of one cluster.
pub struct Talosctl<'a> {
    network: &'a dyn Network,
    binary: PathBuf,
    folder: PathBuf,
}

/// A machine's configuration as it holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Counts writes.
    pub version: String,
    /// All documents.
    pub text: String,
}

impl<'a> Talosctl<'a> {
    /// Works with the cluster files in `folder` (`talosconfig`, `controlplane.yaml`), which may not exist yet.
    ///
    /// # Errors
    /// When talosctl cannot be had.
    pub fn new(network: &'a dyn Network, folder: &Path) -> Result<Self, RackError> {
        let tools = tools::ensure(&[Tool::Talosctl], &mut Quiet)?;
        let binary = tools
            .into_iter()
            .next()
            .map(|tool| tool.path)
            .unwrap_or_default();
        Ok(Self {
            network,
            binary,
            folder: folder.to_owned(),
        })
    }

    /// Generates secrets, the configuration of a control plane that suits a rack, and a talosconfig for machines at
    /// these addresses.
    ///
    /// # Errors
    /// What talosctl says.
    pub fn generate(&self, cluster: &str, addresses: &[String]) -> Result<(), RackError> {
        let folder = self.folder.to_string_lossy();
        let endpoint = format!(
            "https://{}:6443",
            addresses.first().map_or("", String::as_str)
        );
        let versions = ["--kubernetes-version", Tool::KubeApiserver.recipe().version];
        let quiet = ["--with-docs=false", "--with-examples=false", "--force"];
        let patch = ["--config-patch", patches::SUITS_RACK, "--output", &folder];
        self.run(
            [
                &["gen", "config", cluster, &endpoint][..],
                &versions,
                &quiet,
                &patch,
            ]
            .concat(),
        )?;
        let endpoints: Vec<_> = ["config", "endpoint"]
            .into_iter()
            .chain(addresses.iter().map(String::as_str))
            .collect();
        self.run(endpoints).map(drop)
    }

    /// Runs talosctl with the cluster's talosconfig and returns what it printed.
    ///
    /// # Errors
    /// What talosctl says.
    pub fn run<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<String, RackError> {
        let mut command = self.network.start(&self.binary);
        // By the environment: commands that need no credentials do not know the flag.
        command
            .args(args)
            .env("TALOSCONFIG", self.folder.join("talosconfig"));
        output(&mut command)
    }

    /// Runs talosctl against one machine.
    ///
    /// # Errors
    /// What talosctl says.
    pub fn at(&self, address: &str, args: &[&str]) -> Result<String, RackError> {
        self.run([&["--nodes", address, "--endpoints", address], args].concat())
    }

    /// Repeats [`Self::at`] until what it prints satisfies `enough`.
    ///
    /// # Errors
    /// The last answer, when that takes longer than `limit`.
    pub fn wait(
        &self,
        address: &str,
        args: &[&str],
        limit: Duration,
        enough: impl Fn(&str) -> bool,
    ) -> Result<String, RackError> {
        until(limit, || self.at(address, args), enough)
    }

    /// Runs kubectl with the cluster's kubeconfig (fetched by `talosctl kubeconfig` into the folder).
    ///
    /// # Errors
    /// What kubectl says.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, RackError> {
        let tools = tools::ensure(&[Tool::Kubectl], &mut Quiet)?;
        let binary = tools
            .into_iter()
            .next()
            .map(|tool| tool.path)
            .unwrap_or_default();
        let mut command = self.network.start(&binary);
        command
            .arg("--kubeconfig")
            .arg(self.folder.join("kubeconfig"))
            .arg("--request-timeout=5s")
            .args(args);
        output(&mut command)
    }

    /// The configuration that the machine at `address` holds.
    ///
    /// # Errors
    /// What talosctl says.
    pub fn held(&self, address: &str) -> Result<Held> {
        let arguments = ["get", "machineconfig", "v1alpha1", "--output", "json"];
        let answer: Value = serde_json::from_str(&self.at(address, &arguments)?)?;
        let text = answer["spec"]
            .as_str()
            .context("the configuration is no text")?;
        Ok(Held {
            version: answer["metadata"]["version"].to_string(),
            text: text.to_owned(),
        })
    }

    /// What tells this boot of the machine at `address` from every other one. A machine that starts is waited for.
    ///
    /// # Errors
    /// What talosctl says.
    pub fn boot_id(&self, address: &str) -> Result<String, RackError> {
        let read = ["read", "/proc/sys/kernel/random/boot_id"];
        let told = |text: &str| !text.trim().is_empty();
        let id = self.wait(address, &read, STARTING, told)?;
        Ok(id.trim().to_owned())
    }
}

/// Places of the configurations that were written to between two looks.
pub fn writes(before: &[Held], after: &[Held]) -> Vec<usize> {
    let pairs = before.iter().zip(after).enumerate();
    pairs
        .filter(|(_, (before, after))| before.version != after.version)
        .map(|(index, _)| index)
        .collect()
}

/// Repeats `ask` until its answer satisfies `enough`; after `limit` returns the last answer as an error.
///
/// # Errors
/// The last refusal, or what the answer lacked.
pub fn until(
    limit: Duration,
    ask: impl Fn() -> Result<String, RackError>,
    enough: impl Fn(&str) -> bool,
) -> Result<String, RackError> {
    let started = Instant::now();
    loop {
        let answer = ask();
        match answer {
            Ok(text) if enough(&text) => return Ok(text),
            answer if started.elapsed() > limit => {
                let text = answer?;
                return Err(RackError::Use(format!(
                    "not so after {} s:\n{text}",
                    limit.as_secs()
                )));
            }
            _ => std::thread::sleep(Duration::from_millis(500)),
        }
    }
}

fn output(command: &mut Command) -> Result<String, RackError> {
    let line = || {
        format!(
            "{} …",
            command
                .get_args()
                .nth(2)
                .unwrap_or_default()
                .to_string_lossy()
        )
    };
    let name = line();
    let output = command.output().map_err(|cause| RackError::Command {
        command: name.clone(),
        output: cause.to_string(),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(RackError::Command {
        command: name,
        output: said,
    })
}
