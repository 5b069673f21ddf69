//! The cluster, and runs of its stages of which all that they tell is kept.

use std::cell::RefCell;
use std::process::{Command, Output};

use acceptance_tests::lab::{MACHINES, Rehearsal};
use acceptance_tests::network::Network as _;
use acceptance_tests::progress::{Stderr, Steps};
use acceptance_tests::secrecy::Capture;
use acceptance_tests::stages::{Planned, Runner, Stage};
use serde_json::Value;

/// The cluster, complete.
pub struct Bench {
    pub rehearsal: Rehearsal,
    pub capture: RefCell<Capture>,
    pub steps: Steps,
}

impl Bench {
    /// Applies all stages to an empty world.
    pub fn build() -> Self {
        let steps = Steps::begin();
        let runner = Runner::current(&mut Stderr).unwrap();
        let bench = Self {
            rehearsal: Rehearsal::new(runner, "{}").unwrap(),
            capture: RefCell::default(),
            steps,
        };
        let apply = bench.rehearsal.command_all(&["apply"]);
        let built = bench.told("first apply", apply);
        assert!(built.status.success(), "{}", bench.last());
        bench.steps.tell("all stages applied");
        let warnings = bench.last();
        let warnings: Vec<_> = warnings
            .lines()
            .filter(|line| line.contains("TS-"))
            .collect();
        assert!(warnings.is_empty(), "{warnings:#?}");
        bench
    }

    /// Runs a command and keeps what it tells.
    pub fn told(&self, name: &str, command: Command) -> Output {
        let log = self.rehearsal.lab.files().unwrap().join("trace.log");
        self.capture.borrow_mut().run(name, command, &log)
    }

    /// What the last command told people.
    pub fn last(&self) -> String {
        self.capture.borrow().last()
    }

    /// Plans a stage. The plan itself is kept, and not what it says to programs, which is everything.
    pub fn plan(&self, stage: Stage) -> Planned {
        let file = self.rehearsal.lab.files().unwrap().join("plan");
        let run = |arguments: &[&str]| match arguments {
            ["plan", ..] => {
                let command = self.rehearsal.command(stage, arguments);
                Ok(self.told(&format!("plan of {}", stage.name()), command))
            }
            _ => self.rehearsal.run(stage, arguments),
        };
        Planned::make(&file, run).unwrap()
    }

    /// Panics unless a plan of the stage has nothing to do.
    pub fn has_nothing_to_do(&self, stage: Stage) {
        let plan = self.plan(stage);
        assert_eq!(plan.code, 0, "{}", plan.text);
    }

    /// Applies a stage.
    pub fn apply(&self, stage: Stage) {
        let command = self.rehearsal.command(stage, &["apply", "-auto-approve"]);
        let applied = self.told(&format!("apply of {}", stage.name()), command);
        assert!(applied.status.success(), "{}", self.last());
    }

    /// What changed something at a service while `work` was done, as the lab saw it.
    pub fn writes(&self, service: &str, work: impl FnOnce()) -> Vec<Value> {
        let journal = || self.rehearsal.lab.journal().unwrap();
        let before = journal().len();
        work();
        let since = journal().into_iter().skip(before);
        since
            .filter(|entry| entry["service"] == service && entry["write"] == true)
            .collect()
    }

    /// Panics unless the machines have started again that are named, and no others.
    pub fn restarted(&self, before: &[String], expected: &[&str]) {
        let now = self.rehearsal.boots().unwrap();
        let pairs = MACHINES.iter().zip(before.iter().zip(&now));
        let restarted: Vec<_> = pairs
            .filter(|(_, (before, now))| before != now)
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(restarted, expected);
    }
}
