//! The cluster's secrets survive what a user may ask of core by mistake, with both cores.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use std::fs;
use std::process::Command;

use acceptance_tests::tools::Tool;
use support::{Core, texts};

const SECRETS: &str = r#"
variable "protected" { default = true }

resource "talos_secrets" "cluster" {
  talos_version       = "v1.12.6"
  deletion_protection = var.protected
}

output "cluster_id" { value = talos_secrets.cluster.cluster_id }
"#;

const REPLACE: &str = "-replace=talos_secrets.cluster";

fn keeps_secrets(tool: Tool) {
    let work = tempfile::tempdir().unwrap();
    let core = Core::new(tool, work.path());
    let folder = work.path().join("root");
    Core::root_module(&folder);
    fs::write(folder.join("main.tf"), SECRETS).unwrap();
    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["-input=false", "-no-color"]);
        let output = core.run(Command::new(core.program()), &folder, &all);
        let (told, complained) = texts(&output);
        (output.status.success(), told + &complained)
    };
    let refused = |arguments: &[&str]| {
        let (ok, told) = run(arguments);
        // Long lines are wrapped and framed.
        assert!(
            !ok && told.contains("TS-SECRETS-PROTECTED"),
            "{arguments:?}: {told}"
        );
    };
    let done = |arguments: &[&str]| {
        let (ok, told) = run(arguments);
        assert!(ok, "{arguments:?}: {told}");
    };
    done(&["init"]);
    done(&["apply", "-auto-approve"]);
    let first = core.succeed(&folder, "output", &["output", "-raw", "cluster_id"]);

    refused(&["plan", REPLACE]);
    refused(&["plan", "-destroy"]);
    done(&["plan", "-detailed-exitcode"]);
    done(&["apply", "-auto-approve"]);
    let kept = core.succeed(&folder, "output", &["output", "-raw", "cluster_id"]);
    assert_eq!(first, kept);

    done(&["apply", "-auto-approve", "-var=protected=false"]);
    done(&["apply", "-auto-approve", "-var=protected=false", REPLACE]);
    let replaced = core.succeed(&folder, "output", &["output", "-raw", "cluster_id"]);
    assert_ne!(first, replaced);
}

#[test]
fn terraform_replaces_no_protected_secrets() {
    keeps_secrets(Tool::Terraform);
}

#[test]
fn tofu_replaces_no_protected_secrets() {
    keeps_secrets(Tool::Tofu);
}
