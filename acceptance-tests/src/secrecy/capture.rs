//! Everything that a run tells: to people, to logs, to whoever lists processes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};

use super::Scanner;

/// What starts the plugin, and the plugin itself.
const PROGRAMS: [&str; 3] = ["terragrunt", "tofu", "terraform"];

/// Texts by what they are.
#[derive(Default)]
pub struct Capture {
    texts: Vec<(String, String)>,
}

impl Capture {
    /// Name and text of everything captured.
    pub fn texts(&self) -> &[(String, String)] {
        &self.texts
    }

    /// What state holds, as `show -json` says it, sensitive values left out.
    pub fn state(&mut self, name: &str, shown: &Value) {
        let values = &shown["values"];
        let mut texts = Vec::new();
        for resource in values["root_module"]["resources"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let sensitive = &resource["sensitive_values"];
            public(&resource["values"], sensitive, &mut texts);
        }
        for output in values["outputs"]
            .as_object()
            .into_iter()
            .flat_map(Map::values)
        {
            public(&output["value"], &output["sensitive"], &mut texts);
        }
        assert!(!texts.is_empty(), "{name} is empty");
        self.texts.push((name.to_owned(), texts.join("\n")));
    }

    /// What the last command told people.
    pub fn last(&self) -> String {
        let told = self
            .texts
            .iter()
            .rev()
            .filter(|(name, _)| name.ends_with("output") || name.ends_with("errors"));
        told.take(2).map(|(_, text)| text.as_str()).collect()
    }

    /// Runs a command with the plugin's log at TRACE, which goes to `log`, and keeps all that it tells.
    pub fn run(&mut self, name: &str, mut command: Command, log: &Path) -> Output {
        let _ = fs::remove_file(log);
        command
            .env("TF_LOG_PROVIDER", "TRACE")
            .env("TF_LOG_PATH", log);
        let done = AtomicBool::new(false);
        let (output, arguments) = std::thread::scope(|scope| {
            let watch = scope.spawn(|| arguments_until(&done));
            let output = command.output();
            done.store(true, Ordering::Relaxed);
            (output.unwrap(), watch.join().unwrap())
        });
        let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let arguments: Vec<_> = arguments.into_iter().collect();
        for (what, text) in [
            ("output", told(&output.stdout)),
            ("errors", told(&output.stderr)),
            ("log", fs::read_to_string(log).unwrap_or_default()),
            ("arguments", arguments.join("\n")),
        ] {
            self.texts.push((format!("{name}: {what}"), text));
        }
        output
    }

    /// Panics unless there was something to look at: a text whose name ends with `kind` holds `part`.
    pub fn holds(&self, kind: &str, part: &str) {
        let mut all = self.texts.iter().filter(|(name, _)| name.ends_with(kind));
        let found = all.clone().any(|(_, text)| text.contains(part));
        assert!(found, "no {kind} has {part}\n{:?}", all.next());
    }

    /// Panics where any text gives a secret away.
    pub fn keeps(&self, scanner: &Scanner) {
        for (name, text) in &self.texts {
            let found = scanner.find(text);
            assert!(found.is_empty(), "{name} holds {found:?}");
        }
    }

    /// Panics unless the texts of this name give a secret away.
    pub fn betrays(&self, name: &str, scanner: &Scanner) {
        let mut texts = self.texts.iter().filter(|(text, _)| text.starts_with(name));
        let found = texts.any(|(_, text)| !scanner.find(text).is_empty());
        assert!(found, "{name} hides what was planted");
    }
}

/// Values that are not marked, as texts.
fn public(value: &Value, sensitive: &Value, texts: &mut Vec<String>) {
    if sensitive == &Value::Bool(true) {
        return;
    }
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            texts.push(name.clone());
            public(value, &sensitive[name], texts);
        }),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| public(item, &sensitive[index], texts));
        }
        value => texts.push(
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        ),
    }
}

/// Arguments of all cores and plugins seen meanwhile.
fn arguments_until(done: &AtomicBool) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    while !done.load(Ordering::Relaxed) {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(line) = fs::read(process.path().join("cmdline")) else {
                continue;
            };
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if PROGRAMS.iter().any(|program| line.contains(program)) {
                seen.insert(line);
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    seen
}
