//! A core with the built plugin, for tests that write their own root modules.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use acceptance_tests::progress::Stderr;
use acceptance_tests::stages;
use acceptance_tests::tools::{self, Tool};
use serde_json::Value;

/// What every root module says, and examples leave out.
const VERSIONS: &str = "terraform {\n  required_providers {\n    talos = { source = \"home-ops/talos-stack\" }\n  }\n}\n";

/// Nothing of the host may decide what a plan shows.
const VARIABLES: [&str; 4] = [
    "TALOSCONFIG",
    "TALOS_IMAGE_FACTORY_URL",
    "TALOS_IMAGE_FACTORY_CA_PEM",
    "TF_REATTACH_PROVIDERS",
];

/// terraform or tofu, and a mirror of the plugin.
pub struct Core {
    program: PathBuf,
    cli_config: PathBuf,
}

impl Core {
    /// The tool, with a mirror below `work`.
    pub fn new(tool: Tool, work: &Path) -> Self {
        let ready = tools::ensure(&[tool], &mut Stderr).unwrap();
        let cli_config = stages::install(&stages::plugin().unwrap(), work).unwrap();
        Self {
            program: ready[0].path.clone(),
            cli_config,
        }
    }

    /// Makes `folder` a root module that uses the provider.
    pub fn root_module(folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("versions.tf"), VERSIONS).unwrap();
    }

    /// The program of this core.
    pub fn program(&self) -> &OsStr {
        self.program.as_os_str()
    }

    /// Runs `command`, which is this core's program, in `folder`.
    pub fn run(&self, mut command: Command, folder: &Path, arguments: &[&str]) -> Output {
        for name in VARIABLES {
            if !command.get_envs().any(|(set, _)| set == name) {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(folder)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .output()
            .unwrap()
    }

    /// Output of a command that must succeed; `about` is named where it does not.
    pub fn succeed(&self, folder: &Path, about: &str, arguments: &[&str]) -> String {
        let output = self.run(Command::new(self.program()), folder, arguments);
        let (told, complained) = texts(&output);
        assert!(
            output.status.success(),
            "{about}: {arguments:?} failed\n{told}\n{complained}"
        );
        told
    }

    /// Values of the outputs in a saved plan, as far as they are known.
    #[allow(dead_code, reason = "not every test that has a core looks at outputs")]
    pub fn planned_outputs(&self, folder: &Path, about: &str) -> Value {
        let shown = self.succeed(folder, about, &["show", "-json", "plan"]);
        let plan: Value = serde_json::from_str(&shown).unwrap();
        plan["planned_values"]["outputs"].clone()
    }
}

/// What a command wrote: output and errors.
pub fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
