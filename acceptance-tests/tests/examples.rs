//! Every example is valid and can be planned by both cores, without network, machines or state.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance_tests::tools::Tool;
use serde_json::Value;
use support::{Core, texts};

/// Folders of examples that each stand for one type or function, or for a module with tests.
const GROUPS: [&str; 5] = [
    "data-sources",
    "ephemeral-resources",
    "functions",
    "resources",
    "tests",
];

/// Values of the outputs that a plan knows.
fn plan(core: &Core, folder: &Path, example: &str) -> Value {
    core.succeed(folder, example, &["init", "-input=false", "-no-color"]);
    core.succeed(folder, example, &["validate", "-no-color"]);
    core.succeed(
        folder,
        example,
        &["plan", "-input=false", "-no-color", "-out=plan"],
    );
    core.planned_outputs(folder, example)
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Group and folder of every example.
fn examples() -> Vec<(String, PathBuf)> {
    let root = checkout().join("examples");
    let mut found = vec![("provider".to_owned(), root.join("provider"))];
    for group in GROUPS {
        let Ok(entries) = fs::read_dir(root.join(group)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            found.push((
                format!("{group}/{}", path.file_name().unwrap().to_string_lossy()),
                path,
            ));
        }
    }
    found.sort();
    found
}

fn plan_all(tool: Tool) {
    let work = tempfile::tempdir().unwrap();
    let core = Core::new(tool, work.path());
    let examples = examples();
    assert!(examples.len() > 10, "{examples:?}");
    for (name, source) in examples {
        let folder = copied(&name, &source, work.path());
        check(&name, &plan(&core, &folder, &name));
    }
}

/// The example as a root module below `work`.
fn copied(name: &str, source: &Path, work: &Path) -> PathBuf {
    let folder = work.join(name);
    fs::create_dir_all(&folder).unwrap();
    if name != "provider" && !name.starts_with("tests/") {
        // The provider's own example, and whole modules, say themselves where it comes from.
        Core::root_module(&folder);
    }
    for file in fs::read_dir(source).unwrap() {
        let file = file.unwrap().path();
        let file_name = file.file_name().unwrap().to_string_lossy();
        // What is adopted has to be there: see imports.rs.
        let is_import = file_name.starts_with("import-");
        let is_module = file_name.ends_with(".tf") || file_name.ends_with(".tftest.hcl");
        if is_module && !is_import {
            fs::copy(&file, folder.join(&*file_name)).unwrap();
        }
    }
    folder
}

/// Runs the tests that come with an example, and once more with a value that they must refuse.
fn test_all(tool: Tool) {
    let work = tempfile::tempdir().unwrap();
    let core = Core::new(tool, work.path());
    let with_tests: Vec<_> = examples()
        .into_iter()
        .filter(|(name, _)| name.starts_with("tests/"))
        .collect();
    assert!(!with_tests.is_empty());
    for (name, source) in with_tests {
        let folder = copied(&name, &source, work.path());
        core.succeed(&folder, &name, &["init", "-input=false", "-no-color"]);
        let told = core.succeed(&folder, &name, &["test", "-no-color"]);
        assert!(told.contains("6 passed, 0 failed"), "{name}:\n{told}");

        let wrong = ["test", "-no-color", "-var", "somaxconn=4096"];
        let output = core.run(Command::new(core.program()), &folder, &wrong);
        let (told, complained) = texts(&output);
        let all = told + &complained;
        let refused = !output.status.success() && all.contains("The layer does not arrive");
        assert!(refused, "{name}:\n{all}");
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
            assert!(
                image.starts_with("factory.talos.dev/nocloud-installer/376567"),
                "{image}"
            );
        }
        "functions/machine_config_diff" => {
            let list = value("difference").as_array().unwrap();
            assert_eq!(list.len(), 1, "{list:?}");
            assert_eq!(
                (&list[0]["old"], &list[0]["new"]),
                (&Value::from("65535"), &Value::from("4096"))
            );
        }
        "functions/machine_config_merge" => {
            let merged = value("merged").as_str().unwrap();
            assert!(
                merged.contains("zone: a") && !merged.contains("sysctls"),
                "{merged}"
            );
        }
        "functions/machine_config_redact" => {
            let redacted = value("redacted").as_str().unwrap();
            assert!(
                redacted.contains("**REDACTED**") && !redacted.contains("0123456789abcdef"),
                "{redacted}"
            );
        }
        "functions/machine_config_validate" => assert_eq!(value("verdict")["valid"], false),
        "data-sources/talos_health" => {
            let checks = value("unhealthy").as_object().unwrap();
            assert_eq!(checks.len(), 1, "{checks:?}");
        }
        "resources/talos_image_schematic" => {
            let image = value("installer_image").as_str().unwrap();
            assert_eq!(
                image,
                format!(
                    "factory.talos.dev/nocloud-installer/{}:v1.12.6",
                    value("schematic_id").as_str().unwrap()
                )
            );
        }
        _ => {}
    }
}

#[test]
fn opentofu_plans_every_example() {
    plan_all(Tool::Tofu);
}

#[test]
fn opentofu_tests_a_module_without_a_cluster() {
    test_all(Tool::Tofu);
}

#[test]
fn terraform_tests_a_module_without_a_cluster() {
    test_all(Tool::Terraform);
}

#[test]
fn terraform_plans_every_example() {
    plan_all(Tool::Terraform);
}
