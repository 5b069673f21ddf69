//! One machine of a rack: its name, its cable, its log. Its power switch is in `power`.

use super::cgroups::Cgroup;
use super::error::{RackError, run};
use super::rack::Rack;
use super::spec;
use super::state::{self, Process};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);
/// Port of the Talos API.
const API: u16 = 50000;

/// A machine of a running rack.
#[derive(Debug)]
pub struct Machine<'a> {
    pub(super) rack: &'a Rack,
    pub(super) index: usize,
}

impl Machine<'_> {
    /// Its name, which is also its host name until a configuration gives it another.
    pub fn name(&self) -> &str {
        &self.rack.state.machines[self.index]
    }

    /// Its address, without prefix length or port.
    pub fn address(&self) -> String {
        spec::address(self.index)
    }

    /// File with everything that it wrote to its console since the rack's folder was made.
    pub fn log(&self) -> PathBuf {
        self.folder().join("log")
    }

    /// Whether it has power.
    pub fn is_running(&self) -> bool {
        self.init().is_some()
    }

    /// Stops all of it where it is: connections stay open and nothing answers.
    ///
    /// # Errors
    /// When its control group cannot be frozen.
    pub fn pause(&self) -> Result<(), RackError> {
        self.cgroup().freeze(true)
    }

    /// Lets a paused machine go on.
    ///
    /// # Errors
    /// When its control group cannot be thawed.
    pub fn resume(&self) -> Result<(), RackError> {
        self.cgroup().freeze(false)
    }

    /// Pulls its network cable: nothing from or to it gets through, and no one is told.
    ///
    /// # Errors
    /// When it is off.
    pub fn unplug(&self) -> Result<(), RackError> {
        self.cable("down")
    }

    /// Plugs its cable in again.
    ///
    /// # Errors
    /// When it is off.
    pub fn plug(&self) -> Result<(), RackError> {
        self.cable("up")
    }

    /// Waits until the Talos API takes connections.
    ///
    /// # Errors
    /// When it does not within `limit`.
    pub fn wait_for_api(&self, limit: Duration) -> Result<(), RackError> {
        self.wait_for_port(API, limit)
    }

    /// Waits until `port` takes connections.
    ///
    /// # Errors
    /// When it does not within `limit`.
    pub fn wait_for_port(&self, port: u16, limit: Duration) -> Result<(), RackError> {
        let address: SocketAddr = format!("{}:{port}", self.address())
            .parse()
            .map_err(|cause| RackError::Use(format!("{}: {cause}", self.address())))?;
        let open = || TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok();
        self.rack.inside(|| {
            self.wait_until(
                &format!("{} does not answer at {address}", self.name()),
                limit,
                open,
            )
        })?
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.rack.dir.join(self.name())
    }

    pub(super) fn init(&self) -> Option<Process> {
        state::read::<Process>(&self.init_file())
            .ok()
            .flatten()
            .filter(|init| init.is_alive())
    }

    /// File that tells its first process, from when it was switched on until it is switched off.
    pub(super) fn init_file(&self) -> PathBuf {
        self.folder().join("init.json")
    }

    pub(super) fn cgroup(&self) -> Cgroup {
        Cgroup::new(self.rack.layout.clone(), &self.rack.state.id, self.name())
    }

    /// Name of the rack's end of its cable.
    pub(super) fn port(&self) -> String {
        format!("port{}", self.index)
    }

    fn cable(&self, state: &str) -> Result<(), RackError> {
        self.rack
            .inside(|| run("ip", &["link", "set", &self.port(), state]).map(drop))?
    }

    pub(super) fn wait_until(
        &self,
        late: &str,
        limit: Duration,
        done: impl Fn() -> bool,
    ) -> Result<(), RackError> {
        let started = Instant::now();
        while !done() {
            if started.elapsed() > limit {
                return Err(RackError::Late {
                    what: late.to_owned(),
                    seconds: limit.as_secs(),
                    log: self.log(),
                });
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}
