//! Reboot, shutdown and reset.

use super::{Effect, EtcdError, Rack, Step};
use crate::talos::machine::{Door, Key, Run, Stage, State, What};

/// Services end.
const STOP: i64 = 2_000;
/// The next kernel starts.
const KEXEC: i64 = 2_000;
/// How long a machine tries to leave etcd (`LeaveCluster`), and how often.
const LEAVE: i64 = 300_000;
const AGAIN: i64 = 10_000;

/// What a reset takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wipe {
    /// Labels of partitions; none means the whole system disk.
    pub labels: Vec<String>,
    /// Whether the system disk is wiped at all.
    pub system: bool,
    /// Devices of other disks.
    pub user_disks: Vec<String>,
    /// Whether the machine leaves etcd first.
    pub graceful: bool,
    /// Whether it starts again.
    pub reboot: bool,
}

impl Rack {
    /// Begins a sequence; false where another one ends this run already.
    fn begin(&mut self, key: &Key, actor: &str, sequence: &'static str, stage: Stage) -> bool {
        let busy = self.run(key).is_none_or(|run| run.leaving);
        if busy {
            return false;
        }
        self.enter(key, stage);
        if let Some(run) = self.run_mut(key) {
            run.leaving = true;
            run.tell(actor, What::Sequence(sequence, true));
        }
        true
    }

    /// Ends everything that runs.
    fn stop(&mut self, key: &Key, actor: &str) {
        let now = self.now;
        if let Some(run) = self.run_mut(key) {
            run.tell(actor, What::Task("stopAllServices"));
            run.etcd = false;
            let stays = [
                "machined",
                "apid",
                "containerd",
                "udevd",
                "syslogd",
                "auditd",
            ];
            let others = run.services.iter_mut();
            for (_, service) in others.filter(|(name, _)| !stays.contains(&name.as_str())) {
                service.enter(now, State::Finished, "Service finished successfully");
            }
        }
    }

    /// Starts a machine again: by kexec, or through its firmware.
    pub(crate) fn reboot(&mut self, key: &Key, actor: &str, firmware: bool) -> bool {
        if !self.begin(key, actor, "reboot", Stage::Rebooting) {
            return false;
        }
        self.stop(key, actor);
        match firmware {
            true => self.later(key, STOP, Step::Off { reset: true }),
            false => self.later(key, STOP + KEXEC, Step::Kexec),
        }
        true
    }

    /// Switches a machine off.
    pub(crate) fn shut_down(&mut self, key: &Key, actor: &str) -> bool {
        if !self.begin(key, actor, "shutdown", Stage::ShuttingDown) {
            return false;
        }
        self.stop(key, actor);
        self.later(key, STOP, Step::Off { reset: false });
        true
    }

    /// Whether a machine obeys its power button: Talos does as soon as its kernel is up.
    pub(crate) fn power_button(&mut self, key: &Key) {
        if self.run(key).is_some_and(|run| run.up) {
            self.shut_down(key, "");
        }
    }

    /// Wipes a machine.
    pub(crate) fn reset(&mut self, key: &Key, actor: &str, wipe: Wipe) -> bool {
        if !self.begin(key, actor, "reset", Stage::Resetting) {
            return false;
        }
        let member = self.etcd_local(key).is_ok();
        if wipe.graceful && self.run(key).is_some_and(Run::control_plane) && member {
            let until = self.now + LEAVE;
            self.leave_and_wipe(key, until, wipe);
        } else {
            self.stop(key, actor);
            self.later(key, STOP, Step::Wipe(wipe));
        }
        true
    }

    pub(super) fn leave_and_wipe(&mut self, key: &Key, until: i64, wipe: Wipe) {
        match self.leave(key) {
            Ok(()) | Err(EtcdError::Down) => {
                self.stop(key, "");
                self.later(key, STOP, Step::Wipe(wipe));
            }
            Err(EtcdError::NoQuorum | EtcdError::Learner) if self.now < until => {
                self.later(key, AGAIN, Step::Leave { until, wipe });
            }
            // A sequence that fails ends in a reboot, and nothing is wiped.
            Err(_) => {
                self.stop(key, "");
                self.kexec_soon(key, STOP);
            }
        }
    }

    pub(super) fn wipe(&mut self, key: &Key, wipe: &Wipe) {
        let Some(machine) = self.machine(key) else {
            return;
        };
        let system = machine.system_disk().map(|(disk, _)| disk.slot.clone());
        let user: Vec<String> = machine
            .hardware
            .disks
            .iter()
            .filter(|disk| wipe.user_disks.contains(&format!("/dev/{}", disk.device)))
            .map(|disk| disk.slot.clone())
            .collect();
        for slot in user {
            self.put_on_disk(key, &slot, None);
        }
        if wipe.labels.is_empty() && wipe.system {
            if let Some(slot) = system {
                self.put_on_disk(key, &slot, None);
            }
        } else if !wipe.labels.is_empty() {
            let has = |label: &str| wipe.labels.iter().any(|one| one == label);
            self.write(key, |disk| {
                if has("STATE") {
                    disk.state = None;
                }
                if has("EPHEMERAL") {
                    disk.ephemeral = None;
                }
            });
        }
        self.off(key, wipe.reboot);
    }

    /// The machine goes off, or through its firmware.
    pub(super) fn off(&mut self, key: &Key, reset: bool) {
        if let Some(run) = self.run_mut(key) {
            run.open(Door::Closed);
        }
        self.power_off(key);
        match (key, reset) {
            // Metal has nobody above it who starts it.
            (Key::Metal(_), true) => self.power_on(key),
            _ => self.effects.push(Effect::Stopped {
                key: key.clone(),
                reset,
            }),
        }
    }
}
