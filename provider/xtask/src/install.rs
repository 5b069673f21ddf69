//! `cargo xtask install`: the provider in a mirror on this computer, for as long as it is in no registry.

use std::path::{Path, PathBuf};

use acceptance_tests::{cache, stages};
use anyhow::{Context, Result};

use crate::workspace::{self, say};

/// Options of `cargo xtask install`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the mirror and the CLI configuration; by default in the project's cache.
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Builds it for release, lays out the mirror, and says how to name it to terraform, tofu and terragrunt.
pub fn run(args: &Args) -> Result<()> {
    let dir = args
        .dir
        .clone()
        .unwrap_or_else(|| cache::root().join("install"));
    let plugin = workspace::build_release("plugin", "terraform-provider-talos-stack")?;
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let dir = dir.canonicalize()?;
    stages::install(&plugin, &dir)?;
    let file = dir.join("provider.tfrc");
    std::fs::write(&file, configuration(&dir.join("mirror")))
        .with_context(|| format!("cannot write {}", file.display()))?;
    say(&format!(
        "the provider is in {}; tell terraform, tofu and terragrunt:\n\n  export TF_CLI_CONFIG_FILE={}\n",
        dir.join("mirror").display(),
        file.display()
    ));
    say("After another build of it, remove .terraform.lock.hcl and run init again.");
    Ok(())
}

/// This provider from the mirror, others from their registries.
fn configuration(mirror: &Path) -> String {
    format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path    = \"{}\"\n    include = [\"home-ops/talos-stack\"]\n  }}\n  \
         direct {{\n    exclude = [\"home-ops/talos-stack\"]\n  }}\n}}\n",
        mirror.display()
    )
}
