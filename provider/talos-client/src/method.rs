//! The calls that this crate makes, by what they do to a machine.

/// Whether a call changes the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Safe to repeat.
    Read,
    /// Never repeated when it may have been carried out.
    Write,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Method {
    /// gRPC path.
    pub path: &'static str,
    /// What it does, for "Tried:".
    pub title: &'static str,
    pub effect: Effect,
}

const fn read(path: &'static str, title: &'static str) -> Method {
    Method {
        path,
        title,
        effect: Effect::Read,
    }
}

const fn write(path: &'static str, title: &'static str) -> Method {
    Method {
        path,
        title,
        effect: Effect::Write,
    }
}

pub(crate) const APPLY: Method = write(
    "/machine.MachineService/ApplyConfiguration",
    "applying the configuration",
);
pub(crate) const APPLY_DRY: Method = read(
    "/machine.MachineService/ApplyConfiguration",
    "trying the configuration (dry run)",
);
pub(crate) const BOOTSTRAP: Method =
    write("/machine.MachineService/Bootstrap", "bootstrapping etcd");
pub(crate) const ETCD_MEMBERS: Method = read(
    "/machine.MachineService/EtcdMemberList",
    "listing etcd members",
);
pub(crate) const ETCD_RECOVER: Method = write(
    "/machine.MachineService/EtcdRecover",
    "uploading the etcd snapshot",
);
pub(crate) const ETCD_STATUS: Method = read(
    "/machine.MachineService/EtcdStatus",
    "reading the state of etcd",
);
pub(crate) const FILE: Method = read("/machine.MachineService/Read", "reading a file");
pub(crate) const MEMORY: Method = read("/machine.MachineService/Memory", "reading the memory size");
pub(crate) const REBOOT: Method = write("/machine.MachineService/Reboot", "rebooting");
pub(crate) const RESET: Method = write("/machine.MachineService/Reset", "resetting");
pub(crate) const SERVICES: Method = read("/machine.MachineService/ServiceList", "listing services");
pub(crate) const SHUTDOWN: Method = write("/machine.MachineService/Shutdown", "shutting down");
pub(crate) const VERSION: Method = read("/machine.MachineService/Version", "reading the version");
pub(crate) const STATE_GET: Method = read("/cosi.resource.State/Get", "reading a resource");
pub(crate) const STATE_LIST: Method = read("/cosi.resource.State/List", "listing resources");
pub(crate) const STATE_WATCH: Method = read("/cosi.resource.State/Watch", "watching a resource");
