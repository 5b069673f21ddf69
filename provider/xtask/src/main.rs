//! The project's own commands: `cargo xtask <command>`.

mod demo;
mod docs;
mod proto;
mod table;
mod test;
mod tools;
mod workspace;

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
    /// Find or build what tests and the demo run.
    Tools,
    /// Take three real machines through all stages.
    Demo(demo::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Proto(args) => proto::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Tools => tools::run(),
        Command::Demo(args) => demo::run(&args),
    }
}
