//! The power switch of a machine: from nothing to its first process, and back.

use super::boot::{self, Body};
use super::cgroups::Cgroup;
use super::error::{RackError, run};
use super::machine::Machine;
use super::namespaces::{child_of, within};
use super::spec;
use super::state::{self, Process};
use nix::sched::CloneFlags;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Waits twice for a line: once before the namespaces are made, so that the process can be put into its control
/// group, and once before Talos starts, so that its mounts and its cable are there. It says `up` in between, when the
/// shell needs nothing more of the host's root folder. Standard error is the log, standard output ours until Talos.
const STAGES: &str = "read go && exec unshare --mount --pid --fork --net --uts --ipc --cgroup --kill-child \
                      sh -c 'echo up && read go && exec /sbin/init </dev/null >&2'";
/// How long a step of switching on or off may take.
const STEP: Duration = Duration::from_secs(10);

impl Machine<'_> {
    /// Switches it on; one that is on stays as it is. Talos answers about a second later, see [`Self::wait_for_api`].
    ///
    /// # Errors
    /// When its namespaces, mounts or cable cannot be made.
    pub fn start(&self) -> Result<(), RackError> {
        let _switch = self.hold_switch()?;
        if self.is_running() {
            return Ok(());
        }
        self.make_folders()?;
        let cgroup = self.cgroup();
        cgroup.remove();
        cgroup.create()?;
        let mut child = self.spawn_waiting()?;
        match self.bring_up(&mut child, &cgroup) {
            Ok(init) => {
                // Collects the exit status, so that no zombie is left for as long as this process lives.
                std::thread::spawn(move || child.wait());
                state::write(&self.init_file(), &init)
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Pulls the plug: every process of it ends at once, its disks stay. One that is off stays off.
    ///
    /// # Errors
    /// When it does not end.
    pub fn kill(&self) -> Result<(), RackError> {
        let _switch = self.hold_switch()?;
        let Some(init) = self.init() else {
            return self.forget_init();
        };
        self.cgroup().freeze(false)?;
        // First, so that it is not taken for one that ended by itself.
        self.forget_init()?;
        let number = Pid::from_raw(i32::try_from(init.pid).unwrap_or(i32::MAX));
        match kill(number, Signal::SIGKILL) {
            Ok(()) | Err(nix::Error::ESRCH) => {}
            Err(cause) => return Err(RackError::system(format!("kill {}", self.name()))(cause)),
        }
        self.wait_until(&format!("{} did not end", self.name()), STEP, || {
            !init.is_alive()
        })?;
        self.cgroup().remove();
        Ok(())
    }

    /// Pulls the plug and takes the disks out: the next start is the first one.
    ///
    /// # Errors
    /// When it does not end, or its disks cannot be removed.
    pub fn wipe(&self) -> Result<(), RackError> {
        self.kill()?;
        let disks = self.folder().join("state");
        match fs::remove_dir_all(&disks) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(RackError::file("remove", &disks)(cause))
            }
            _ => Ok(()),
        }
    }

    /// Whether it was switched on, was not switched off, and is off: a reboot.
    pub(super) fn has_ended_by_itself(&self) -> bool {
        let init = state::read::<Process>(&self.init_file()).ok().flatten();
        init.is_some_and(|init| !init.is_alive())
    }

    pub(super) fn forget_init(&self) -> Result<(), RackError> {
        match fs::remove_file(self.init_file()) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(RackError::file("remove", &self.init_file())(cause))
            }
            _ => Ok(()),
        }
    }

    /// Only one switches at a time, in whatever process; the lock ends with the returned file.
    fn hold_switch(&self) -> Result<File, RackError> {
        let (folder, file) = (self.folder(), self.folder().join("switch.lock"));
        fs::create_dir_all(&folder).map_err(RackError::file("create", &folder))?;
        let lock = File::create(&file).map_err(RackError::file("create", &file))?;
        lock.lock().map_err(RackError::file("lock", &file))?;
        Ok(lock)
    }

    fn make_folders(&self) -> Result<(), RackError> {
        for name in ["root", "state"] {
            let folder = self.folder().join(name);
            fs::create_dir_all(&folder).map_err(RackError::file("create", &folder))?;
        }
        let file = self.folder().join("hostname");
        fs::write(&file, format!("{}\n", self.name())).map_err(RackError::file("write", &file))
    }

    /// Starts the process that will become the machine, in the rack's namespaces.
    fn spawn_waiting(&self) -> Result<Child, RackError> {
        let path = self.log();
        let log = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(RackError::file("open", &path))?;
        let mut command = Command::new("sh");
        command
            .args(["-c", STAGES])
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("PLATFORM", "container")
            .env("TALOSSKU", "rack")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let inside = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWPID;
        within(self.rack.state.holder.pid, inside, || {
            command.spawn().map_err(|cause| RackError::Command {
                command: "sh".to_owned(),
                output: cause.to_string(),
            })
        })
    }

    fn bring_up(&self, child: &mut Child, cgroup: &Cgroup) -> Result<Process, RackError> {
        let mut go = child
            .stdin
            .take()
            .ok_or_else(|| RackError::Use("the machine's shell has no input".to_owned()))?;
        let log = self.log();
        cgroup.admit(child.id())?;
        go.write_all(b"\n")
            .map_err(RackError::file("write to the process of", &log))?;
        let mut said = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut said)
                .map_err(RackError::file("read from the process of", &log))?;
        }
        let gone = || {
            RackError::Use(format!(
                "{} ended while it started; see {}",
                self.name(),
                log.display()
            ))
        };
        let init = child_of(child.id())
            .filter(|_| said == "up\n")
            .and_then(Process::of)
            .ok_or_else(gone)?;
        self.connect(init.pid)?;
        boot::prepare(
            init.pid,
            &Body {
                name: self.name(),
                address: &format!("{}/{}", self.address(), spec::PREFIX),
                gateway: spec::RACK_ADDRESS,
                root: &self.rack.state.root,
                folder: &self.folder(),
                layout: &self.rack.layout,
                cni: self.rack.state.cni,
            },
        )?;
        go.write_all(b"\n")
            .map_err(RackError::file("write to the process of", &log))?;
        Ok(init)
    }

    /// Lays the cable from process `init` to the rack's bridge.
    fn connect(&self, init: u32) -> Result<(), RackError> {
        let port = self.port();
        self.rack.inside(|| {
            // The kernel takes a moment to remove the cable of a machine that was killed.
            let _ = run("ip", &["link", "delete", &port]);
            let peer = ["peer", "name", "eth0", "netns", &init.to_string()];
            run(
                "ip",
                &[&["link", "add", &port, "type", "veth"], &peer[..]].concat(),
            )?;
            run(
                "ip",
                &["link", "set", &port, "master", super::holder::BRIDGE, "up"],
            )
            .map(drop)
        })?
    }
}
