//! Small root modules that a test writes itself, run by OpenTofu in a network with machines.
//!
//! Commands run with `-json`, so that a test sees each diagnostic for itself and can count them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::network::Network;
use crate::progress::Stderr;
use crate::stages;
use crate::tools::{self, Tool};

/// What every root module says.
const VERSIONS: &str = "terraform {\n  required_providers {\n    talos = { source = \"home-ops/talos-stack\" }\n  }\n}\n";

/// Nothing of the host may decide what a run does.
const FOREIGN: [&str; 4] = ["TF_", "TALOS", "KUBE", "PROXMOX_"];

/// A root module in a folder below the network's files.
pub struct Root<'a> {
    network: &'a dyn Network,
    core: PathBuf,
    cli_config: PathBuf,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// What a command came to.
pub struct Run {
    /// Whether it ended with success.
    pub ok: bool,
    /// From start to end.
    pub took: Duration,
    /// Errors and warnings in the order in which they were told.
    pub diagnostics: Vec<Diagnostic>,
    /// All that it wrote to both of its outputs.
    pub said: String,
}

/// One error or warning as core passes it on.
#[derive(Deserialize, Clone, Debug)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// First line.
    pub summary: String,
    /// The rest.
    #[serde(default)]
    pub detail: String,
    /// Object that it is about, where it is about one.
    #[serde(default)]
    pub address: String,
}

impl<'a> Root<'a> {
    /// Makes the module `name` with `text` as its only file and initialises it.
    ///
    /// # Errors
    /// When a tool or the plugin cannot be had, or `init` fails.
    pub fn new(network: &'a dyn Network, name: &str, text: &str) -> Result<Self> {
        let files = network.files()?;
        let core = tools::ensure(&[Tool::Tofu], &mut Stderr)?
            .into_iter()
            .next()
            .context("no core")?
            .path;
        let mirror = files.join("plugin");
        let cli_config = match mirror.join("cli.tfrc") {
            made if made.is_file() => made,
            _ => stages::install(&stages::plugin()?, &mirror)?,
        };
        let folder = files.join("roots").join(name);
        fs::create_dir_all(&folder)?;
        let root = Self {
            network,
            core,
            cli_config,
            folder,
            environment: Vec::new(),
        };
        root.write("versions.tf", VERSIONS)?;
        root.write("main.tf", text)?;
        let init = root
            .command(&["init", "-input=false", "-no-color"])
            .output()?;
        if !init.status.success() {
            bail!("{name}: {}", String::from_utf8_lossy(&init.stderr));
        }
        Ok(root)
    }

    /// Sets a variable of the environment for all commands that follow.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file of the module.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, file: &str, text: &str) -> Result<()> {
        fs::write(self.folder.join(file), text).with_context(|| format!("cannot write {file}"))
    }

    /// Sets the module's variables, an object by name, for all commands that follow.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn variables(&self, values: &Value) -> Result<()> {
        self.write("terraform.tfvars.json", &values.to_string())
    }

    /// OpenTofu with `arguments`, in the network.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.network.start(&self.core);
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| FOREIGN.iter().any(|prefix| name.starts_with(prefix)))
            {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Plans; changes nothing.
    ///
    /// # Errors
    /// When the core cannot be started.
    pub fn plan(&self) -> Result<Run> {
        self.run(&["plan", "-json", "-input=false", "-out=plan"])
    }

    /// Applies without a question.
    ///
    /// # Errors
    /// When the core cannot be started.
    pub fn apply(&self) -> Result<Run> {
        self.run(&["apply", "-json", "-input=false", "-auto-approve"])
    }

    /// Destroys without a question.
    ///
    /// # Errors
    /// When the core cannot be started.
    pub fn destroy(&self) -> Result<Run> {
        self.run(&["destroy", "-json", "-input=false", "-auto-approve"])
    }

    /// Runs any command; diagnostics are read where it has `-json`.
    ///
    /// # Errors
    /// When the core cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Result<Run> {
        let started = Instant::now();
        let output = self
            .command(arguments)
            .output()
            .context("cannot run the core")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Run::new(
            output.status.success(),
            started.elapsed(),
            &text(&output.stdout),
            &text(&output.stderr),
        ))
    }

    /// The state file; null where there is none.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn state(&self) -> Result<Value> {
        match fs::read_to_string(self.state_file()) {
            Ok(text) if !text.is_empty() => {
                serde_json::from_str(&text).context("the state file is damaged")
            }
            _ => Ok(Value::Null),
        }
    }

    /// Where the state is kept.
    pub fn state_file(&self) -> PathBuf {
        self.folder.join("terraform.tfstate")
    }

    /// Attributes of the object at `address` (`type.name` or `type.name["key"]`) in state; null where there is none.
    ///
    /// # Errors
    /// As [`Self::state`].
    pub fn object(&self, address: &str) -> Result<Value> {
        let (address, key) = address.split_once('[').unwrap_or((address, ""));
        let key = key.trim_end_matches(']').trim_matches('"');
        let (kind, name) = address.split_once('.').context("an address is type.name")?;
        let state = self.state()?;
        let resources = state["resources"].as_array().cloned().unwrap_or_default();
        let resource = resources
            .into_iter()
            .find(|each| each["type"] == kind && each["name"] == name);
        let instances = resource
            .and_then(|mut each| each["instances"].as_array_mut().map(std::mem::take))
            .unwrap_or_default();
        let found = instances
            .into_iter()
            .find(|each| key.is_empty() || each["index_key"] == key);
        Ok(found.map_or(Value::Null, |mut each| each["attributes"].take()))
    }

    /// Values of the outputs, sensitive ones included.
    ///
    /// # Errors
    /// When the core cannot be started or says no JSON.
    pub fn outputs(&self) -> Result<Value> {
        let output = self.command(&["output", "-json"]).output()?;
        let all: serde_json::Map<String, Value> = serde_json::from_slice(&output.stdout)?;
        Ok(all
            .into_iter()
            .map(|(name, mut output)| (name, output["value"].take()))
            .collect())
    }
}

impl Run {
    /// From what a command wrote.
    pub fn new(ok: bool, took: Duration, told: &str, complained: &str) -> Self {
        let lines = told
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let diagnostics = lines
            .filter(|line| line["type"] == "diagnostic")
            .filter_map(|mut line| serde_json::from_value(line["diagnostic"].take()).ok())
            .collect();
        Self {
            ok,
            took,
            diagnostics,
            said: format!("{told}\n{complained}"),
        }
    }

    /// Its errors.
    pub fn errors(&self) -> Vec<&Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|each| each.severity == "error")
            .collect()
    }

    /// Warnings whose summary begins with `code`.
    pub fn warnings(&self, code: &str) -> Vec<&Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|each| each.severity == "warning" && each.summary.starts_with(code))
            .collect()
    }

    /// Errors and warnings for people.
    pub fn told(&self) -> String {
        let lines = self.diagnostics.iter().map(|each| {
            format!(
                "{} {}: {}\n{}\n",
                each.severity, each.address, each.summary, each.detail
            )
        });
        lines.collect()
    }
}
