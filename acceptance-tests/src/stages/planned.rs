//! Plans of a stage, as people read them and as core saves them.

use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::said::{flat, said, succeeded};

/// A plan of one stage.
pub struct Planned {
    /// 0: nothing to do, 2: something, 1: an error.
    pub code: i32,
    /// What people read, with frames and line breaks of messages taken out.
    pub text: String,
    /// `show -json` of it; null where the plan failed.
    pub json: Value,
}

impl Planned {
    /// Plans and reads the plan back. `run` runs a command in the stage; `file` takes the plan.
    pub fn make(file: &Path, run: impl Fn(&[&str]) -> Result<Output>) -> Result<Self> {
        let file = file.to_string_lossy();
        let output = run(&["plan", "-detailed-exitcode", &format!("-out={file}")])?;
        let code = output.status.code().context("the plan was killed")?;
        let json = if code == 1 {
            Value::Null
        } else {
            let show = ["show", "-json", &file];
            let shown = run(&show)?;
            succeeded("the plan", &show, &shown)?;
            serde_json::from_slice(&shown.stdout).context("show -json is not JSON")?
        };
        let text = flat(&said(&output));
        Ok(Self { code, text, json })
    }

    /// Addresses of the resources that would change, in order.
    pub fn changed(&self) -> Vec<String> {
        let all = self.json["resource_changes"].as_array();
        let changed = all
            .into_iter()
            .flatten()
            .filter(|change| change["change"]["actions"] != json!(["no-op"]))
            .map(|change| change["address"].as_str().unwrap_or_default().to_owned());
        changed.collect()
    }

    /// The attribute `name` of a resource after the change.
    pub fn after(&self, address: &str, name: &str) -> Value {
        let all = self.json["resource_changes"].as_array();
        let found = all
            .into_iter()
            .flatten()
            .find(|change| change["address"] == address);
        found.map_or(Value::Null, |change| {
            change["change"]["after"][name].clone()
        })
    }

    /// Panics unless the plan says path, old and new value of these changes and no others, and what comes of it: in the
    /// text that people read and in what core saves.
    #[allow(
        clippy::panic,
        reason = "helpers of tests, too, end a test by panicking"
    )]
    pub fn assert_tells(&self, address: &str, changes: &[(&str, &str)], effect: &str) {
        let shown = self.after(address, "changes");
        let shown = shown
            .as_object()
            .unwrap_or_else(|| panic!("{address} has no changes\n{}", self.text));
        assert_eq!(shown.len(), changes.len(), "{shown:?}");
        for (path, line) in changes {
            let found = shown.iter().find(|(key, _)| key.contains(path));
            let (key, value) = found.unwrap_or_else(|| panic!("{path} is not in {shown:?}"));
            let text = value.as_str().unwrap_or_default();
            assert!(text.contains(line), "{key}: {value}");
            // As an attribute, beside what the last change said, which core shows as the old value; or in a warning.
            let escaped = format!("\"{}\" = ", key.replace('"', "\\\""));
            let told = self.text.split(&escaped).skip(1).any(|rest| {
                let rest = rest.split(" STDOUT ").next().unwrap_or_default();
                rest.contains(&value.to_string())
            });
            let warned = self.text.contains(&format!("{key}: {text}"));
            assert!(told || warned, "{key} = {value}\n{}", self.text);
        }
        let told = [
            format!("-> \"{effect}\""),
            format!("plan_effect = \"{effect}\""),
            format!("effect {effect}"),
            // Core shows no attribute that stays as the last change left it.
            format!("({effect})"),
        ];
        assert!(
            told.iter().any(|told| self.text.contains(told)),
            "{effect}: {}",
            self.text
        );
        assert_eq!(self.after(address, "plan_effect"), effect, "{}", self.text);
    }
}
