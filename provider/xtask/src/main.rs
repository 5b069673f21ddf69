//! The project's own commands: `cargo xtask <command>`.

mod apply;
mod bench;
mod demo;
mod docs;
mod install;
mod proto;
mod table;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the Rust bindings of proto/<name>/**/*.proto into proto/<name>/src/generated.
    Proto(proto::Args),
    /// Write the registry's pages below docs/ from the provider's schema and examples/.
    Docs(docs::Args),
    /// Run everything that decides whether a change lands.
    Test(test::Args),
    /// Build the provider and lay it out where `init` finds it.
    Install(install::Args),
    /// Find or build what tests and the demo run.
    Tools,
    /// Take a cluster through all stages, on the lab or (`--real`) on real machines.
    Demo(demo::Args),
    /// Take the figures of docs/performance.md.
    Bench(bench::Args),
    /// Stand in for the provider and note what it costs.
    #[command(hide = true)]
    BenchProbe(bench::ProbeArgs),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Proto(args) => proto::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Install(args) => install::run(&args),
        Command::Tools => tools::run(),
        Command::Demo(args) => demo::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::BenchProbe(args) => return bench::run_probe(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            workspace::complain(&error);
            ExitCode::FAILURE
        }
    }
}
