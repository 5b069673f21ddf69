//! A network of machines, from its start to its end.

use super::cgroups::{self, Layout};
use super::dirs;
use super::error::RackError;
use super::holder;
use super::images::{self, Image};
use super::machine::Machine;
use super::namespaces::within;
use super::registry;
use super::rootfs;
use super::spec::RackSpec;
use super::state::RackState;
use super::watch::Watch;
use super::worlds;
use super::{Why, available};
use crate::progress::Progress;
use crate::tools::{self, Tool};
use nix::sched::CloneFlags;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command};
use std::time::Duration;
use tempfile::TempDir;

/// A running rack. The one that started it ends it when dropped; one that [`Rack::attach`] found does not.
#[derive(Debug)]
pub struct Rack {
    pub(super) dir: PathBuf,
    pub(super) state: RackState,
    pub(super) layout: Layout,
    owned: Option<Owned>,
}

/// What only the process that started the rack holds.
#[derive(Debug)]
struct Owned {
    holder: Child,
    watch: Option<Watch>,
    /// The holder ends when this is closed.
    life: Option<ChildStdin>,
    _temporary: Option<TempDir>,
}

impl Rack {
    /// Whether this host can run machines.
    ///
    /// # Errors
    /// Everything that is missing, each with its cure.
    pub fn available() -> Result<(), Why> {
        available()
    }

    /// Starts the network, the registry and every machine, and waits until all machines take connections.
    ///
    /// # Errors
    /// When this host cannot run machines, a tool cannot be had, or a machine does not come up.
    pub fn start(spec: RackSpec, progress: &mut dyn Progress) -> Result<Self, RackError> {
        let rack = Self::start_network(spec, progress)?;
        for machine in rack.machines() {
            machine.start()?;
            progress.line(&format!(
                "{} started at {}",
                machine.name(),
                machine.address()
            ));
        }
        for machine in rack.machines() {
            machine.wait_for_api(Duration::from_secs(60))?;
        }
        Ok(rack)
    }

    /// Starts the network and the registry, and leaves all machines off.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_network(spec: RackSpec, progress: &mut dyn Progress) -> Result<Self, RackError> {
        available()?;
        let layout = Layout::of_host()
            .ok_or_else(|| RackError::Use("no control groups are mounted".to_owned()))?;
        let (root, images) = parts(progress)?;
        cgroups::sweep(&layout);
        let (dir, temporary) = dirs::folder(spec.dir)?;
        refuse_running(&dir)?;

        let (mut holder, life) = holder::hold()?;
        let first = holder::first_process(&mut holder)?;
        let state = RackState {
            holder: first,
            id: cgroups::rack_id(std::process::id(), &dir),
            root,
            machines: spec.machines,
            cni: spec.cni,
        };
        state.write(&dir)?;
        let seen = Self {
            dir,
            state,
            layout,
            owned: None,
        };
        let mut rack = seen.clone_unowned();
        rack.owned = Some(Owned {
            holder,
            watch: None,
            life: Some(life),
            _temporary: temporary,
        });

        rack.inside(holder::network)??;
        registry::serve(rack.state.holder.pid, images)?;
        // An earlier rack in this folder may have been killed while its machines were on.
        rack.machines()
            .try_for_each(|machine| machine.forget_init())?;
        if let Some(world) = spec.world {
            worlds::restore(&world, &rack)?;
        }
        if let Some(owned) = &mut rack.owned {
            owned.watch = Some(Watch::over(seen));
        }
        Ok(rack)
    }

    fn clone_unowned(&self) -> Self {
        Self {
            dir: self.dir.clone(),
            state: self.state.clone(),
            layout: self.layout.clone(),
            owned: None,
        }
    }

    /// Finds the running rack whose state is in `dir`.
    ///
    /// # Errors
    /// When none is running there.
    pub fn attach(dir: &Path) -> Result<Self, RackError> {
        let dir = fs::canonicalize(dir).map_err(RackError::file("find", dir))?;
        let state = RackState::read(&dir)?.filter(|state| state.holder.is_alive());
        let state = state.ok_or_else(|| {
            let dir = dir.display();
            RackError::Use(format!(
                "no rack is running in {dir}; start one with `talos-rack serve --dir {dir}`"
            ))
        })?;
        let layout = Layout::of_host()
            .ok_or_else(|| RackError::Use("no control groups are mounted".to_owned()))?;
        Ok(Self {
            dir,
            state,
            layout,
            owned: None,
        })
    }

    /// Folder of the rack's state; tests may keep their own files of the run below it.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Folder for files of whoever uses the rack; it is saved and comes back with a world.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn files(&self) -> Result<PathBuf, RackError> {
        let files = self.dir.join("files");
        fs::create_dir_all(&files).map_err(RackError::file("create", &files))?;
        Ok(files)
    }

    /// Whether a world was saved under `name` that machines of the tools at hand can start from.
    ///
    /// # Errors
    /// When a tool that machines are made of cannot be had.
    pub fn has_world(name: &str, progress: &mut dyn Progress) -> Result<bool, RackError> {
        let root = rootfs::prepare(&tools::ensure(&rootfs::TOOLS, progress)?)?;
        Ok(worlds::exists(name, &root))
    }

    /// Saves the disks of all machines and [`Self::files`] under `name`, for [`RackSpec::from_world`].
    ///
    /// Machines that are on lose power for it, and are switched on again afterwards.
    ///
    /// # Errors
    /// When something cannot be copied; what was saved under that name before stays.
    pub fn save(&self, name: &str) -> Result<(), RackError> {
        let running: Vec<_> = self.machines().filter(Machine::is_running).collect();
        for machine in &running {
            machine.kill()?;
        }
        worlds::save(name, self)?;
        running.iter().try_for_each(Machine::start)
    }

    /// Addresses of all machines, in order.
    pub fn addresses(&self) -> Vec<String> {
        self.machines().map(|machine| machine.address()).collect()
    }

    /// All machines, in the order of their addresses.
    pub fn machines(&self) -> impl Iterator<Item = Machine<'_>> {
        (0..self.state.machines.len()).map(|index| Machine { rack: self, index })
    }

    /// The machine called `name`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn machine(&self, name: &str) -> Result<Machine<'_>, RackError> {
        self.machines()
            .find(|machine| machine.name() == name)
            .ok_or_else(|| {
                RackError::Use(format!(
                    "the rack has no machine `{name}`; it has {}",
                    self.state.machines.join(", ")
                ))
            })
    }

    /// A command that runs in the rack's network (file system, user and processes are the host's).
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net=/proc/{}/ns/net", self.state.holder.pid))
            .arg("--")
            .arg(program);
        command
    }

    /// Runs `work` on a thread in the rack's network, where it can dial the machines.
    ///
    /// # Errors
    /// When the rack has ended.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, RackError> {
        within(self.state.holder.pid, CloneFlags::CLONE_NEWNET, || {
            Ok(work())
        })
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        let Some(mut owned) = self.owned.take() else {
            return;
        };
        drop(owned.watch.take());
        for machine in self.machines() {
            let _ = machine.kill();
        }
        drop(owned.life.take());
        let _ = owned.holder.wait();
    }
}

/// The root that machines share, and the images that they pull.
fn parts(progress: &mut dyn Progress) -> Result<(PathBuf, Vec<Image>), RackError> {
    let wanted: Vec<Tool> = rootfs::TOOLS.into_iter().chain(images::tools()).collect();
    let tools = tools::ensure(&wanted, progress)?;
    let (root_tools, image_tools) = tools.split_at(rootfs::TOOLS.len());
    progress.line("preparing the machines' root folder and container images");
    Ok((rootfs::prepare(root_tools)?, images::prepare(image_tools)?))
}

fn refuse_running(dir: &Path) -> Result<(), RackError> {
    match RackState::read(dir)? {
        Some(state) if state.holder.is_alive() => Err(RackError::Use(format!(
            "a rack is running in {} already (process {}); end it or take another folder",
            dir.display(),
            state.holder.pid
        ))),
        _ => Ok(()),
    }
}
