//! A configuration that takes effect by a reboot.

use serde_json::json;

use super::applied::for_a_reboot;
use super::ask::{apply, call, get, healthy, question, resource};
use crate::Who::Admin;
use crate::{Site, Step};

const KIND: &str = "MachineConfigs.config.talos.dev";

pub(super) fn steps(site: &Site) -> Vec<Step> {
    vec![
        apply("reboot: apply", Admin, &for_a_reboot(site), "AUTO", false),
        // It is in force only after the reboot.
        Step::Wait(
            resource("rebooted: configuration", Admin, "config", KIND, "v1alpha1"),
            |answered| {
                let text = answered.at("/resource/spec/yamlSpec").as_str();
                text.is_some_and(|text| text.contains("PLANTED"))
            },
        ),
        Step::Wait(
            question("rebooted: etcd", Admin, "ServiceList", json!({})),
            |answered| healthy(answered, "etcd"),
        ),
        get(
            "rebooted: configuration in force",
            Admin,
            "config",
            KIND,
            "v1alpha1",
        ),
        get(
            "rebooted: configuration on disk",
            Admin,
            "config",
            KIND,
            "persistent",
        ),
        call("rebooted: members", Admin, "EtcdMemberList"),
        call("rebooted: bootstrap again", Admin, "Bootstrap"),
    ]
}
