//! A root module whose good inputs are made bad, one fault at a time: each must be one error that names cause and cure,
//! told soon, and state must be what it was.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use std::time::Duration;

use serde_json::Value;

use crate::progress::{Progress as _, Stderr};
use crate::roots::{Root, Run};

/// How long an error may take that an answer of the machine settles.
const SOON: Duration = Duration::from_secs(10);

/// Wrappers run a whole apply again where they read such words.
const RETRIED: [&str; 4] = [
    "deadline exceeded",
    "connection reset by peer",
    "TLS handshake timeout",
    "Client.Timeout",
];

/// A root module with inputs that are good.
pub struct Subject<'a> {
    /// The module.
    pub root: Root<'a>,
    good: Value,
}

/// What a fault must come to.
pub struct Fault<'a> {
    /// For people.
    pub name: &'a str,
    /// Inputs that differ from the good ones.
    pub inputs: Value,
    /// How the summary begins.
    pub code: &'a str,
    /// What summary and detail say, cause and cure among it.
    pub says: &'a [&'a str],
}

impl<'a> Subject<'a> {
    /// A module with the inputs that are good.
    pub fn new(root: Root<'a>, good: Value) -> Self {
        root.variables(&good).unwrap();
        Self { root, good }
    }

    /// Applies with the fault: one error, soon, and neither state nor the good inputs' plan moves. Returns what the error says.
    pub fn refuses(&self, fault: &Fault<'_>) -> String {
        let run = self.fails(fault);
        assert!(
            run.took < SOON,
            "{}: took {:?}\n{}",
            fault.name,
            run.took,
            run.told()
        );
        run.errors()[0].detail.clone()
    }

    /// The same, for silence: no answer settles anything before the time allowed is over.
    pub fn fails(&self, fault: &Fault<'_>) -> Run {
        let before = self.kept();
        self.with(&fault.inputs);
        let run = self.root.apply().unwrap();
        self.judge(fault, &run, &before);
        self.root.variables(&self.good).unwrap();
        run
    }

    /// Judges a run that has failed.
    pub fn judge(&self, fault: &Fault<'_>, run: &Run, before: &Value) {
        let name = fault.name;
        let told = run.told();
        Stderr.line(&format!(
            "--- {name} ({:.1} s)\n{told}",
            run.took.as_secs_f64()
        ));
        assert!(!run.ok, "{name}: went through\n{told}");
        let errors = run.errors();
        assert_eq!(errors.len(), 1, "{name}:\n{told}\n{}", run.said);
        let text = format!("{}\n{}", errors[0].summary, errors[0].detail);
        assert!(
            errors[0].summary.starts_with(&format!("{}:", fault.code)),
            "{name}: {text}"
        );
        for part in fault.says {
            assert!(
                text.contains(part),
                "{name}: {part:?} is missing in\n{text}"
            );
        }
        for words in RETRIED {
            assert!(!told.contains(words), "{name}: {words:?} is in\n{told}");
        }
        assert_eq!(&self.kept(), before, "{name}: state has changed");
    }

    /// Takes `inputs` instead of the good ones of the same name.
    pub fn with(&self, inputs: &Value) {
        let mut all = self.good.clone();
        for (name, value) in inputs.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.root.variables(&all).unwrap();
    }

    /// Keeps `inputs` as good ones.
    pub fn settle(&mut self, inputs: &Value) {
        for (name, value) in inputs.as_object().unwrap() {
            self.good[name] = value.clone();
        }
        self.root.variables(&self.good).unwrap();
    }

    /// The good inputs plan nothing.
    pub fn unchanged(&self) {
        self.root.variables(&self.good).unwrap();
        let run = self
            .root
            .run(&["plan", "-json", "-input=false", "-detailed-exitcode"])
            .unwrap();
        assert!(run.ok, "{}\n{}", run.told(), run.said);
    }

    /// What state holds of the objects: everything but how far the machine's start has come.
    pub fn kept(&self) -> Value {
        let mut state = self.root.state().unwrap();
        let resources = state["resources"].as_array_mut().into_iter().flatten();
        for instance in
            resources.flat_map(|each| each["instances"].as_array_mut().into_iter().flatten())
        {
            instance["attributes"]["stage"].take();
        }
        match state["resources"].take() {
            Value::Array(list) if list.is_empty() => Value::Null,
            resources => resources,
        }
    }
}

/// A run that must go through.
pub fn succeeds(run: &Run, about: &str) {
    assert!(run.ok, "{about}:\n{}\n{}", run.told(), run.said);
}
