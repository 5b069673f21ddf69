//! Bootstrap, twice, and the membership of etcd.

use serde_json::json;

use super::applied::for_a_reboot;
use super::ask::{apply, ask, call, get, healthy, list, question};
use crate::Who::{Admin, EtcdBackup, Operator, Reader};
use crate::{Site, Step};

pub(super) fn steps(site: &Site) -> Vec<Step> {
    let members = |name: &str, who, local: bool| {
        ask(name, who, "EtcdMemberList", json!({ "queryLocal": local }))
    };
    vec![
        call("bootstrap", Admin, "Bootstrap"),
        Step::Wait(
            question("bootstrapped: etcd", Admin, "ServiceList", json!({})),
            |answered| healthy(answered, "etcd"),
        ),
        // The member's identity is learned before it shows elsewhere.
        members("bootstrapped: members", Admin, false),
        members("bootstrapped: members by itself", Admin, true),
        members("bootstrapped: members for a reader", Reader, false),
        members("bootstrapped: members for backups", EtcdBackup, false),
        call("bootstrap again", Admin, "Bootstrap"),
        ask(
            "bootstrap again, from a snapshot",
            Admin,
            "Bootstrap",
            json!({ "recoverEtcd": true }),
        ),
        call("bootstrapped: status", Admin, "EtcdStatus"),
        call(
            "bootstrapped: status for an operator",
            Operator,
            "EtcdStatus",
        ),
        call("bootstrapped: alarms", Admin, "EtcdAlarmList"),
        call("bootstrapped: alarms for a reader", Reader, "EtcdAlarmList"),
        call(
            "bootstrapped: alarms for backups",
            EtcdBackup,
            "EtcdAlarmList",
        ),
        call("bootstrapped: services", Admin, "ServiceList"),
        get(
            "bootstrapped: service etcd",
            Admin,
            "runtime",
            "Services.v1alpha1.talos.dev",
            "etcd",
        ),
        get(
            "bootstrapped: its own member",
            Admin,
            "etcd",
            "EtcdMembers.etcd.talos.dev",
            "local",
        ),
        list(
            "bootstrapped: machines",
            Admin,
            "cluster",
            "Members.cluster.talos.dev",
        ),
        ask(
            "bootstrapped: remove a member that is none",
            Admin,
            "EtcdRemoveMemberByID",
            json!({ "memberId": "1" }),
        ),
        ask(
            "bootstrapped: remove a member as an operator",
            Operator,
            "EtcdRemoveMemberByID",
            json!({ "memberId": "1" }),
        ),
        call(
            "bootstrapped: forfeit the lead alone",
            Admin,
            "EtcdForfeitLeadership",
        ),
        // The last one: a container takes a minute to end, and nobody waits for it.
        apply("reboot: apply", Admin, &for_a_reboot(site), "AUTO", false),
    ]
}
