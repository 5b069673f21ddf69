//! What happens when.

use std::collections::BTreeMap;

use crate::talos::config::Config;
use crate::talos::machine::Key;

/// Something that happens to a running machine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// The kernel is up.
    Kernel,
    /// The maintenance service listens.
    Maintenance,
    /// The configuration that was applied in maintenance mode is taken up.
    Configured(Config),
    /// The installer is done with this disk, by slot.
    Installed(String),
    /// There is nothing to install on.
    InstallFailed,
    /// Everything has stopped: the next kernel starts.
    Kexec,
    /// Everything has stopped: the machine goes off, or resets itself.
    Off { reset: bool },
    /// apid has a certificate, or tries to get one.
    Api,
    /// The container runtime runs.
    Cri,
    /// The kubelet runs.
    Kubelet,
    /// etcd starts, or tries to join.
    EtcdTry,
    /// etcd runs.
    EtcdUp,
    /// A learner asks for its vote.
    Promote,
    /// A try is over, unless another configuration came.
    TryOver(u64),
    /// A machine leaves etcd before it is wiped, or gives up at this moment.
    Leave { until: i64, wipe: super::Wipe },
    /// Everything has stopped: disks are wiped.
    Wipe(super::Wipe),
    /// Something may have changed by time alone.
    Look,
}

/// Moments in order.
#[derive(Debug, Default)]
pub(super) struct Moments {
    list: BTreeMap<(i64, u64), (Key, u64, Step)>,
    count: u64,
}

impl Moments {
    pub(super) fn add(&mut self, due: i64, key: Key, start: u64, step: Step) {
        self.count += 1;
        self.list.insert((due, self.count), (key, start, step));
    }

    pub(super) fn first(&self) -> Option<i64> {
        self.list.keys().next().map(|(due, _)| *due)
    }

    /// The next one that is due.
    pub(super) fn pop(&mut self, now: i64) -> Option<(i64, Key, u64, Step)> {
        let entry = self
            .list
            .first_entry()
            .filter(|entry| entry.key().0 <= now)?;
        let ((due, _), (key, start, step)) = entry.remove_entry();
        Some((due, key, start, step))
    }
}
