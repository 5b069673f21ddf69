//! `cargo xtask bench`: the figures of docs/performance.md, from a release build, in one run.

mod engine;
mod probe;
mod stages;
mod startup;

use std::time::Duration;

use anyhow::{Context, Result};

use crate::workspace::{self, say};

pub use probe::Args as ProbeArgs;
pub use probe::run as run_probe;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// How often each figure is taken; the median is printed.
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// Only the configuration engine, without the provider and the cores.
    #[arg(long)]
    engine: bool,
}

/// Takes all figures and prints them as a table.
pub fn run(args: &Args) -> Result<()> {
    let mut figures = Vec::new();
    if !args.engine {
        provider(args, &mut figures)?;
    }
    engine(args, &mut figures)?;
    say("");
    for line in crate::table::lines(&["figure", "value", "aim"], figures.into_iter()) {
        say(&line);
    }
    Ok(())
}

/// How the provider starts, and what plans cost it.
fn provider(args: &Args, figures: &mut Vec<[String; 3]>) -> Result<()> {
    say("building the provider (release)");
    let plugin = workspace::build_release("plugin", "terraform-provider-talos-stack")?;
    let size = std::fs::metadata(&plugin)
        .context("the provider is missing")?
        .len();
    figures.push(figure(
        "binary, stripped",
        format!("{:.1} MB", megabytes(size)),
        "15 MB",
    ));
    let start = startup::measure(&plugin, args.runs)?;
    figures.push(figure(
        "exec to handshake line",
        milliseconds(start.handshake),
        "3 ms",
    ));
    figures.push(figure(
        "exec to schema served, mutual TLS",
        milliseconds(start.schema),
        "10 ms",
    ));
    figures.push(figure(
        "resident memory at handshake",
        kilobytes(start.resident),
        "",
    ));
    for stage in stages::peaks(&plugin)? {
        figures.push(figure(
            &format!("peak memory, plan of {}", stage.name),
            kilobytes(stage.peak_kilobytes),
            "16 MB",
        ));
    }
    for (nodes, aim) in [(6, ""), (100, "100 ms")] {
        let cost = stages::config(&plugin, nodes)?;
        let name = format!(
            "plan of {nodes} configurations: plugin CPU over {} starts",
            cost.starts
        );
        figures.push(figure(&name, milliseconds(cost.cpu), aim));
    }
    Ok(())
}

/// What rendering costs, beside the official machinery.
fn engine(args: &Args, figures: &mut Vec<[String; 3]>) -> Result<()> {
    for task in engine::measure(args.runs)? {
        figures.push(figure(
            &format!("{}: CPU", task.name),
            milliseconds(task.ours),
            task.aim,
        ));
        let official = task.official.map_or("no Go here".to_owned(), milliseconds);
        figures.push(figure("the same by official machinery: CPU", official, ""));
    }
    Ok(())
}

fn figure(name: &str, value: String, aim: &str) -> [String; 3] {
    [name.to_owned(), value, aim.to_owned()]
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}

fn kilobytes(kilobytes: u64) -> String {
    format!("{:.1} MB", megabytes(kilobytes * 1024))
}

/// The middle one; the list must not be empty.
fn median<T: Ord + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
