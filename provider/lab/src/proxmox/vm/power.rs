//! Power operations.

use serde::{Deserialize, Serialize};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::effect::Effect;
use crate::proxmox::task::Job;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Action {
    Start,
    Stop,
    Shutdown,
    Reboot,
    Reset,
    Suspend,
    Resume,
    /// HA resources: the manager does it some seconds later.
    Managed(bool),
}

/// A power operation's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Power {
    pub(crate) vmid: u32,
    node: String,
    action: Action,
    /// Seconds for the guest.
    timeout: Option<i64>,
    /// Stop it when the time is over.
    force: bool,
    /// The guest went down before its time was over.
    pub(crate) guest_obeys: bool,
}

/// How long a shutdown waits for the guest, in seconds (API viewer: `startup`'s down, or 60).
const PATIENCE: i64 = 60;

fn power(call: &mut Call<'_>, kind: &str, action: Action) -> Reply {
    let vmid = call.vmid();
    call.check_skiplock()?;
    let (kind, action) = match (action, call.dc.ha_of(vmid)) {
        (Action::Start, Some(_)) => ("hastart", Action::Managed(true)),
        (Action::Stop | Action::Shutdown, Some(_)) => ("hastop", Action::Managed(false)),
        _ => (kind, action),
    };
    let job = Job::Power(Power {
        vmid,
        node: call.node().to_owned(),
        action,
        timeout: call.args.number("timeout"),
        force: call.args.flag("forceStop"),
        guest_obeys: false,
    });
    Ok(call.fork(kind, &vmid.to_string(), job))
}

/// Starts a VM; every problem is the task's.
pub(crate) fn start(call: &mut Call<'_>) -> Reply {
    power(call, "qmstart", Action::Start)
}

/// Cuts the power.
pub(crate) fn stop(call: &mut Call<'_>) -> Reply {
    if call.args.flag("overrule-shutdown") {
        let vmid = call.vmid();
        call.dc.abort_tasks(vmid, "qmshutdown");
    }
    power(call, "qmstop", Action::Stop)
}

/// Presses the power button.
pub(crate) fn shutdown(call: &mut Call<'_>) -> Reply {
    power(call, "qmshutdown", Action::Shutdown)
}

/// These three look for the process before they start a worker.
fn check_running(call: &Call<'_>) -> Reply<()> {
    let vmid = call.vmid();
    match call.dc.process(call.node(), vmid)?.running {
        Some(_) => Ok(()),
        None => Err(Refusal::die(format!("VM {vmid} not running"))),
    }
}

/// Presses the power button and starts the VM again.
pub(crate) fn reboot(call: &mut Call<'_>) -> Reply {
    check_running(call)?;
    power(call, "qmreboot", Action::Reboot)
}

/// Presses the reset button.
pub(crate) fn reset(call: &mut Call<'_>) -> Reply {
    check_running(call)?;
    power(call, "qmreset", Action::Reset)
}

/// Pauses a VM.
pub(crate) fn suspend(call: &mut Call<'_>) -> Reply {
    check_running(call)?;
    power(call, "qmpause", Action::Suspend)
}

/// Lets a paused VM go on.
pub(crate) fn resume(call: &mut Call<'_>) -> Reply {
    check_running(call)?;
    power(call, "qmresume", Action::Resume)
}

impl Power {
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        let (node, vmid) = (self.node.as_str(), self.vmid);
        match self.action {
            Action::Start => dc.check_start(node, vmid).map(|()| 1500),
            Action::Stop => dc.process(node, vmid).map(|_| 1000),
            Action::Shutdown => self.press(dc),
            Action::Reboot => {
                dc.process(node, vmid)?.config.check_lock()?;
                self.press(dc)
            }
            Action::Reset | Action::Suspend | Action::Resume => {
                dc.process(node, vmid)?.config.check_lock().map(|()| 300)
            }
            Action::Managed(_) => dc.vm(node, vmid).map(|_| 1000),
        }
    }

    /// Presses the power button; gives how long the guest takes, or how long it is waited for.
    fn press(&self, dc: &mut Datacenter) -> Reply<i64> {
        let vm = dc.process(&self.node, self.vmid)?;
        let Some(running) = &vm.running else {
            return Ok(0);
        };
        if running.paused && !self.force {
            return Err(Refusal::die("VM is paused - cannot shutdown"));
        }
        let guest = running.guest;
        let patience = 1000 * self.timeout.unwrap_or(PATIENCE);
        dc.effects.push(Effect::PowerButton { vmid: self.vmid });
        Ok(match guest.obeys {
            true => guest.shutdown.min(patience),
            false => patience,
        })
    }

    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        let (node, vmid) = (self.node.as_str(), self.vmid);
        match self.action {
            Action::Start => dc.boot(node, vmid, log),
            Action::Stop => self.cut(dc),
            Action::Shutdown => self.went_down(dc, log),
            Action::Reboot => {
                self.went_down(dc, log)?;
                dc.boot(node, vmid, log)
            }
            Action::Reset => {
                if let Some(hardware) = dc.hardware(vmid) {
                    dc.effects.push(Effect::Reset(hardware));
                }
                Ok(())
            }
            Action::Suspend => self.pause(dc, true),
            Action::Resume => self.pause(dc, false),
            Action::Managed(on) => self.managed(dc, on, log),
        }
    }

    fn pause(&self, dc: &mut Datacenter, paused: bool) -> Reply<()> {
        if let Some(running) = &mut dc.vm_mut(&self.node, self.vmid)?.running {
            running.paused = paused;
        }
        Ok(())
    }

    fn cut(&self, dc: &mut Datacenter) -> Reply<()> {
        if dc.vm(&self.node, self.vmid)?.running.is_some() {
            dc.stopped(&self.node, self.vmid);
        }
        Ok(())
    }

    fn went_down(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        let Some(running) = dc.vm(&self.node, self.vmid)?.running.clone() else {
            return Ok(());
        };
        let patience = 1000 * self.timeout.unwrap_or(PATIENCE);
        let obeyed = running.guest.obeys && running.guest.shutdown <= patience;
        if self.guest_obeys || obeyed {
            return self.cut(dc);
        }
        if !self.force {
            return Err(Refusal::die("VM quit/powerdown failed - got timeout"));
        }
        log.push("VM still running - terminating now with SIGTERM".to_owned());
        self.cut(dc)
    }

    /// Only tells the manager what is wanted.
    fn managed(&self, dc: &mut Datacenter, on: bool, log: &mut Vec<String>) -> Reply<()> {
        dc.vm(&self.node, self.vmid)?;
        let (state, word) = match on {
            true => ("started", "start"),
            false => ("stopped", "stop"),
        };
        log.push(format!("Requesting HA {word} for VM {}", self.vmid));
        if let Some(resource) = dc.ha_resources.get_mut(&format!("vm:{}", self.vmid)) {
            resource.insert("state".into(), state.into());
        }
        dc.follow_manager(self.vmid);
        Ok(())
    }
}

/// How long the managers of cluster and host take to act (reference: ten to twenty seconds).
const MANAGER: i64 = 10_000;

impl Datacenter {
    /// Brings a VM to the state that the manager wants, some seconds from now.
    pub(crate) fn follow_manager(&mut self, vmid: u32) {
        let wanted = self.ha_of(vmid).and_then(|resource| resource.get("state"));
        let on = match wanted.map(String::as_str) {
            Some("started" | "enabled") => true,
            Some("stopped" | "disabled") => false,
            _ => return,
        };
        let Some(vm) = self.vms.get(&vmid).filter(|vm| vm.running.is_some() != on) else {
            return;
        };
        let node = vm.node.clone();
        let (kind, action) = match on {
            true => ("qmstart", Action::Start),
            false => ("qmshutdown", Action::Shutdown),
        };
        let job = Job::Power(Power {
            vmid,
            node: node.clone(),
            action,
            timeout: None,
            force: true,
            guest_obeys: false,
        });
        let id = vmid.to_string();
        self.fork_later(MANAGER, (&node, kind, &id, "root@pam"), job);
    }
}
