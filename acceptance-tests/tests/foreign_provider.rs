//! A provider that is not ours makes, refreshes, changes and removes a VM on the lab's Proxmox VE: what it expects of a real
//! one is there.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use acceptance_tests::lab::Lab;
use acceptance_tests::progress::Stderr;
use acceptance_tests::skip;
use acceptance_tests::tools::{self, Tool};
use acceptance_tests::worlds::said;
use serde_json::Value;

const VM: &str = r#"
terraform {
  required_providers {
    proxmox = { source = "bpg/proxmox" }
  }
}

variable "memory" { type = number }
variable "disk" { type = number }
variable "name" { type = string }

# Endpoint and token are in the environment.
provider "proxmox" {}

resource "proxmox_virtual_environment_vm" "guest" {
  name            = var.name
  description     = "made by a foreign provider"
  on_boot         = false
  bios            = "ovmf"
  node_name       = "pve01"
  vm_id           = 4711
  tags            = ["one", "two"]
  started         = true
  stop_on_destroy = true
  machine         = "q35"
  scsi_hardware   = "virtio-scsi-single"

  agent {
    enabled = false
  }

  cpu {
    cores = 2
    type  = "host"
  }

  memory {
    dedicated = var.memory
  }

  disk {
    datastore_id = "local-lvm"
    interface    = "scsi0"
    size         = var.disk
    file_format  = "raw"
  }

  efi_disk {
    datastore_id = "local-lvm"
    type         = "4m"
  }

  tpm_state {
    datastore_id = "local-lvm"
    version      = "v2.0"
  }

  initialization {
    datastore_id = "local-lvm"

    ip_config {
      ipv4 {
        address = "10.101.0.90/24"
        gateway = "10.101.0.1"
      }
    }
  }

  network_device {
    bridge   = "vmbr0"
    vlan_id  = var.memory > 1024 ? 30 : null
    firewall = true
  }

  serial_device {}

  startup {
    order    = 3
    up_delay = 10
  }

  operating_system {
    type = "l26"
  }
}
"#;

const FIRST: [&str; 3] = ["-var=name=foreign", "-var=memory=1024", "-var=disk=8"];

/// Another name, more memory, a larger disk and a VLAN.
const SECOND: [&str; 3] = ["-var=name=changed", "-var=memory=2048", "-var=disk=12"];

struct Bench {
    lab: Lab,
    core: std::path::PathBuf,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let ready = tools::ensure(&[Tool::Tofu, Tool::BpgProxmox], &mut Stderr).unwrap();
        let folder = tempfile::Builder::new()
            .prefix("foreign-")
            .tempdir()
            .unwrap();
        let lab = Lab::serve(&folder.path().join("lab"), "world: {}\n").unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("main.tf"), VM).unwrap();
        // The core wants a folder, and in it a file of the provider's own name.
        let plugins = folder.path().join("plugins");
        fs::create_dir_all(&plugins).unwrap();
        fs::copy(&ready[1].path, plugins.join("terraform-provider-proxmox")).unwrap();
        fs::write(folder.path().join("cli.tfrc"), cli_config(&plugins)).unwrap();
        Self {
            lab,
            core: ready[0].path.clone(),
            folder,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.lab.command(&self.core);
        command
            .args(arguments)
            .current_dir(self.folder.path().join("root"))
            .env("TF_CLI_CONFIG_FILE", self.folder.path().join("cli.tfrc"))
            // The provider trusts whom its host trusts.
            .env("SSL_CERT_FILE", self.folder.path().join("lab/world/ca.pem"))
            .env("CHECKPOINT_DISABLE", "1");
        command
    }

    /// Runs the core, which must end with this code.
    fn expect(&self, code: i32, variables: &[&str], arguments: &[&str]) {
        let arguments = [arguments, &["-input=false", "-no-color"], variables].concat();
        let output = self.command(&arguments).output().unwrap();
        let text = said(&output);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {text}\n--- the lab\n{}",
            self.lab.log()
        );
    }

    /// Names of the VMs, and what they do.
    fn vms(&self) -> Vec<(String, String)> {
        let seen = self.lab.status().unwrap();
        let text = |vm: &Value, key: &str| vm[key].as_str().unwrap_or_default().to_owned();
        let vms = seen.0["vms"].as_array().into_iter().flatten();
        vms.map(|vm| (text(vm, "name"), text(vm, "status")))
            .collect()
    }
}

fn cli_config(plugins: &Path) -> String {
    format!(
        "provider_installation {{\n  dev_overrides {{ \"bpg/proxmox\" = \"{}\" }}\n  direct {{}}\n}}\n",
        plugins.display()
    )
}

#[test]
fn a_foreign_provider_makes_changes_and_removes_a_vm() {
    let test = "a_foreign_provider_makes_changes_and_removes_a_vm";
    if skip::unless_built(test, &[Tool::Tofu, Tool::BpgProxmox]) {
        return;
    }
    let bench = Bench::new();
    let plan = ["plan", "-detailed-exitcode"];
    let apply = ["apply", "-auto-approve"];
    bench.expect(0, &FIRST, &apply);
    assert_eq!(bench.vms(), [("foreign".to_owned(), "running".to_owned())]);
    // A refresh finds what was made.
    bench.expect(0, &FIRST, &plan);
    bench.expect(2, &SECOND, &plan);
    bench.expect(0, &SECOND, &apply);
    bench.expect(0, &SECOND, &plan);
    assert_eq!(bench.vms(), [("changed".to_owned(), "running".to_owned())]);
    bench.expect(0, &SECOND, &["destroy", "-auto-approve"]);
    assert_eq!(bench.vms(), []);
}
