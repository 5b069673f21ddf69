//! `cargo xtask demo`: a cluster through all stages, on the lab or on real Talos machines.

mod lab;
mod rack;
mod server;
mod site;
mod stages;
mod summary;

use std::path::PathBuf;

use acceptance_tests::progress::Stderr;
use acceptance_tests::stages::{Runner, Tree};
use acceptance_tests::{cache, tools};
use anyhow::{Context, Result, bail};

use crate::workspace::{self, say};

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Use three real Talos machines in place of the lab; root is needed, and there is no Proxmox VE.
    #[arg(long)]
    real: bool,
    /// End the machines of an earlier demo; what is on their disks stays.
    #[arg(long, conflicts_with = "fresh")]
    stop: bool,
    /// Throw away the machines and the state of an earlier demo first.
    #[arg(long)]
    fresh: bool,
}

impl Args {
    /// Machines, state and logs, one folder for all checkouts.
    fn folder(&self) -> PathBuf {
        let demo = cache::root().join("demo");
        demo.join(if self.real { "real" } else { "lab" })
    }

    fn end(&self) -> Result<bool> {
        let folder = self.folder();
        if self.real {
            rack::stop(&folder)
        } else {
            lab::stop(&folder)
        }
    }
}

/// Runs the demo; says at the end what was built and where to look.
pub fn run(args: &Args) -> Result<()> {
    let folder = args.folder();
    if args.stop {
        say(if args.end()? {
            "the machines have ended; their disks are kept, and the next demo goes on with them"
        } else {
            "no machines of a demo are running"
        });
        return Ok(());
    }
    if args.real {
        rack::check()?;
    }
    if args.fresh {
        args.end()?;
        std::fs::remove_dir_all(&folder).ok();
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;

    let site = if args.real {
        rack::start(&folder)?
    } else {
        lab::start(&folder)?
    };
    say("building the provider");
    let plugin = workspace::build_release("plugin", "terraform-provider-talos-stack")?;
    let runner = Runner::current(&mut Stderr)?;
    tools::ensure(&[tools::Tool::Kubectl, tools::Tool::Talosctl], &mut Stderr)?;
    let tree = Tree::of_checkout(site.cluster, &plugin, &folder)?;

    say(&format!(
        "\nterragrunt run --all apply   in {}",
        tree.cluster().display()
    ));
    let log = folder.join("apply.log");
    let report = stages::apply(&tree, &runner, &site, &log)?;
    summary::print(&tree, &runner, &site, &report, &folder)?;
    if !report.is_done(&tree.stages()) {
        bail!(
            "a stage failed or was not run: its messages are above, all of them in {}. Running the demo again goes on where it stopped",
            log.display()
        );
    }
    Ok(())
}
