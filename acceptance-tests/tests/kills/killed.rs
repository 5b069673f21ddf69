//! An apply whose plugin is killed at a moment that can be seen from outside.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use acceptance_tests::roots::{Root, Run};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long an apply may take to come to the moment, or to its end.
const LIMIT: Duration = Duration::from_secs(240);
const POLL: Duration = Duration::from_millis(1);
const PLUGIN: &str = "terraform-provider-talos-stack";

/// Variables that make the plugin write what it is doing to `log`.
pub fn logging(log: &Path) -> Vec<(String, String)> {
    let _ = fs::remove_file(log);
    vec![
        ("TF_LOG_PROVIDER".to_owned(), "INFO".to_owned()),
        ("TF_LOG_PATH".to_owned(), log.to_string_lossy().into_owned()),
    ]
}

/// Whether the plugin has written that.
pub fn says(log: &Path, text: &str) -> bool {
    fs::read_to_string(log).is_ok_and(|log| log.contains(text))
}

/// Applies and kills the plugin as soon as `moment` has come; the apply must not have been faster.
pub fn when(root: &Root<'_>, environment: &[(String, String)], moment: impl Fn() -> bool) {
    let run = during(
        root,
        environment,
        || moment().then_some(()),
        |()| {
            for plugin in plugins() {
                kill(plugin, Signal::SIGKILL).unwrap();
            }
        },
    );
    assert!(
        !run.ok,
        "the apply ended before its plugin was killed\n{}",
        run.said
    );
    let died = run
        .errors()
        .iter()
        .any(|error| error.summary.contains("Plugin did not respond"));
    assert!(died, "{}", run.told());
}

/// Applies, and does `act` once with what `moment` gives.
pub fn during<T>(
    root: &Root<'_>,
    environment: &[(String, String)],
    moment: impl Fn() -> Option<T>,
    act: impl Fn(T),
) -> Run {
    let (told, complained) = (root.folder().join("told"), root.folder().join("complained"));
    let mut command: Command = root.command(&["apply", "-json", "-input=false", "-auto-approve"]);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let started = Instant::now();
    let mut apply = command
        .stdout(File::create(&told).unwrap())
        .stderr(File::create(&complained).unwrap())
        .spawn()
        .unwrap();
    APPLY.set(Pid::from_raw(i32::try_from(apply.id()).unwrap()));
    let mut acted = false;
    let ok = loop {
        if let Some(status) = ended(&mut apply) {
            break status;
        }
        if !acted && let Some(what) = moment() {
            act(what);
            acted = true;
        }
        if started.elapsed() > LIMIT {
            apply.kill().unwrap();
            let _ = apply.wait();
            break false;
        }
        std::thread::sleep(POLL);
    };
    let text = |file| fs::read_to_string(file).unwrap();
    let run = Run::new(ok, started.elapsed(), &text(told), &text(complained));
    assert!(acted, "the moment never came\n{}\n{}", run.told(), run.said);
    run
}

fn ended(apply: &mut Child) -> Option<bool> {
    apply.try_wait().unwrap().map(|status| status.success())
}

thread_local! {
    static APPLY: std::cell::Cell<Pid> = const { std::cell::Cell::new(Pid::from_raw(0)) };
}

/// The plugins of the apply that runs.
fn plugins() -> Vec<Pid> {
    let core = APPLY.get();
    let processes = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let ours = processes
        .filter(|process: &i32| parent(*process) == Some(core.as_raw()) && is_plugin(*process));
    ours.map(Pid::from_raw).collect()
}

fn parent(process: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

fn is_plugin(process: i32) -> bool {
    fs::read_link(format!("/proc/{process}/exe"))
        .is_ok_and(|path| path.to_string_lossy().contains(PLUGIN))
}
