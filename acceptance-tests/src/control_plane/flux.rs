//! The kubelet's part for Flux: its programs run as processes, and are started again when they end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

use super::ControlPlane;
use super::process::{Process, free_port, tool};
use crate::tools::{self, Tool};

/// Pause before a program that ended is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// The programs of Flux while they run.
pub struct Flux {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
}

struct Shared {
    ended: AtomicBool,
    held: Mutex<Vec<&'static str>>,
    programs: BTreeMap<&'static str, Mutex<Command>>,
    folder: PathBuf,
}

impl Flux {
    /// Starts the operator and its two controllers. They end and are started again until their kinds are defined.
    ///
    /// # Errors
    /// When a tool is missing.
    pub fn start(plane: &ControlPlane) -> Result<Self> {
        let kubeconfig = plane.kubeconfig().to_owned();
        let folder = plane.folder().to_owned();
        let listen = || -> Result<Vec<String>> {
            Ok(vec![
                format!("--metrics-addr=127.0.0.1:{}", free_port()?),
                format!("--health-addr=127.0.0.1:{}", free_port()?),
            ])
        };
        let base = |program: Tool| -> Result<Command> {
            let mut command = tool(program)?;
            command
                .args(listen()?)
                .env("KUBECONFIG", &kubeconfig)
                .env("RUNTIME_NAMESPACE", "flux-system")
                .current_dir(&folder);
            Ok(command)
        };
        let mut operator = base(Tool::FluxOperator)?;
        let data = tools::assets(Tool::FluxOperator).join("config/data");
        operator
            // It refuses to run otherwise.
            .env("GODEBUG", "fips140=on")
            .env("REPORTING_INTERVAL", "30s")
            .args(["--enable-leader-election=false", "--web-server-port=0"])
            .arg(format!("--storage-path={}", data.display()));
        let files = folder.join("source");
        std::fs::create_dir_all(&files)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut source = base(Tool::SourceController)?;
        source
            .args(["--events-addr=", "--watch-all-namespaces=true"])
            .arg(format!("--storage-path={}", files.display()))
            .arg(format!("--storage-addr={address}"))
            .arg(format!("--storage-adv-addr={address}"));
        let mut kustomize = base(Tool::KustomizeController)?;
        kustomize.args(["--events-addr=", "--watch-all-namespaces=true"]);
        let programs = BTreeMap::from([
            ("flux-operator", Mutex::new(operator)),
            ("source-controller", Mutex::new(source)),
            ("kustomize-controller", Mutex::new(kustomize)),
        ]);
        let shared = Arc::new(Shared {
            ended: AtomicBool::new(false),
            held: Mutex::default(),
            programs,
            folder,
        });
        let kept = Arc::clone(&shared);
        let keeper = std::thread::spawn(move || keep(&kept));
        Ok(Self {
            shared,
            keeper: Some(keeper),
        })
    }

    /// Ends a program and does not start it again.
    pub fn hold(&self, name: &'static str) {
        self.shared
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(name);
        // The keeper looks four times a second.
        std::thread::sleep(Duration::from_millis(600));
    }

    /// Starts what was held.
    pub fn release(&self) {
        self.shared
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Drop for Flux {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        if let Some(keeper) = self.keeper.take() {
            // A keeper that panicked has dropped its processes.
            let _ = keeper.join();
        }
    }
}

/// Keeps the programs running until the end.
fn keep(shared: &Shared) {
    let mut running: BTreeMap<&str, Process> = BTreeMap::new();
    let mut pause = BTreeMap::new();
    while !shared.ended.load(Ordering::SeqCst) {
        let held = shared
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for (name, command) in &shared.programs {
            if held.contains(name) || running.get_mut(name).is_some_and(Process::has_ended) {
                running.remove(name);
                pause.insert(*name, std::time::Instant::now());
            }
            let rests = pause.get(name).is_some_and(|since| since.elapsed() < PAUSE);
            if held.contains(name) || rests || running.contains_key(name) {
                continue;
            }
            let mut command = command.lock().unwrap_or_else(PoisonError::into_inner);
            let log = shared.folder.join(format!("{name}.log"));
            if let Ok(process) = Process::start(&mut command, log) {
                running.insert(name, process);
            }
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// What the operator is installed with: the set that its module carries, put together by kubectl.
///
/// # Errors
/// When the tool's files are not there.
pub fn operator_manifests() -> Result<String> {
    let folder = tools::assets(Tool::FluxOperator).join("config/default");
    let output = tool(Tool::Kubectl)?
        .arg("kustomize")
        .arg(&folder)
        .output()?;
    if !output.status.success() {
        anyhow::bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("the manifests are no text")
}
