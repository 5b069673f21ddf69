//! Real commands in folders of their own, with the demo provider.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// One command that acts as core.
pub struct Core {
    pub name: &'static str,
    binary: PathBuf,
}

/// How core gets at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attach {
    /// Core starts it.
    Spawned,
    /// It runs already, with -debug.
    Running,
}

/// What a command said.
pub struct Run {
    pub success: bool,
    pub text: String,
}

/// Terraform, and OpenTofu where it is.
pub fn cores() -> Vec<Core> {
    ["terraform", "tofu"]
        .into_iter()
        .filter_map(|name| {
            Some(Core {
                name,
                binary: find(name)?,
            })
        })
        .collect()
}

/// On PATH, or in the project's cache of built tools.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    on_path.or_else(|| {
        let home = std::env::var_os("HOME")?;
        let tools = fs::read_dir(Path::new(&home).join(".cache/talos-stack/tools")).ok()?;
        let mut found: Vec<PathBuf> = tools.filter_map(|entry| Some(entry.ok()?.path())).collect();
        found.retain(|file| {
            file.is_file()
                && file
                    .file_name()
                    .is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-")))
        });
        found.sort();
        found.pop()
    })
}

/// The demo provider, built beside this test.
fn demo() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let demo = test.ancestors().nth(2).unwrap().join("examples/demo");
    assert!(
        demo.is_file(),
        "{} is missing: run `cargo build -p framework --example demo`",
        demo.display()
    );
    demo
}

impl Core {
    /// The provider started by hand.
    pub fn plugin_alone() -> Run {
        run(Command::new(demo())
            .env_remove("TF_PLUGIN_MAGIC_COOKIE")
            .output()
            .unwrap())
    }
}

fn run(output: Output) -> Run {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    // Boxes around messages wrap lines; a test looks for sentences.
    let text: Vec<&str> = text
        .lines()
        .map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']).trim_end())
        .collect();
    Run {
        success: output.status.success(),
        text: text.join(" "),
    }
}

/// A folder with configuration, state and a way to the provider.
pub struct World {
    folder: TempDir,
    core: PathBuf,
    attach: Option<String>,
    running: Option<Child>,
}

impl World {
    pub fn new(core: &Core, attach: Attach) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink(demo(), bin.join("terraform-provider-demo")).unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{ \"home-ops/demo\" = {:?} }}\n  direct {{}}\n}}\n",
            bin.display().to_string()
        );
        let config = if attach == Attach::Spawned {
            overrides
        } else {
            String::new()
        };
        fs::write(folder.path().join("cli.rc"), config).unwrap();
        let (running, attach) = match attach {
            Attach::Spawned => (None, None),
            Attach::Running => start(folder.path())
                .map(|(child, variable)| (Some(child), Some(variable)))
                .unwrap(),
        };
        let world = Self {
            folder,
            core: core.binary.clone(),
            attach,
            running,
        };
        world.configure("");
        world
    }

    /// Sets the provider block: files go to this world's own folder, named in full because a provider that runs
    /// already has a working folder of its own.
    pub fn configure(&self, more: &str) {
        let root = self.folder.path().display().to_string();
        let body = format!("root = {root:?}\n  {more}");
        let text = format!(
            "terraform {{\n  required_providers {{\n    demo = {{ source = \"home-ops/demo\" }}\n  }}\n}}\nprovider \"demo\" {{\n  {body}\n}}\n"
        );
        self.put("provider.tf", &text);
    }

    /// Sets the configuration.
    pub fn write(&self, text: &str) {
        self.put("main.tf", text);
    }

    pub fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join(name)).ok()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.core);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
            .env("TF_CLI_CONFIG_FILE", self.folder.path().join("cli.rc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("NO_COLOR", "1")
            .env("TF_IN_AUTOMATION", "1");
        command.env("TF_CLI_ARGS", "-no-color");
        for name in ["TF_LOG", "TF_LOG_PROVIDER", "TF_REATTACH_PROVIDERS"] {
            command.env_remove(name);
        }
        if let Some(attach) = &self.attach {
            command.env("TF_REATTACH_PROVIDERS", attach);
        }
        command
    }

    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        run(self
            .command(arguments)
            .envs(variables.iter().copied())
            .output()
            .unwrap())
    }

    pub fn succeeds(&self, arguments: &[&str]) -> String {
        let run = self.run_with(arguments, &[]);
        assert!(run.success, "{arguments:?} failed: {}", run.text);
        run.text
    }

    pub fn fails(&self, arguments: &[&str]) -> String {
        let run = self.run_with(arguments, &[]);
        assert!(!run.success, "{arguments:?} succeeded: {}", run.text);
        run.text
    }

    pub fn plans_nothing(&self) {
        let run = self.run_with(&["plan", "-detailed-exitcode"], &[]);
        assert!(run.success, "the plan is not empty: {}", run.text);
    }

    /// Interrupts a command, as Ctrl-C would its whole process group, once `ready`; gives its text and how long it took to end.
    pub fn interrupted(&self, arguments: &[&str], ready: impl Fn() -> bool) -> (String, Duration) {
        let child = self.spawn(arguments, ready);
        let started = Instant::now();
        signal("-INT", &format!("-{}", child.id()));
        let ended = run(child.wait_with_output().unwrap());
        (ended.text, started.elapsed())
    }

    /// Kills a command once `ready`, and counts the plugins of this world that are still there after a while.
    pub fn killed(&self, arguments: &[&str], ready: impl Fn() -> bool) -> usize {
        let mut child = self.spawn(arguments, ready);
        let group = child.id();
        child.kill().unwrap();
        child.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let left = group_members(group);
            if left == 0 || Instant::now() > deadline {
                return left;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn spawn(&self, arguments: &[&str], ready: impl Fn() -> bool) -> Child {
        use std::os::unix::process::CommandExt;
        let mut command = self.command(arguments);
        let child = command
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !ready() {
            assert!(Instant::now() < deadline, "the command did not get going");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(300));
        child
    }
}

fn signal(signal: &str, target: &str) {
    assert!(
        Command::new("kill")
            .args([signal, "--", target])
            .status()
            .unwrap()
            .success()
    );
}

/// Processes of a group, the dead ones left out.
fn group_members(group: u32) -> usize {
    let processes = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    let member = |stat: &String| {
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let mut fields = after.split(' ');
        fields.next() != Some("Z") && fields.nth(1) == Some(&group.to_string())
    };
    processes.filter(member).count()
}

/// Starts the provider with -debug and reads what to set.
fn start(folder: &Path) -> Option<(Child, String)> {
    let mut child = Command::new(demo())
        .arg("-debug")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let lines = BufReader::new(child.stdout.take()?).lines();
    let variable = lines.map_while(Result::ok).find_map(|line| {
        Some(
            line.trim()
                .strip_prefix("TF_REATTACH_PROVIDERS='")?
                .trim_end_matches('\'')
                .to_owned(),
        )
    })?;
    Some((child, variable))
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            signal("-TERM", &running.id().to_string());
            let ended = running.wait().unwrap();
            if !std::thread::panicking() {
                assert!(ended.success(), "the provider ended with {ended}");
            }
        }
    }
}
