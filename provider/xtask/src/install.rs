//! `cargo xtask install`: the provider in a mirror on this computer, for as long as it is in no registry.

use std::ffi::OsString;
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
    let mirror = dir.join("mirror");
    let changed = stages::lay_out(&plugin, &mirror)?;
    let file = dir.join("provider.tfrc");
    std::fs::write(&file, configuration(&mirror))
        .with_context(|| format!("cannot write {}", file.display()))?;
    say(&format!(
        "the provider is in {}; tell terraform, tofu and terragrunt:\n\n  export TF_CLI_CONFIG_FILE={}\n",
        mirror.display(),
        file.display()
    ));
    if let Some(own) = own_configuration(&file, &|name| std::env::var_os(name)) {
        say(&own_takes_part(&own, &file));
    }
    say(NEXT);
    if changed {
        say(AFTER_A_BUILD);
    }
    Ok(())
}

const NEXT: &str = "Modules name it `source = \"home-ops/talos-stack\"`; docs/guides/own-cluster.md goes on from here.";

/// Lock files hold the checksum of a build.
const AFTER_A_BUILD: &str = "What another build of it initialised is initialised again: remove .terraform.lock.hcl and run init; with terragrunt,
`find . -type d -name .terragrunt-cache -prune -exec rm -r {} +`.";

/// A CLI configuration that somebody has already, which ours would stand in for.
fn own_configuration(ours: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let home = |name: &str| Some(PathBuf::from(variable("HOME")?).join(name));
    let named = variable("TF_CLI_CONFIG_FILE").map(PathBuf::from);
    [named, home(".terraformrc"), home(".tofurc")]
        .into_iter()
        .flatten()
        .find(|path| path.is_file() && path != ours)
}

fn own_takes_part(own: &Path, ours: &Path) -> String {
    format!(
        "You have {} already, which is not read then: write the block `provider_installation` of\n{} into it instead.\n",
        own.display(),
        ours.display()
    )
}

/// This provider from the mirror, others from their registries.
fn configuration(mirror: &Path) -> String {
    format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path    = \"{}\"\n    include = [\"home-ops/talos-stack\"]\n  }}\n  \
         direct {{\n    exclude = [\"home-ops/talos-stack\"]\n  }}\n}}\n",
        mirror.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_is_there_is_found_and_ours_is_none() {
        let home = tempfile::tempdir().unwrap();
        let (rc, ours) = (
            home.path().join(".terraformrc"),
            home.path().join("provider.tfrc"),
        );
        std::fs::write(&ours, "").unwrap();
        let found = |named: &Path| {
            own_configuration(&ours, &|name| match name {
                "HOME" => Some(home.path().into()),
                "TF_CLI_CONFIG_FILE" => Some(named.into()),
                _ => None,
            })
        };
        assert_eq!(found(&ours), None);
        assert_eq!(found(&home.path().join("missing")), None);
        std::fs::write(&rc, "").unwrap();
        assert_eq!(found(&ours), Some(rc));
        let named = home.path().join("named");
        std::fs::write(&named, "").unwrap();
        assert_eq!(found(&named), Some(named));
    }
}
