//! What tests compare: plans as core saves them, and configurations as machines hold them.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{World, said};
use crate::stages::Stage;

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
    /// Addresses of the resources that would change, in order.
    pub fn changed(&self) -> Vec<String> {
        let all = self.json["resource_changes"].as_array();
        let changed = all
            .into_iter()
            .flatten()
            .filter(|change| change["change"]["actions"] != serde_json::json!(["no-op"]))
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
}

/// A machine's configuration as it holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Counts writes.
    pub version: String,
    /// All documents.
    pub text: String,
}

impl World {
    /// Plans a stage and reads the plan back.
    pub fn plan(&self, stage: Stage) -> Result<Planned> {
        let file = self.work()?.join(format!("plan-{}", stage.name()));
        let file = file.to_string_lossy();
        let output = self.run(
            stage,
            &["plan", "-detailed-exitcode", &format!("-out={file}")],
        )?;
        let code = output.status.code().context("the plan was killed")?;
        let json = if code == 1 {
            Value::Null
        } else {
            let shown = self.run(stage, &["show", "-json", &file])?;
            ensure!(shown.status.success(), "{}", said(&shown));
            serde_json::from_slice(&shown.stdout).context("show -json is not JSON")?
        };
        let text = flat(&said(&output));
        Ok(Planned { code, text, json })
    }

    /// The configuration that the machine at `address` holds, as official talosctl reads it.
    pub fn held(&self, address: &str) -> Result<Held> {
        let arguments = ["get", "machineconfig", "v1alpha1", "--output", "json"];
        let answer: Value = serde_json::from_str(&self.talosctl()?.at(address, &arguments)?)?;
        let text = answer["spec"]
            .as_str()
            .context("the configuration is no text")?;
        Ok(Held {
            version: answer["metadata"]["version"].to_string(),
            text: text.to_owned(),
        })
    }
}

/// Text without the frames and line breaks of messages.
pub fn flat(text: &str) -> String {
    text.replace(['│', '╷', '╵'], " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
