//! The command line of `talos-lab`.

mod address;
mod control;
mod namespace;
mod play;
mod played;
mod plugin;
mod status;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::world::Switch;
use control::Order;

/// A Proxmox VE cluster on one machine, in a network of its own.
#[derive(Debug, Parser)]
#[command(name = "talos-lab", version)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays a world as long as a command runs in it.
    Run {
        #[command(flatten)]
        options: WorldOptions,
        /// Keeps the world between runs.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Plays a world until it is told to stop.
    Serve {
        #[command(flatten)]
        options: WorldOptions,
        /// Keeps the world between runs.
        #[arg(long)]
        dir: PathBuf,
    },
    /// Runs a command in a world that is served.
    Exec {
        /// The world's directory.
        #[arg(long)]
        dir: PathBuf,
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Prints what is in a world.
    Status {
        /// The world's directory.
        #[arg(long)]
        dir: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Does what a person could do at a machine.
    Power {
        /// The world's directory.
        #[arg(long)]
        dir: PathBuf,
        /// Name or number.
        machine: String,
        /// What is done.
        switch: PowerSwitch,
    },
    /// Replaces what goes wrong in a world that is served.
    Faults {
        /// The world's directory.
        #[arg(long)]
        dir: PathBuf,
        /// A scenario (YAML), of which the faults count.
        scenario: PathBuf,
    },
}

/// How a world is played.
#[derive(Debug, Args)]
struct WorldOptions {
    /// Writes one JSON line per request.
    #[arg(long)]
    journal: Option<PathBuf>,
    /// What is there and what goes wrong (YAML).
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// Where everything random comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds of the lab in a real one, or `auto`.
    #[arg(long, default_value = "auto", value_parser = speed)]
    speed: f64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PowerSwitch {
    On,
    Off,
    Reset,
}

impl From<PowerSwitch> for Switch {
    fn from(switch: PowerSwitch) -> Self {
        match switch {
            PowerSwitch::On => Self::On,
            PowerSwitch::Off => Self::Off,
            PowerSwitch::Reset => Self::Reset,
        }
    }
}

/// Seconds of the lab in a real one where nobody says otherwise: tasks are short, but can be seen.
const AUTO: f64 = 10.0;

fn speed(text: &str) -> Result<f64, String> {
    if text == "auto" {
        return Ok(AUTO);
    }
    let number = text.parse::<f64>().ok();
    let number = number.filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "write `auto` or a number above 0".to_owned())
}

/// Runs the command line; gives the exit status.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Line::parse().command {
        Command::Run {
            options,
            dir,
            command,
        } => play::run(&options, dir, &command),
        Command::Serve { options, dir } => play::serve(&options, dir),
        Command::Exec { dir, command } => play::exec(&dir, &command),
        Command::Status { dir, json } => status::print(&dir, json),
        Command::Power {
            dir,
            machine,
            switch,
        } => control::send(&dir, &Order::Power(machine, switch.into())),
        Command::Faults { dir, scenario } => play::scenario(&scenario)
            .and_then(|scenario| control::send(&dir, &Order::Faults(scenario.faults))),
    };
    done.unwrap_or_else(|problem| {
        say(&format!("talos-lab: {problem}"));
        ExitCode::FAILURE
    })
}

/// Tells the person something; standard output belongs to the command.
fn say(text: &str) {
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Line::command().debug_assert();
        let line = ["talos-lab", "run", "--speed", "3", "--", "ls", "-l"];
        let Command::Run {
            command, options, ..
        } = Line::parse_from(line).command
        else {
            panic!("no run");
        };
        assert_eq!(command, ["ls", "-l"]);
        assert!((options.speed - 3.0).abs() < f64::EPSILON);
        assert!(speed("0").is_err());
        assert!(speed("-1").is_err());
    }
}
