//! What others than administrators may do, and who is not let in.

use serde_json::json;

use super::ask::{apply, ask, call, get, question};
use crate::Who::{self, EtcdBackup, Foreign, Nobody, Operator, Reader};
use crate::{Site, Step};

/// What all of them are asked for.
const CALLS: [&str; 9] = [
    "Version",
    "Hostname",
    "ServiceList",
    "Kubeconfig",
    "GenerateClientConfiguration",
    "EtcdLeaveCluster",
    "EtcdForfeitLeadership",
    "MetaWrite",
    "Nope",
];

pub(super) fn steps(site: &Site) -> Vec<Step> {
    let roles = [Reader, Operator, EtcdBackup];
    let mut steps: Vec<Step> = roles.into_iter().flat_map(|who| of(who, site)).collect();
    // These change what runs, where they are allowed.
    for (who, method) in [
        (Reader, "Bootstrap"),
        (Operator, "Bootstrap"),
        (EtcdBackup, "Bootstrap"),
        (Reader, "Reboot"),
        (Reader, "Shutdown"),
        (Reader, "Reset"),
        (Operator, "Reset"),
        (EtcdBackup, "Reboot"),
        (Reader, "EtcdSnapshot"),
    ] {
        steps.push(call(&named(who, method), who, method));
    }
    for who in [Nobody, Foreign] {
        steps.push(call(&named(who, "Version"), who, "Version"));
        steps.push(apply(
            &named(who, "apply"),
            who,
            &site.config,
            "AUTO",
            false,
        ));
    }
    steps
}

fn named(who: Who, about: &str) -> String {
    format!("{}: {about}", who.name())
}

fn of(who: Who, site: &Site) -> Vec<Step> {
    let name = |about: &str| named(who, about);
    let resource = |about: &str, namespace: &str, kind: &str, id: &str| {
        get(&name(about), who, namespace, kind, id)
    };
    let mut steps: Vec<Step> = CALLS
        .iter()
        .map(|method| call(&name(method), who, method))
        .collect();
    let watch = json!({ "namespace": "config", "type": "MachineConfigs.config.talos.dev", "apiVersion": 1, "options": {} });
    steps.extend([
        apply(&name("apply"), who, &site.config, "AUTO", true),
        ask(
            &name("read a file"),
            who,
            "Read",
            json!({ "path": "/etc/os-release" }),
        ),
        resource(
            "machine status",
            "runtime",
            "MachineStatuses.runtime.talos.dev",
            "machine",
        ),
        resource(
            "machine type",
            "config",
            "MachineTypes.config.talos.dev",
            "machine-type",
        ),
        resource(
            "configuration",
            "config",
            "MachineConfigs.config.talos.dev",
            "v1alpha1",
        ),
        resource(
            "secrets",
            "secrets",
            "OSRootSecrets.secrets.talos.dev",
            "os",
        ),
        resource(
            "settings of a link",
            "network",
            "LinkSpecs.net.talos.dev",
            "eth0",
        ),
        resource("unknown kind", "runtime", "Nopes.talos.dev", "nope"),
        Step::Ask(
            question(
                &name("watch configurations"),
                who,
                "cosi.resource.State/Watch",
                watch,
            )
            .first(2),
        ),
    ]);
    steps
}
