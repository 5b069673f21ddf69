//! Everything that a run tells: to people, to logs, to whoever lists processes.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acceptance_tests::roots::Root;
use serde_json::Value;

const PLUGIN: &str = "terraform-provider-talos-stack";

/// Texts by what they are.
pub struct Capture {
    texts: Vec<(String, String)>,
}

impl Capture {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { texts: Vec::new() }
    }

    /// Name and text of everything captured.
    pub fn texts(&self) -> &[(String, String)] {
        &self.texts
    }

    /// A plan as people read it, twice: as it is made and as it is shown.
    pub fn plan(&mut self, root: &Root<'_>, name: &str) {
        self.succeeds(
            root,
            name,
            &["plan", "-no-color", "-input=false", "-out=plan"],
        );
        self.succeeds(
            root,
            &format!("{name}, shown"),
            &["show", "-no-color", "plan"],
        );
    }

    /// An apply as people read it.
    pub fn apply(&mut self, root: &Root<'_>, name: &str) -> bool {
        self.run(
            root,
            name,
            &["apply", "-no-color", "-input=false", "-auto-approve"],
        )
    }

    /// What is in state, sensitive values left out.
    pub fn state(&mut self, root: &Root<'_>, name: &str) {
        self.succeeds(root, &format!("{name}, shown"), &["show", "-no-color"]);
        let output = root.command(&["show", "-json"]).output().unwrap();
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut texts = Vec::new();
        for resource in shown["values"]["root_module"]["resources"]
            .as_array()
            .unwrap()
        {
            public(
                &resource["values"],
                &resource["sensitive_values"],
                &mut texts,
            );
        }
        for output in shown["values"]["outputs"].as_object().unwrap().values() {
            public(&output["value"], &output["sensitive"], &mut texts);
        }
        assert!(texts.len() > 100, "{texts:?}");
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

    fn succeeds(&mut self, root: &Root<'_>, name: &str, arguments: &[&str]) {
        let ok = self.run(root, name, arguments);
        assert!(ok, "{name}\n{}", self.last());
    }

    fn run(&mut self, root: &Root<'_>, name: &str, arguments: &[&str]) -> bool {
        let log = root.folder().join("trace.log");
        let _ = fs::remove_file(&log);
        let mut command = root.command(arguments);
        command
            .env("TF_LOG_PROVIDER", "TRACE")
            .env("TF_LOG_PATH", &log);
        let done = AtomicBool::new(false);
        let (output, arguments) = std::thread::scope(|scope| {
            let watch = scope.spawn(|| arguments_until(&done));
            let output = command.output().unwrap();
            done.store(true, Ordering::Relaxed);
            (output, watch.join().unwrap())
        });
        for (what, bytes) in [("output", &output.stdout), ("errors", &output.stderr)] {
            self.texts.push((
                format!("{name}: {what}"),
                String::from_utf8_lossy(bytes).into_owned(),
            ));
        }
        self.texts.push((
            format!("{name}: log"),
            fs::read_to_string(&log).unwrap_or_default(),
        ));
        self.texts.push((
            format!("{name}: arguments"),
            arguments.into_iter().collect::<Vec<_>>().join("\n"),
        ));
        output.status.success()
    }

    /// There was something to look at: plans, a log of writes, the plugin's arguments, messages.
    pub fn is_complete(&self) {
        let holds = |kind: &str, part: &str| {
            let found = self
                .texts
                .iter()
                .any(|(name, text)| name.ends_with(kind) && text.contains(part));
            let all = || {
                self.texts
                    .iter()
                    .filter(|(name, _)| name.ends_with(kind))
                    .map(|(_, text)| text.as_str())
            };
            assert!(
                found,
                "no {kind} has {part}\n{}",
                all().next().unwrap_or_default()
            );
        };
        holds("plan: output", "talos_machine_apply.node");
        holds("shown: output", "machine_secrets");
        holds("log", "ApplyConfiguration");
        holds("log", "MachineService/Bootstrap");
        holds("log", "[TRACE] provider.terraform-provider-talos-stack");
        holds("arguments", PLUGIN);
        holds("errors", "TS-CONFIG-INVALID");
        holds("errors", "TS-PATCH-REFUSED");
        holds("errors", "TS-CHANGE-REFUSED");
        holds("output", "**REDACTED**");
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
            if line.contains("tofu") || line.contains(PLUGIN) {
                seen.insert(line);
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    seen
}
