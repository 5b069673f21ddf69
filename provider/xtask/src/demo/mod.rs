//! `cargo xtask demo`: a cluster of three real Talos machines through all stages.

mod lines;
mod machines;
mod stages;
mod summary;

use acceptance_tests::machines::{Rack, install_missing};
use acceptance_tests::progress::Stderr;
use acceptance_tests::stages::{Runner, Tree};
use acceptance_tests::{cache, tools};
use anyhow::{Context, Result, bail};

use crate::workspace::{self, say};

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Use real Talos machines (at present the only kind, and the default).
    #[arg(long)]
    real: bool,
    /// End the machines of an earlier demo; what is on their disks stays.
    #[arg(long, conflicts_with = "fresh")]
    stop: bool,
    /// Throw away the machines and the state of an earlier demo first.
    #[arg(long)]
    fresh: bool,
}

/// Cluster of the stage tree that suits the machines.
const CLUSTER: &str = "real-101";

/// Machines of that cluster.
const MACHINES: [&str; 3] = ["realcp01", "realcp02", "realcp03"];

/// Runs the demo; says at the end what was built and where to look.
pub fn run(args: &Args) -> Result<()> {
    let folder = cache::root().join("demo");
    if args.stop {
        say(if machines::stop(&folder)? {
            "the machines have ended; their disks are kept, and the next demo goes on with them"
        } else {
            "no machines of a demo are running"
        });
        return Ok(());
    }
    install_missing(&mut Stderr);
    if let Err(why) = Rack::available() {
        bail!("the demo needs real machines, and this host cannot run them:\n{why}");
    }
    if args.fresh {
        machines::stop(&folder)?;
        std::fs::remove_dir_all(&folder).ok();
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;

    say("building the provider and what runs the machines");
    let talos_rack = workspace::build("acceptance-tests", "talos-rack")?;
    let plugin = workspace::build_release("plugin", "terraform-provider-talos-stack")?;
    let runner = Runner::current(&mut Stderr)?;
    tools::ensure(&[tools::Tool::Kubectl, tools::Tool::Talosctl], &mut Stderr)?;
    let rack = machines::start(&talos_rack, &folder, &MACHINES)?;
    let tree = Tree::of_checkout(CLUSTER, &plugin, &folder)?;

    say(&format!(
        "\nterragrunt run --all apply   in {}",
        tree.cluster().display()
    ));
    let log = folder.join("apply.log");
    let report = stages::apply(&tree, &runner, &rack, &log)?;
    summary::print(&tree, &runner, &talos_rack, &report, &folder)?;
    if report.failed {
        bail!(
            "a stage failed: its messages are above, all of them in {}. Running the demo again goes on where it stopped",
            log.display()
        );
    }
    Ok(())
}
