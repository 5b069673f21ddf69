//! Every example is valid and can be planned by both cores, without network, machines or state.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use acceptance_tests::progress::Stderr;
use acceptance_tests::stages;
use acceptance_tests::tools::{self, Tool};
use serde_json::Value;

/// What every root module says, and examples leave out.
const VERSIONS: &str = "terraform {\n  required_providers {\n    talos = { source = \"home-ops/talos-stack\" }\n  }\n}\n";

/// Folders of examples that each stand for one type or function.
const GROUPS: [&str; 4] = ["data-sources", "ephemeral-resources", "functions", "resources"];

struct Core {
    program: PathBuf,
    cli_config: PathBuf,
}

impl Core {
    fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        // Nothing of the host may decide what a plan shows.
        for name in ["TALOSCONFIG", "TALOS_IMAGE_FACTORY_URL", "TALOS_IMAGE_FACTORY_CA_PEM", "TF_REATTACH_PROVIDERS"] {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .current_dir(folder)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .output()
            .unwrap()
    }

    /// Output of a command that must succeed.
    fn succeed(&self, folder: &Path, example: &str, arguments: &[&str]) -> String {
        let output = self.run(folder, arguments);
        let (told, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{example}: {arguments:?} failed\n{told}\n{complained}");
        told.into_owned()
    }

    /// Values of the outputs that a plan knows.
    fn plan(&self, folder: &Path, example: &str) -> Value {
        self.succeed(folder, example, &["init", "-input=false", "-no-color"]);
        self.succeed(folder, example, &["validate", "-no-color"]);
        self.succeed(folder, example, &["plan", "-input=false", "-no-color", "-out=plan"]);
        let shown = self.succeed(folder, example, &["show", "-json", "plan"]);
        let plan: Value = serde_json::from_str(&shown).unwrap();
        plan["planned_values"]["outputs"].clone()
    }
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Group and folder of every example.
fn examples() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for group in GROUPS {
        let Ok(entries) = fs::read_dir(checkout().join("examples").join(group)) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            found.push((format!("{group}/{}", path.file_name().unwrap().to_string_lossy()), path));
        }
    }
    found.sort();
    found
}

fn plan_all(tool: Tool) {
    let ready = tools::ensure(&[tool], &mut Stderr).unwrap();
    let work = tempfile::tempdir().unwrap();
    let cli_config = stages::install(&stages::plugin().unwrap(), work.path()).unwrap();
    let core = Core { program: ready[0].path.clone(), cli_config };
    let examples = examples();
    assert!(examples.len() > 10, "{examples:?}");
    for (name, source) in examples {
        let folder = work.path().join(&name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("versions.tf"), VERSIONS).unwrap();
        for file in fs::read_dir(&source).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "tf") {
                fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
            }
        }
        check(&name, &core.plan(&folder, &name));
    }
}

/// What an example says in a comment, or promises to know at plan.
fn check(name: &str, outputs: &Value) {
    const GUEST_AGENT: &str = "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515";
    let value = |output: &str| &outputs[output]["value"];
    match name {
        "functions/schematic_id" => assert_eq!(value("schematic_id"), GUEST_AGENT),
        "functions/installer_image" => {
            let image = value("installer_image").as_str().unwrap();
            assert!(image.starts_with("factory.talos.dev/nocloud-installer/376567"), "{image}");
        }
        "functions/machine_config_diff" => {
            let list = value("difference").as_array().unwrap();
            assert_eq!(list.len(), 1, "{list:?}");
            assert_eq!((&list[0]["old"], &list[0]["new"]), (&Value::from("65535"), &Value::from("4096")));
        }
        "functions/machine_config_merge" => {
            let merged = value("merged").as_str().unwrap();
            assert!(merged.contains("zone: a") && !merged.contains("sysctls"), "{merged}");
        }
        "functions/machine_config_redact" => {
            let redacted = value("redacted").as_str().unwrap();
            assert!(redacted.contains("**REDACTED**") && !redacted.contains("0123456789abcdef"), "{redacted}");
        }
        "functions/machine_config_validate" => assert_eq!(value("verdict")["valid"], false),
        "data-sources/talos_health" => {
            let checks = value("unhealthy").as_object().unwrap();
            assert_eq!(checks.len(), 1, "{checks:?}");
        }
        "resources/talos_image_schematic" => {
            let image = value("installer_image").as_str().unwrap();
            assert_eq!(image, format!("factory.talos.dev/nocloud-installer/{}:v1.12.6", value("schematic_id").as_str().unwrap()));
        }
        _ => {}
    }
}

#[test]
fn opentofu_plans_every_example() {
    plan_all(Tool::Tofu);
}

#[test]
fn terraform_plans_every_example() {
    plan_all(Tool::Terraform);
}
