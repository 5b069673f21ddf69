//! What the configuration engine costs, beside the official machinery with the same work.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use acceptance_tests::cache;
use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::{self, say};

/// The line of Talos whose machinery is measured.
const LINE: &str = "1.12";

/// One sort of work and what it costs: medians.
pub struct Task {
    /// What is done.
    pub name: &'static str,
    /// What it shall cost less than.
    pub aim: Duration,
    /// Processor time of our engine.
    pub ours: Duration,
    /// Processor time of the official machinery; none where there is no Go.
    pub official: Option<Duration>,
}

/// Measures both; fails if their results differ.
pub fn measure(runs: usize) -> Result<Vec<Task>> {
    say("building the engine's bench (release)");
    let engine = workspace::build_release_example("talos-config", "bench")?;
    let questions = output(Command::new(&engine).arg("questions"), "")?;
    let runs = runs.to_string();
    let ours = costs(Command::new(&engine).args(["answer", &runs]), &questions)?;
    let official = match oracle()? {
        Some(program) => {
            let secrets = "provider/talos-config/tests/vectors/secrets.yaml";
            let mut command = Command::new(program);
            command.args(["bench", "-runs", &runs, "-secrets"]);
            Some(costs(
                command.arg(workspace::root()?.join(secrets)),
                &questions,
            )?)
        }
        None => None,
    };
    let tasks = ours.iter().enumerate().map(|(index, cost)| {
        let theirs = official.as_ref().and_then(|costs| costs.get(index));
        if theirs.is_some_and(|theirs| theirs.digest != cost.digest) {
            bail!("{}: the official machinery has other results", cost.op);
        }
        let (name, aim) = match cost.op.as_str() {
            "patch" => ("merge into a configuration of 1 MB", 20),
            "generate" => ("generating 100 configurations", 100),
            other => bail!("unknown work {other}"),
        };
        Ok(Task {
            name,
            aim: Duration::from_millis(aim),
            ours: cost.cpu,
            official: theirs.map(|theirs| theirs.cpu),
        })
    });
    tasks.collect()
}

impl Task {
    /// What to say if our engine misses its aim.
    pub fn missed(&self) -> Option<String> {
        let (ours, aim) = (self.ours.as_millis(), self.aim.as_millis());
        let missed = self.ours >= self.aim;
        missed.then(|| format!("{}: {ours} ms, aim {aim} ms", self.name))
    }
}

struct Cost {
    op: String,
    cpu: Duration,
    /// Of all results.
    digest: String,
}

/// What a program says that answering the questions costs, one sort a line.
fn costs(command: &mut Command, questions: &str) -> Result<Vec<Cost>> {
    let lines = output(command, questions)?;
    let cost = |line: &str| -> Result<Cost> {
        let value: Value = serde_json::from_str(line)?;
        let text = |key: &str| value[key].as_str().map(str::to_owned).context("odd answer");
        Ok(Cost {
            op: text("op")?,
            cpu: Duration::from_nanos(value["cpu"].as_u64().context("odd answer")?),
            digest: text("digest")?,
        })
    };
    lines.lines().map(cost).collect()
}

/// Standard output of a program that reads `input`.
fn output(command: &mut Command, input: &str) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    // Both programs read everything before they write.
    let mut stdin = child.stdin.take().context("there is no input")?;
    stdin.write_all(input.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{} failed", command.get_program().display());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The oracle, built with Go into the cache; none where there is no Go.
fn oracle() -> Result<Option<PathBuf>> {
    if Command::new("go").arg("version").output().is_err() {
        say("there is no Go here: the official machinery is not measured");
        return Ok(None);
    }
    say("building the official machinery's bench");
    let folder = cache::root().join("oracle-build");
    let program = folder.join(format!("oracle-{LINE}"));
    let source = workspace::root()?.join("acceptance-tests/oracle");
    build(&source, &folder, &program)?;
    Ok(Some(program))
}

fn build(source: &Path, folder: &Path, program: &Path) -> Result<()> {
    let status = Command::new("go")
        .arg("build")
        .arg(format!("-modfile=lines/talos-{LINE}.mod"))
        .arg(format!("-tags=talos_{}", LINE.replace('.', "_")))
        .arg("-o")
        .args([program, Path::new(".")])
        .current_dir(source)
        .env("GOCACHE", folder.join("gocache"))
        .env("GOMODCACHE", folder.join("gomod"))
        .status()
        .context("cannot run go")?;
    if !status.success() {
        bail!("the oracle does not build");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_missed_from_just_that_on() {
        let task = |ours| Task {
            name: "work",
            aim: Duration::from_millis(20),
            ours: Duration::from_millis(ours),
            official: None,
        };
        assert_eq!(task(19).missed(), None);
        let missed = Some("work: 20 ms, aim 20 ms".to_owned());
        assert_eq!(task(20).missed(), missed);
    }
}
