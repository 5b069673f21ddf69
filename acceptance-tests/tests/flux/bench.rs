//! Root modules over a control plane of their own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use acceptance_tests::control_plane::{ControlPlane, Flux, GitHost, operator_manifests};
use acceptance_tests::roots::Run;
use acceptance_tests::tools::Tool;
use serde_json::{Value, json};

use crate::support::{Core, texts};

/// The key that the secret of the repository was encrypted for, and another one. Both were made for this test.
pub const KEY: &str = include_str!("age.key");
pub const OTHER_KEY: &str = include_str!("other.key");
const SECRET: &str = include_str!("secret.enc.yaml");
const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-git, namespace: default}\ndata: {a: \"1\"}\n";

const MODULE: &str = r#"
variable "kubeconfig_path" { type = string }
variable "url" { type = string }
variable "ref" { type = string }
variable "path" { type = string }
variable "adopt" { type = string }
variable "key" {
  type      = string
  ephemeral = true
}

provider "talos" {
  kubernetes = { kubeconfig_path = var.kubeconfig_path }
}

resource "flux_operator" "this" {
  provider = talos
  version  = "0.58.1"
  source   = { path = "${path.module}/operator.yaml" }
  replicas = 1
  adopt    = var.adopt
  patches = [
    # A strategic merge that names its object, and operations with a target.
    { patch = <<-YAML
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: flux-operator
      spec:
        template:
          spec:
            containers:
            - name: manager
              env:
              - name: REPORTING_INTERVAL
                value: 45s
      YAML
    },
    {
      target = { kind = "Service", name = "flux-.*" }
      patch  = "[{op: add, path: /metadata/annotations, value: {example.com/patched: \"yes\"}}]"
    },
    { target = { kind = "ClusterRole", name = "flux-web-.*" }, patch = "$patch: delete" },
  ]
}

resource "flux_instance" "this" {
  provider     = talos
  namespace    = flux_operator.this.namespace
  distribution = { version = "2.7.5" }
  components   = ["source-controller", "kustomize-controller"]
  cluster      = { network_policy = false }
  sync = {
    url            = var.url
    ref            = var.ref
    path           = var.path
    interval       = "5s"
    retry_interval = "5s"
  }
  sops = { age_key_wo = var.key, age_key_wo_version = 1 }
}
"#;

const ALONE: &str = r#"
variable "kubeconfig_path" { type = string }
variable "replicas" { type = number }
variable "patched" { type = string }
variable "token" {
  type      = string
  sensitive = true
}

provider "talos" {
  kubernetes = { kubeconfig_path = var.kubeconfig_path }
}

resource "flux_operator" "this" {
  provider = talos
  version  = "0.58.1"
  source   = { manifests = file("${path.module}/operator.yaml") }
  replicas = var.replicas
  wait     = false
  env      = { TOKEN = var.token }
  patches  = [{ target = { kind = var.patched }, patch = "metadata: {labels: {patched: '1'}}" }]
}
"#;

/// An operator as small as it gets, for an API server that runs nothing.
const SMALL: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: flux-operator, namespace: flux-system}\nspec:\n  selector: {matchLabels: {app.kubernetes.io/name: flux-operator}}\n  template:\n    metadata: {labels: {app.kubernetes.io/name: flux-operator}}\n    spec:\n      containers: [{name: manager, image: 'example.com/flux-operator:v0.58.1'}]\n";

/// A root module with the built plugin.
struct Module {
    core: Core,
    folder: PathBuf,
    values: RefCell<Value>,
    _work: tempfile::TempDir,
}

/// A plan, and whether it changes anything.
pub struct Planned {
    pub ok: bool,
    pub changes: bool,
    pub run: Run,
}

impl Module {
    fn new(text: &str, operator: &str, values: Value) -> Self {
        let work = tempfile::tempdir().unwrap();
        let core = Core::new(Tool::Terraform, work.path());
        let folder = work.path().join("root");
        Core::root_module(&folder);
        fs::write(folder.join("main.tf"), text).unwrap();
        fs::write(folder.join("operator.yaml"), operator).unwrap();
        let module = Self {
            core,
            folder,
            values: RefCell::new(values),
            _work: work,
        };
        module.core.succeed(
            &module.folder,
            "init",
            &["init", "-input=false", "-no-color"],
        );
        module
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, Run) {
        let values = self.values.borrow().to_string();
        fs::write(self.folder.join("terraform.tfvars.json"), values).unwrap();
        let mut command = Command::new(self.core.program());
        command
            .env_remove("KUBE_CONFIG_PATH")
            .env("TF_LOG_PROVIDER", "TRACE")
            .env("TF_LOG_PATH", self.folder.join("trace.log"));
        let began = Instant::now();
        let output = self.core.run(command, &self.folder, arguments);
        let (told, complained) = texts(&output);
        (
            output.status.code(),
            Run::new(output.status.success(), began.elapsed(), &told, &complained),
        )
    }

    fn plan(&self) -> Planned {
        let (code, run) = self.run(&["plan", "-json", "-input=false", "-detailed-exitcode"]);
        Planned {
            ok: matches!(code, Some(0 | 2)),
            changes: code == Some(2),
            run,
        }
    }

    fn apply(&self) -> Run {
        self.run(&["apply", "-json", "-input=false", "-auto-approve"])
            .1
    }

    fn destroy(&self) -> Run {
        self.run(&["destroy", "-json", "-input=false", "-auto-approve"])
            .1
    }

    fn object(&self, address: &str) -> Value {
        let text = fs::read_to_string(self.folder.join("terraform.tfstate")).unwrap_or_default();
        let state: Value = serde_json::from_str(&text).unwrap_or_default();
        let (kind, name) = address.split_once('.').unwrap();
        let all = state["resources"].as_array().cloned().unwrap_or_default();
        let found = all
            .into_iter()
            .find(|each| each["type"] == kind && each["name"] == name);
        found.map_or(Value::Null, |mut each| {
            each["instances"][0]["attributes"].take()
        })
    }

    fn set(&self, name: &str, value: Value) {
        self.values.borrow_mut()[name] = value;
    }
}

/// The whole of Flux.
pub struct Bench {
    pub flux: Flux,
    pub plane: ControlPlane,
    git: GitHost,
    module: Module,
}

impl Bench {
    /// A control plane with controllers, the programs of Flux, a repository, and a module that uses them.
    pub fn start() -> Self {
        let mut plane = ControlPlane::start().unwrap();
        plane.start_controllers().unwrap();
        let flux = Flux::start(&plane).unwrap();
        let git = GitHost::start().unwrap();
        let files = [
            ("clusters/a/settings.yaml", SETTINGS),
            ("clusters/a/secret.yaml", SECRET),
            ("clusters/other/settings.yaml", SETTINGS),
        ];
        let files: BTreeMap<String, String> = files
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into();
        git.push("gitops.git", &files).unwrap();
        let module = Module::new(
            MODULE,
            &operator_manifests().unwrap(),
            json!({"kubeconfig_path": plane.kubeconfig()}),
        );
        let bench = Self {
            flux,
            plane,
            git,
            module,
        };
        bench.reset();
        bench
    }

    /// Values with which all is well.
    pub fn reset(&self) {
        let values = [
            ("url", "gitops.git"),
            ("ref", "refs/heads/main"),
            ("path", "clusters/a"),
            ("key", KEY),
            ("adopt", "none"),
        ];
        for (name, value) in values {
            self.set(name, value);
        }
    }

    /// Sets one variable; a `url` is the name of a repository.
    pub fn set(&self, name: &str, value: &str) {
        let value = if name == "url" {
            self.git.url(value)
        } else {
            value.to_owned()
        };
        self.module.set(name, value.into());
    }

    pub fn plan(&self) -> Planned {
        self.module.plan()
    }

    pub fn apply(&self) -> Run {
        self.module.apply()
    }

    /// Applies one resource and what it needs, as it was planned before.
    pub fn apply_only(&self, address: &str) -> Run {
        let target = format!("-target={address}");
        self.module
            .run(&[
                "apply",
                "-json",
                "-input=false",
                "-auto-approve",
                "-refresh=false",
                &target,
            ])
            .1
    }

    pub fn destroy(&self) -> Run {
        self.module.destroy()
    }

    pub fn object(&self, address: &str) -> Value {
        self.module.object(address)
    }

    pub fn state_file(&self) -> PathBuf {
        self.module.folder.join("terraform.tfstate")
    }

    /// How long ago the sync's objects began to say what is wrong; none while a controller tries again.
    pub fn late(&self) -> Option<Duration> {
        let objects = ["gitrepository/flux-system", "kustomization/flux-system"];
        let times = objects.iter().filter_map(|object| {
            let object = self.plane.get("flux-system", object).unwrap();
            let conditions = object["status"]["conditions"].as_array()?.clone();
            let failed = conditions
                .into_iter()
                .find(|one| one["type"] == "Ready" && one["status"] == "False")?;
            seconds(failed["lastTransitionTime"].as_str()?)
        });
        let since = times.max()?;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        Some(Duration::from_secs(now.saturating_sub(since)))
    }

    /// The ends of all logs, for a test that failed.
    pub fn logs(&self) -> String {
        let names = [
            "flux-operator.log",
            "source-controller.log",
            "kustomize-controller.log",
            "manager.log",
            "kwok.log",
        ];
        let ends = names.iter().map(|name| {
            let text = fs::read_to_string(self.plane.folder().join(name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            format!(
                "== {name}\n{}\n",
                lines[lines.len().saturating_sub(8)..].join("\n")
            )
        });
        ends.collect()
    }
}

/// Seconds since 1970 of `2006-01-02T15:04:05Z`, by the calendar's rule for days.
fn seconds(text: &str) -> Option<u64> {
    let numbers: Vec<u64> = text
        .split(['-', 'T', ':', 'Z'])
        .filter_map(|part| part.parse().ok())
        .collect();
    let &[year, month, day, hour, minute, second] = numbers.as_slice() else {
        return None;
    };
    let (shifted, months) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (months * 153 + 2) / 5 + day
            - 1;
    Some((days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// The operator on an API server that runs nothing.
pub struct Alone {
    pub plane: ControlPlane,
    module: Module,
}

impl Alone {
    pub fn start() -> Self {
        let plane = ControlPlane::start().unwrap();
        let module = Module::new(
            ALONE,
            SMALL,
            json!({"kubeconfig_path": plane.kubeconfig(), "replicas": 1, "patched": "Deployment", "token": "first-token-of-the-operator"}),
        );
        Self { plane, module }
    }

    /// Uses another kubeconfig; returns the present one.
    pub fn kubeconfig(&self, path: &Path) -> PathBuf {
        let old = self.module.values.borrow()["kubeconfig_path"]
            .as_str()
            .unwrap()
            .into();
        self.module.set("kubeconfig_path", json!(path));
        old
    }

    pub fn set_patched(&self, kind: &str) {
        self.module.set("patched", kind.into());
    }

    pub fn set_token(&self, token: &str) {
        self.module.set("token", token.into());
    }

    /// What the plugin logged in all runs.
    pub fn log(&self) -> String {
        fs::read_to_string(self.module.folder.join("trace.log")).unwrap()
    }

    pub fn set_replicas(&self, replicas: u64) {
        self.module.set("replicas", replicas.into());
    }

    pub fn plan(&self) -> Planned {
        self.module.plan()
    }

    pub fn apply(&self) -> Run {
        self.module.apply()
    }

    pub fn destroy(&self) -> Run {
        self.module.destroy()
    }

    pub fn object(&self, address: &str) -> Value {
        self.module.object(address)
    }
}
