//! Playing a world: for a command, or until somebody stops it.

use std::collections::BTreeMap;
use std::fs;
use std::io::IsTerminal;
use std::net::IpAddr;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};

use super::address::Loopback;
use super::{WorldOptions, control, namespace, played, plugin, say};
use crate::kubernetes::{self, Clusters};
use crate::proxmox::server::{Authority, Served, serve as listen};
use crate::services::{self, Services};
use crate::talos::{Fleet, Settings};
use crate::tools::Places;
use crate::world::{Lab, Options, Pace, Scenario, World};

/// What a served world leaves for others to find it.
#[derive(Debug, Serialize, Deserialize)]
struct Notice {
    process: u32,
    environment: BTreeMap<String, String>,
}

/// A world at play; dropping it ends the servers.
struct Played {
    lab: Arc<Lab>,
    machines: Arc<Fleet>,
    served: Served,
    _services: Services,
    environment: BTreeMap<String, String>,
}

fn options(options: &WorldOptions, folder: &Path) -> Result<Options, String> {
    let read = match &options.scenario {
        None => Scenario {
            world: World::usual(),
            faults: Vec::new(),
        },
        Some(path) => scenario(path)?,
    };
    Ok(Options {
        seed: options.seed,
        pace: Pace::Auto(options.speed),
        folder: Some(folder.to_owned()),
        journal: options.journal.clone(),
        scenario: read,
    })
}

/// Reads a scenario file.
pub(super) fn scenario(path: &Path) -> Result<Scenario, String> {
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| problem(&error))?;
    Scenario::parse(&text).map_err(|error| problem(&error))
}

/// Builds the world in a network of its own and starts its servers.
async fn start(options: Options, folder: &Path) -> Result<Played, String> {
    let (part, tools) = (
        options.scenario.world.services.clone(),
        Places::from_environment(),
    );
    if let Some(problem) = kubernetes::missing(&tools) {
        say(&format!("talos-lab: {problem}"));
    }
    let loopback = Arc::new(Loopback::up().await?);
    let clusters = Clusters::new(folder.to_owned(), tools.clone());
    clusters.play_network(options.scenario.world.pod_network.unwrap_or(true));
    let machines = Fleet::new(Settings {
        world: options.scenario.world.clone(),
        seed: options.seed,
        folder: Some(folder.to_owned()),
        kubernetes: Some(Arc::clone(&clusters) as _),
        addresses: Arc::clone(&loopback) as _,
    })?;
    let lab = Lab::new(options, Arc::clone(&machines) as _)?;
    clusters.open(&lab);
    let authority = Authority::load(Some(folder))?;
    for (node, address) in lab.hosts() {
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("{address} of host {node} is no address"))?;
        loopback.add(address).await?;
    }
    for address in part.addresses() {
        loopback.add(address).await?;
    }
    let served = listen(&lab, &authority, None).await?;
    let services = services::start(&lab, &authority, folder, &tools, &part, None).await?;
    tokio::spawn(Arc::clone(&lab).run());
    machines.attach(&lab);
    lab.save();
    let endpoint = served
        .hosts
        .first()
        .map(|(_, address)| format!("https://{address}"));
    let environment = [
        ("PROXMOX_VE_ENDPOINT", endpoint.unwrap_or_default()),
        ("PROXMOX_VE_API_TOKEN", lab.token()),
        (
            "PROXMOX_VE_CA_PEM",
            folder.join("ca.pem").display().to_string(),
        ),
        ("PROXMOX_VE_INSECURE", "false".to_owned()),
    ];
    let mut environment: BTreeMap<String, String> = environment
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    environment.extend(services.environment.iter().cloned());
    if let Some(problem) = &services.problem {
        say(&format!("talos-lab: {problem}"));
    }
    if let Some(file) = plugin::configuration(folder)? {
        environment.insert(plugin::VARIABLE.to_owned(), file.display().to_string());
    }
    Ok(Played {
        lab,
        machines,
        served,
        _services: services,
        environment,
    })
}

/// Enters a network of the lab's own. Without names its services are still found by address.
fn enter(options: &Options, folder: &Path) -> Result<(), String> {
    namespace::enter()?;
    let hosts = options.scenario.world.services.names().write(folder)?;
    if let Err(problem) = namespace::name(&hosts) {
        say(&format!("talos-lab: {problem}"));
    }
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.enable_all().worker_threads(2);
    builder
        .build()
        .map_err(|error| format!("cannot start: {error}"))
}

fn folder_at(path: &Path) -> Result<PathBuf, String> {
    let problem = |error| format!("cannot use {}: {error}", path.display());
    fs::create_dir_all(path).map_err(problem)?;
    path.canonicalize().map_err(problem)
}

/// Plays a world for a command and ends with its status.
pub(super) fn run(
    world: &WorldOptions,
    dir: Option<PathBuf>,
    command: &[String],
) -> Result<ExitCode, String> {
    let passing = tempfile::tempdir().map_err(|error| error.to_string())?;
    let folder = folder_at(dir.as_deref().unwrap_or(passing.path()))?;
    let options = options(world, &folder)?;
    let _taken = played::take(&folder)?;
    enter(&options, &folder)?;
    runtime()?.block_on(async {
        let played = start(options, &folder).await?;
        let (program, arguments) = command.split_first().ok_or("no command")?;
        let child = tokio::process::Command::new(program)
            .args(arguments)
            .envs(wanted(&played.environment))
            .spawn();
        let child = child.map_err(|error| format!("cannot run {program}: {error}"))?;
        let status = wait(child).await?;
        played.lab.save();
        played.machines.save();
        Ok(exit_code(status))
    })
}

/// What a command gets of a world's environment: whoever brings a CLI configuration of his own keeps it.
fn wanted(environment: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    let own = std::env::var_os(plugin::VARIABLE).is_some_and(|file| Path::new(&file).is_file());
    environment
        .iter()
        .filter(move |(name, _)| !own || *name != plugin::VARIABLE)
}

/// Waits for a command and passes signals on to it. What a terminal sends on Ctrl-C reaches the
/// command by itself.
async fn wait(mut child: Child) -> Result<ExitStatus, String> {
    let listener = |kind| signal(kind).map_err(|error| error.to_string());
    let mut interrupt = listener(SignalKind::interrupt())?;
    let mut terminate = listener(SignalKind::terminate())?;
    let mut hangup = listener(SignalKind::hangup())?;
    let process = child.id().and_then(|id| i32::try_from(id).ok());
    let pass = |signal: Signal| {
        if let Some(process) = process {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(process), signal);
        }
    };
    loop {
        tokio::select! {
            status = child.wait() => return status.map_err(|error| error.to_string()),
            _ = interrupt.recv() => if !std::io::stdin().is_terminal() { pass(Signal::SIGINT) },
            _ = terminate.recv() => pass(Signal::SIGTERM),
            _ = hangup.recv() => pass(Signal::SIGHUP),
        }
    }
}

/// The status of a shell: 128 and the signal's number where one ended the command.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Plays a world until SIGTERM or SIGINT.
pub(super) fn serve(world: &WorldOptions, dir: PathBuf) -> Result<ExitCode, String> {
    let folder = folder_at(&dir)?;
    let options = options(world, &folder)?;
    let _taken = played::take(&folder)?;
    enter(&options, &folder)?;
    runtime()?.block_on(async {
        let mut played = start(options, &folder).await?;
        let orders = control::listen(&folder)?;
        let machines = Arc::clone(&played.machines);
        tokio::spawn(control::serve(Arc::clone(&played.lab), machines, orders));
        announce(&folder, &played)?;
        let listener = |kind| signal(kind).map_err(|error| error.to_string());
        let mut terminate = listener(SignalKind::terminate())?;
        let mut interrupt = listener(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = played.served.wait() => {}
        }
        played.lab.save();
        played.machines.save();
        // The next world there makes its own.
        let _ = fs::remove_file(folder.join(NOTICE));
        Ok(ExitCode::SUCCESS)
    })
}

const NOTICE: &str = "served.json";

fn announce(folder: &Path, played: &Played) -> Result<(), String> {
    let notice = Notice {
        process: std::process::id(),
        environment: played.environment.clone(),
    };
    let text = serde_json::to_string(&notice).map_err(|error| error.to_string())?;
    let path = folder.join(NOTICE);
    fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    for (node, address) in &played.served.hosts {
        say(&format!("{node} listens at https://{address}"));
    }
    say(&format!(
        "talos-lab exec --dir {} -- COMMAND runs a command here; Ctrl-C or SIGTERM to process {} ends this",
        folder.display(),
        notice.process
    ));
    Ok(())
}

/// Becomes a command in a served world.
pub(super) fn exec(dir: &Path, command: &[String]) -> Result<ExitCode, String> {
    let path = dir.join(NOTICE);
    let text = fs::read_to_string(&path);
    let text =
        text.map_err(|error| format!("no lab is being served in {} ({error})", dir.display()))?;
    let notice: Notice = serde_json::from_str(&text)
        .map_err(|error| format!("{} cannot be understood: {error}", path.display()))?;
    namespace::join(notice.process)?;
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let error = Command::new(program)
        .args(arguments)
        .envs(wanted(&notice.environment))
        .exec();
    Err(format!("cannot run {program}: {error}"))
}
