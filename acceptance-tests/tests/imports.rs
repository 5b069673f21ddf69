//! Objects are adopted by id with every core, by identity where core has identities.

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

const MODULE: &str = r#"
variable "user" { default = "admin" }

resource "talos_secrets" "cluster" {
  talos_version       = "v1.12.6"
  deletion_protection = false
}

resource "talos_kubeconfig" "user" {
  cluster_name     = "cluster-101"
  cluster_endpoint = "https://10.0.0.10:6443"
  machine_secrets  = talos_secrets.cluster.machine_secrets
  user             = var.user
}

output "id" { value = talos_kubeconfig.user.id }
"#;

fn adopts(tool: Tool, how: &str) {
    let work = tempfile::tempdir().unwrap();
    let core = Core::new(tool, work.path());
    let folder = work.path().join("root");
    Core::root_module(&folder);
    fs::write(folder.join("main.tf"), MODULE).unwrap();
    let import = format!("import {{\n  to = talos_kubeconfig.user\n  {how}\n}}\n");
    fs::write(folder.join("import.tf"), import).unwrap();
    let done = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["-input=false", "-no-color"]);
        let output = core.run(Command::new(core.program()), &folder, &all);
        let (told, complained) = texts(&output);
        assert!(output.status.success(), "{all:?}: {told}{complained}");
        told
    };
    let id = || core.succeed(&folder, "output", &["output", "-raw", "id"]);
    done(&["init"]);
    assert!(done(&["apply", "-auto-approve"]).contains("1 imported"));
    assert_eq!(id(), "cluster-101/admin");
    done(&["plan", "-detailed-exitcode"]);

    // What an object is called may change; the object stays.
    fs::remove_file(folder.join("import.tf")).unwrap();
    let renamed = done(&["apply", "-auto-approve", "-var=user=viewer"]);
    assert!(
        renamed.contains("0 added, 1 changed, 0 destroyed"),
        "{renamed}"
    );
    assert_eq!(id(), "cluster-101/viewer");
    done(&["plan", "-detailed-exitcode", "-var=user=viewer"]);
}

#[test]
fn terraform_imports_by_id() {
    adopts(Tool::Terraform, "id = \"cluster-101/admin\"");
}

#[test]
fn tofu_imports_by_identity() {
    adopts(
        Tool::Tofu,
        "identity = { cluster_name = \"cluster-101\", user = \"admin\" }",
    );
}
