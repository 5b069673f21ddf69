//! The test programs of the workspace, as cargo builds them.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace;

/// A program with tests.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    /// Its package, such as `talos-config`.
    pub package: String,
    /// Its target within the package: the file below `tests`, or the library or binary.
    pub target: String,
    /// Where it was built.
    pub path: PathBuf,
    /// Folder of its package, where tests run.
    pub folder: PathBuf,
}

/// Builds all of them; none where one does not build, which cargo has told then.
pub fn build() -> Result<Option<Vec<Program>>> {
    let arguments = [
        "test",
        "--workspace",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ];
    let output = workspace::cargo()
        .args(arguments)
        .current_dir(workspace::root()?)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let programs = said.lines().filter_map(read).collect();
    Ok(output.status.success().then_some(programs))
}

/// What one line of cargo tells of a test program.
fn read(line: &str) -> Option<Program> {
    let message: Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let folder = PathBuf::from(message["manifest_path"].as_str()?)
        .parent()?
        .to_path_buf();
    Some(Program {
        package: folder.file_name()?.to_string_lossy().into_owned(),
        target: message["target"]["name"].as_str()?.to_owned(),
        path: message["executable"].as_str()?.into(),
        folder,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_from_what_cargo_says() {
        let line = r#"{"reason":"compiler-artifact","manifest_path":"/w/provider/lab/Cargo.toml","target":{"name":"served"},
            "profile":{"test":true},"executable":"/t/served-1"}"#;
        let program = Program {
            package: "lab".to_owned(),
            target: "served".to_owned(),
            path: "/t/served-1".into(),
            folder: "/w/provider/lab".into(),
        };
        assert_eq!(read(line), Some(program));
        assert_eq!(read(&line.replace("\"test\":true", "\"test\":false")), None);
        assert_eq!(read(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
