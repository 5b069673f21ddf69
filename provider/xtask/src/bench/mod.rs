//! `cargo xtask bench`: the figures of docs/performance.md, from a release build, in one run. It
//! fails where the engine misses its aims.

mod engine;
mod probe;
mod stages;
mod startup;
mod vms;
mod way;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

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
    /// Only what runs on the lab: the whole way, and refreshes of many VMs.
    #[arg(long, conflicts_with = "engine")]
    lab: bool,
}

/// Takes all figures and prints them as a table.
pub fn run(args: &Args) -> Result<()> {
    let mut figures = Vec::new();
    let all = !args.engine && !args.lab;
    if all || args.lab {
        lab(&mut figures)?;
    }
    if all {
        provider(args, &mut figures)?;
    }
    let missed = if all || args.engine {
        engine(args, &mut figures)?
    } else {
        Vec::new()
    };
    say("");
    for line in crate::table::lines(&["figure", "value", "aim"], figures.into_iter()) {
        say(&line);
    }
    if !missed.is_empty() {
        bail!("aims are missed: {}", missed.join("; "));
    }
    Ok(())
}

/// What takes time where there is something to wait for.
fn lab(figures: &mut Vec<[String; 3]>) -> Result<()> {
    let plugin = release()?;
    let mut lags = Vec::new();
    for (pace, speed) in [("a real one's pace", "1"), ("ten times that pace", "10")] {
        say(&format!("the whole way on the lab, at {pace}"));
        let way = way::measure(&plugin, speed)?;
        let more = 100.0 * (way.wall.as_secs_f64() / way.lab.as_secs_f64() - 1.0);
        let name = format!("from bare hosts to Flux on the lab at {pace}");
        figures.push(figure(&name, seconds(way.wall), ""));
        let own = format!("{} (the rest is {more:.0} % over it)", seconds(way.lab));
        figures.push(figure("of that, the lab's own time", own, "10 % over it"));
        lags.extend(way.lags);
    }
    let name = format!("readiness seen, 95th percentile of {}", lags.len());
    figures.push(figure(&name, seconds(percentile(lags, 95)), ""));
    for count in [6, 50] {
        say(&format!("refreshing {count} VMs"));
        let refresh = vms::refresh(&plugin, count)?;
        let value = format!("{}, {} requests", seconds(refresh.wall), refresh.requests);
        figures.push(figure(&format!("refresh of {count} VMs"), value, ""));
    }
    Ok(())
}

/// The provider as users have it.
fn release() -> Result<PathBuf> {
    say("building the provider (release)");
    workspace::build_release("plugin", "terraform-provider-talos-stack")
}

/// How the provider starts, and what plans cost it.
fn provider(args: &Args, figures: &mut Vec<[String; 3]>) -> Result<()> {
    let plugin = release()?;
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

/// What rendering costs, beside the official machinery. The answer has the aims that are missed.
fn engine(args: &Args, figures: &mut Vec<[String; 3]>) -> Result<Vec<String>> {
    let mut missed = Vec::new();
    for task in engine::measure(args.runs)? {
        missed.extend(task.missed());
        figures.push(figure(
            &format!("{}: CPU", task.name),
            milliseconds(task.ours),
            &format!("{} ms", task.aim.as_millis()),
        ));
        let official = task.official.map_or("no Go here".to_owned(), milliseconds);
        figures.push(figure("the same by official machinery: CPU", official, ""));
    }
    Ok(missed)
}

fn figure(name: &str, value: String, aim: &str) -> [String; 3] {
    [name.to_owned(), value, aim.to_owned()]
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

/// The smallest value that so many of a hundred do not exceed; zero of none.
fn percentile(mut values: Vec<Duration>, hundredths: usize) -> Duration {
    values.sort_unstable();
    let place = (values.len() * hundredths).div_ceil(100);
    values
        .get(place.saturating_sub(1))
        .copied()
        .unwrap_or_default()
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

/// Runs a command of a core that must succeed.
fn expect(command: &mut Command) -> Result<()> {
    let output = command.output().context("cannot run the core")?;
    if !output.status.success() {
        bail!(
            "the core ended with {}:\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
