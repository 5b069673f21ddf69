//! Who may call what: the rules of machined (`internal/app/machined/pkg/system/services/machined.go`).

use std::collections::BTreeSet;

/// What a caller may do: the organizations of its certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Roles(BTreeSet<String>);

const ADMIN: &str = "os:admin";
const OPERATOR: &str = "os:operator";
const READER: &str = "os:reader";
const BACKUP: &str = "os:etcd:backup";

/// For everybody who may do anything.
const READ: [&str; 28] = [
    "machine.MachineService/CPUInfo",
    "machine.MachineService/CPUFreqStats",
    "machine.MachineService/Containers",
    "machine.MachineService/DiskStats",
    "machine.MachineService/DiskUsage",
    "machine.MachineService/Dmesg",
    "machine.MachineService/Events",
    "machine.MachineService/Hostname",
    "machine.MachineService/ImageList",
    "machine.MachineService/List",
    "machine.MachineService/LoadAvg",
    "machine.MachineService/Logs",
    "machine.MachineService/LogsContainers",
    "machine.MachineService/Memory",
    "machine.MachineService/Mounts",
    "machine.MachineService/NetworkDeviceStats",
    "machine.MachineService/Netstat",
    "machine.MachineService/Processes",
    "machine.MachineService/ServiceList",
    "machine.MachineService/Stats",
    "machine.MachineService/SystemStat",
    "machine.MachineService/Version",
    "cosi.resource.State/Get",
    "cosi.resource.State/List",
    "cosi.resource.State/Watch",
    "storage.StorageService/Disks",
    "cluster.ClusterService/HealthCheck",
    "time.TimeService/Time",
];

/// For those, and for backups of etcd.
const ETCD: [&str; 3] = [
    "machine.MachineService/EtcdAlarmList",
    "machine.MachineService/EtcdMemberList",
    "machine.MachineService/EtcdStatus",
];

/// For operators.
const OPERATE: [&str; 10] = [
    "machine.MachineService/EtcdAlarmDisarm",
    "machine.MachineService/EtcdDefragment",
    "machine.MachineService/ImagePull",
    "machine.MachineService/PacketCapture",
    "machine.MachineService/Reboot",
    "machine.MachineService/Restart",
    "machine.MachineService/ServiceRestart",
    "machine.MachineService/ServiceStart",
    "machine.MachineService/ServiceStop",
    "machine.MachineService/Shutdown",
];

/// For administrators.
const ADMINISTER: [&str; 20] = [
    "machine.MachineService/ApplyConfiguration",
    "machine.MachineService/Bootstrap",
    "machine.MachineService/Copy",
    "machine.MachineService/EtcdDowngradeCancel",
    "machine.MachineService/EtcdDowngradeEnable",
    "machine.MachineService/EtcdDowngradeValidate",
    "machine.MachineService/EtcdForfeitLeadership",
    "machine.MachineService/EtcdLeaveCluster",
    "machine.MachineService/EtcdRecover",
    "machine.MachineService/EtcdRemoveMemberByID",
    "machine.MachineService/EtcdSnapshot",
    "machine.MachineService/GenerateClientConfiguration",
    "machine.MachineService/GenerateConfiguration",
    "machine.MachineService/Kubeconfig",
    "machine.MachineService/MetaDelete",
    "machine.MachineService/MetaWrite",
    "machine.MachineService/Read",
    "machine.MachineService/Reset",
    "machine.MachineService/Rollback",
    "machine.MachineService/Upgrade",
];

/// Whether the machine service has such a call.
pub(super) fn exists(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    let all = [&READ[..], &ETCD, &OPERATE, &ADMINISTER];
    all.iter().any(|calls| calls.contains(&path))
}

impl Roles {
    pub(super) fn new(roles: impl IntoIterator<Item = String>) -> Self {
        Self(roles.into_iter().collect())
    }

    /// Those of somebody without a certificate, where that is let in at all.
    pub(super) fn reader() -> Self {
        Self::new([READER.to_owned()])
    }

    pub(crate) fn admin(&self) -> bool {
        self.has(ADMIN)
    }

    fn has(&self, role: &str) -> bool {
        self.0.contains(role)
    }

    /// Whether a call is allowed. What has no rule is for administrators.
    pub(super) fn allow(&self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        let operator = self.has(ADMIN) || self.has(OPERATOR);
        let reader = operator || self.has(READER);
        if READ.contains(&path) {
            return reader;
        }
        if ETCD.contains(&path) {
            return reader || self.has(BACKUP);
        }
        if path == "machine.MachineService/EtcdSnapshot" {
            return operator || self.has(BACKUP);
        }
        if OPERATE.contains(&path) {
            return operator;
        }
        self.admin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_calls() {
        let may = |role: &str, call: &str| {
            Roles::new([role.to_owned()]).allow(&format!("/machine.MachineService/{call}"))
        };
        let table = [
            ("Version", [true, true, true, false]),
            ("EtcdMemberList", [true, true, true, true]),
            ("EtcdSnapshot", [true, true, false, true]),
            ("Reboot", [true, true, false, false]),
            ("ApplyConfiguration", [true, false, false, false]),
            ("Read", [true, false, false, false]),
        ];
        for (call, wanted) in table {
            let found = [ADMIN, OPERATOR, READER, BACKUP].map(|role| may(role, call));
            assert_eq!(found, wanted, "{call}");
        }
        assert!(!Roles::default().allow("/machine.MachineService/Version"));
    }
}
