//! Runs real Talos machines on this host, in a network of their own.

use acceptance_tests::machines::{Rack, RackSpec};
use acceptance_tests::progress::Stderr;
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    about = "Real Talos machines on this host, in a network of their own (10.5.0.11, 10.5.0.12 …)"
)]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Start machines, run a command in their network, end them with it
    Run {
        #[command(flatten)]
        rack: Start,
        /// Command and arguments
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Start machines and keep them until interrupted
    Serve {
        #[command(flatten)]
        rack: Start,
    },
    /// Run a command in the network of a running rack
    Exec {
        #[command(flatten)]
        rack: At,
        /// Command and arguments
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Switch a machine on
    Start(Target),
    /// Pull the plug of a machine; its disks stay
    Kill(Target),
    /// Stop every process of a machine where it is
    Pause(Target),
    /// Let a paused machine go on
    Resume(Target),
    /// Pull the network cable of a machine
    Unplug(Target),
    /// Plug it in again
    Plug(Target),
    /// Save the disks of all machines in the cache, for --world; running machines lose power for a moment
    Save {
        #[command(flatten)]
        rack: At,
        /// Name to save them under
        world: String,
    },
    /// Show the machines of a running rack
    Status(At),
}

#[derive(clap::Args)]
struct Start {
    /// How many machines; they are called cp1, cp2 …
    #[arg(long, default_value_t = 3)]
    machines: usize,
    /// Names of the machines, in place of --machines
    #[arg(long, value_delimiter = ',')]
    names: Vec<String>,
    /// Folder for the machines' disks and logs; temporary without it
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Start from disks that were saved under this name
    #[arg(long)]
    world: Option<String>,
}

impl Start {
    fn start(self) -> anyhow::Result<Rack> {
        let spec = if self.names.is_empty() {
            RackSpec::new(self.machines)
        } else {
            RackSpec::named(self.names)
        };
        let spec = self.dir.into_iter().fold(spec, RackSpec::dir);
        let spec = self.world.into_iter().fold(spec, RackSpec::from_world);
        Ok(Rack::start(spec, &mut Stderr)?)
    }
}

#[derive(clap::Args)]
struct At {
    /// Folder of the running rack
    #[arg(long)]
    dir: PathBuf,
}

#[derive(clap::Args)]
struct Target {
    #[command(flatten)]
    rack: At,
    /// Name of the machine
    machine: String,
}

fn main() -> ExitCode {
    match act(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("talos-rack: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn act(action: Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Run { rack, command } => return run(rack, &command),
        Action::Serve { rack } => serve(rack)?,
        Action::Exec { rack, command } => return exec(&Rack::attach(&rack.dir)?, &command),
        Action::Save { rack, world } => Rack::attach(&rack.dir)?.save(&world)?,
        Action::Status(rack) => show(&Rack::attach(&rack.dir)?),
        Action::Start(target) => with(&target, |rack| rack.machine(&target.machine)?.start())?,
        Action::Kill(target) => with(&target, |rack| rack.machine(&target.machine)?.kill())?,
        Action::Pause(target) => with(&target, |rack| rack.machine(&target.machine)?.pause())?,
        Action::Resume(target) => with(&target, |rack| rack.machine(&target.machine)?.resume())?,
        Action::Unplug(target) => with(&target, |rack| rack.machine(&target.machine)?.unplug())?,
        Action::Plug(target) => with(&target, |rack| rack.machine(&target.machine)?.plug())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn with(
    target: &Target,
    act: impl FnOnce(&Rack) -> Result<(), acceptance_tests::machines::RackError>,
) -> anyhow::Result<()> {
    Ok(act(&Rack::attach(&target.rack.dir)?)?)
}

/// Interrupts reach the command by the terminal; this process outlives it to clean up.
fn run(rack: Start, command: &[String]) -> anyhow::Result<ExitCode> {
    let _signals = Signals::new([SIGINT, SIGTERM])?;
    let rack = rack.start()?;
    show(&rack);
    exec(&rack, command)
}

fn serve(rack: Start) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let rack = rack.start()?;
    show(&rack);
    say(&format!(
        "run commands in this network with: talos-rack exec --dir {} -- COMMAND",
        rack.dir().display()
    ));
    signals.forever().next();
    say("ending the machines");
    Ok(())
}

fn exec(rack: &Rack, command: &[String]) -> anyhow::Result<ExitCode> {
    let (program, args) = command.split_first().context("no command is given")?;
    let status = rack
        .command(program)
        .args(args)
        .env("TALOS_RACK_DIR", rack.dir())
        .status()?;
    Ok(ExitCode::from(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
    ))
}

fn show(rack: &Rack) {
    say(&format!(
        "{:<12} {:<12} {:<4} log",
        "machine", "address", "on"
    ));
    for machine in rack.machines() {
        let on = if machine.is_running() { "yes" } else { "no" };
        say(&format!(
            "{:<12} {:<12} {on:<4} {}",
            machine.name(),
            machine.address(),
            machine.log().display()
        ));
    }
}

fn say(text: &str) {
    use std::io::Write as _;
    // Standard output belongs to the command; a closed standard error is no reason to end the machines.
    let _ = writeln!(std::io::stderr(), "{text}");
}
