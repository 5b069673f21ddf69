//! A generation of terragrunt with the core that it runs.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::progress::Progress;
use crate::tools::{self, Tool};

/// terragrunt and the core it calls.
#[derive(Clone, Debug)]
pub struct Runner {
    /// For people: `terragrunt 1.1 with OpenTofu`.
    pub name: &'static str,
    /// The terragrunt binary.
    pub terragrunt: PathBuf,
    /// The terraform or tofu binary.
    pub core: PathBuf,
    /// Words before the command that runs in all stages: `run --all` or `run-all`.
    pub all: &'static [&'static str],
}

impl Runner {
    /// terragrunt 1.1 with OpenTofu.
    pub fn current(progress: &mut dyn Progress) -> Result<Self> {
        let [terragrunt, core] = pair(Tool::Terragrunt, Tool::Tofu, progress)?;
        Ok(Self {
            name: "terragrunt 1.1 with OpenTofu",
            terragrunt,
            core,
            all: &["run", "--all", "--"],
        })
    }

    /// The last generation that knows `run-all`, with terraform.
    pub fn former(progress: &mut dyn Progress) -> Result<Self> {
        let [terragrunt, core] = pair(Tool::Terragrunt089, Tool::Terraform, progress)?;
        Ok(Self {
            name: "terragrunt 0.89 with terraform",
            terragrunt,
            core,
            all: &["run-all"],
        })
    }
}

fn pair(terragrunt: Tool, core: Tool, progress: &mut dyn Progress) -> Result<[PathBuf; 2]> {
    let ready = tools::ensure(&[terragrunt, core], progress)?;
    let path = |index: usize| {
        ready
            .get(index)
            .map(|tool| tool.path.clone())
            .context("a tool is missing from the answer")
    };
    Ok([path(0)?, path(1)?])
}
