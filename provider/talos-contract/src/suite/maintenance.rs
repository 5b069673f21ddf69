//! A machine without a configuration, and configurations that it does not take.

use serde_json::json;

use super::ask::{MODES, apply, ask, call, get, list, question, resource};
use crate::Who::{Admin, Nobody};
use crate::{Site, Step};

const STATUS: &str = "MachineStatuses.runtime.talos.dev";

pub(super) fn steps(site: &Site) -> Vec<Step> {
    let mut steps = vec![Step::Wait(
        resource("maintenance: stage", Nobody, "runtime", STATUS, "machine"),
        |answered| {
            let spec = answered.at("/resource/spec/yamlSpec").as_str();
            spec.is_some_and(|spec| {
                spec.contains("stage: maintenance") && spec.contains("ready: true")
            })
        },
    )];
    steps.extend(calls());
    steps.extend(resources());
    steps.extend(refused(site));
    steps.extend(dry(site));
    steps.push(apply(
        "maintenance: apply",
        Nobody,
        &site.config,
        "AUTO",
        false,
    ));
    steps
}

/// Calls that there are none of.
fn calls() -> Vec<Step> {
    let methods = [
        "Version",
        "Hostname",
        "Memory",
        "ServiceList",
        "Bootstrap",
        "Reboot",
        "Shutdown",
        "Reset",
        "Upgrade",
        "MetaWrite",
        "MetaDelete",
        "EtcdMemberList",
        "EtcdStatus",
        "EtcdRemoveMemberByID",
        "GenerateClientConfiguration",
        "Read",
        "Events",
        "Kubeconfig",
        "EtcdSnapshot",
        "Nope",
        "cluster.ClusterService/HealthCheck",
        "time.TimeService/Time",
        "nope.NopeService/Nope",
    ];
    let mut steps: Vec<Step> = methods
        .into_iter()
        .map(|method| call(&format!("maintenance: {method}"), Nobody, method))
        .collect();
    steps.push(call(
        "maintenance: an administrator is nobody",
        Admin,
        "Version",
    ));
    steps.push(call(
        "maintenance: disks",
        Nobody,
        "storage.StorageService/Disks",
    ));
    steps
}

fn resources() -> Vec<Step> {
    let of = |about: &str, namespace: &str, kind: &str, id: &str| {
        get(
            &format!("maintenance: {about}"),
            Nobody,
            namespace,
            kind,
            id,
        )
    };
    let watch = |about: &str, request, take| {
        let name = format!("maintenance: {about}");
        Step::Ask(question(&name, Nobody, "cosi.resource.State/Watch", request).first(take))
    };
    vec![
        of("machine status", "runtime", STATUS, "machine"),
        of(
            "release",
            "runtime",
            "Versions.runtime.talos.dev",
            "version",
        ),
        of(
            "host name",
            "network",
            "HostnameStatuses.net.talos.dev",
            "hostname",
        ),
        of(
            "machine type",
            "config",
            "MachineTypes.config.talos.dev",
            "machine-type",
        ),
        of(
            "identity",
            "cluster",
            "Identities.cluster.talos.dev",
            "local",
        ),
        of(
            "default address",
            "network",
            "NodeAddresses.net.talos.dev",
            "default",
        ),
        of(
            "network status",
            "network",
            "NetworkStatuses.net.talos.dev",
            "status",
        ),
        of(
            "no cluster",
            "cluster",
            "Infos.cluster.talos.dev",
            "current",
        ),
        of("no such id", "runtime", STATUS, "nobody"),
        of(
            "machine configuration",
            "config",
            "MachineConfigs.config.talos.dev",
            "v1alpha1",
        ),
        of(
            "secrets",
            "secrets",
            "OSRootSecrets.secrets.talos.dev",
            "os",
        ),
        of(
            "kubelet's settings",
            "k8s",
            "KubeletSpecs.kubernetes.talos.dev",
            "kubelet",
        ),
        of("unknown kind", "runtime", "Nopes.talos.dev", "nope"),
        of("unknown namespace", "nowhere", STATUS, "machine"),
        list(
            "maintenance: no members",
            Nobody,
            "cluster",
            "Members.cluster.talos.dev",
        ),
        list(
            "maintenance: configurations",
            Nobody,
            "config",
            "MachineConfigs.config.talos.dev",
        ),
        watch(
            "watch one",
            json!({ "namespace": "runtime", "type": STATUS, "id": "machine", "apiVersion": 1, "options": {} }),
            2,
        ),
        watch(
            "watch one that is not there",
            json!({ "namespace": "cluster", "type": "Infos.cluster.talos.dev", "id": "current", "apiVersion": 1, "options": {} }),
            2,
        ),
        watch(
            "watch none",
            json!({ "namespace": "cluster", "type": "Members.cluster.talos.dev", "apiVersion": 1,
                    "options": { "bootstrapContents": true } }),
            2,
        ),
        watch(
            "watch secrets",
            json!({ "namespace": "config", "type": "MachineConfigs.config.talos.dev", "apiVersion": 1, "options": {} }),
            2,
        ),
        ask(
            "maintenance: write a resource",
            Nobody,
            "cosi.resource.State/Create",
            json!({ "resource": { "metadata": {
                "namespace": "runtime", "type": STATUS, "id": "mine", "version": "1", "phase": "running",
            }, "spec": { "yamlSpec": "{}" } } }),
        ),
        ask(
            "maintenance: remove a resource",
            Nobody,
            "cosi.resource.State/Destroy",
            json!({ "namespace": "runtime", "type": STATUS, "id": "machine" }),
        ),
    ]
}

/// Texts that are no configuration of a machine: what is wrong, and the text.
pub(super) fn wrong(site: &Site) -> Vec<(&'static str, String)> {
    let good = &site.config;
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    vec![
        ("nothing", String::new()),
        ("no YAML", "machine: [".to_owned()),
        ("a word", "hello".to_owned()),
        ("no kind", "hello: world\n".to_owned()),
        (
            "unknown kind",
            "apiVersion: v1alpha1\nkind: NopeConfig\n".to_owned(),
        ),
        (
            "kind of another version",
            "apiVersion: v9\nkind: HostnameConfig\nhostname: a\n".to_owned(),
        ),
        (
            "unknown key",
            changed("    token: contra.0", "    tokn: contra.0"),
        ),
        (
            "unknown keys in two places",
            changed("    network: {}\n", "    netwrk: {}\n")
                .replace("    discovery:\n", "    discvery:\n"),
        ),
        (
            "unknown key of a document",
            changed("hostname: contract-01", "hostnam: contract-01"),
        ),
        (
            "a list for a word",
            changed("clusterName: contract", "clusterName: [contract]"),
        ),
        ("a word for a number", changed("port: 7445", "port: many")),
        (
            "no machine",
            "version: v1alpha1\ncluster:\n    clusterName: one\n".to_owned(),
        ),
        (
            "no cluster",
            "version: v1alpha1\nmachine:\n    type: worker\n".to_owned(),
        ),
        (
            "unknown machine type",
            changed("type: controlplane", "type: boss"),
        ),
        (
            "worker with keys",
            changed("type: controlplane", "type: worker"),
        ),
        (
            "no authority",
            without(&without(good, "        crt: ", 1), "        key: ", 1),
        ),
        ("no key of the authority", without(good, "        key: ", 1)),
        (
            "no endpoint",
            changed("        endpoint: ", "        localAPIServerPort: 6443 #"),
        ),
        (
            "endpoint without a host",
            changed("endpoint: https://", "endpoint: https:///"),
        ),
        (
            "two names of the host",
            changed(
                "    network: {}\n",
                "    network:\n        hostname: other\n",
            ),
        ),
        (
            "a name that is none",
            changed("hostname: contract-01", "hostname: ''"),
        ),
        (
            "a mirror of nothing",
            changed("name: registry.k8s.io", "name: ''"),
        ),
        (
            "arguments of the kernel twice",
            changed(
                "        wipe: false\n",
                "        wipe: false\n        extraKernelArgs: [a=b]\n",
            ),
        ),
        (
            "a network of no plugin",
            changed("name: none", "name: nope"),
        ),
        (
            "a kubelet setting that is Talos' own",
            changed("failCgroupV1: false", "port: 1"),
        ),
    ]
}

/// A text without the n-th line that begins so.
fn without(text: &str, begin: &str, which: usize) -> String {
    let mut seen = 0;
    let kept = text.lines().filter(|line| {
        seen += usize::from(line.starts_with(begin));
        !(line.starts_with(begin) && seen == which)
    });
    kept.map(|line| format!("{line}\n")).collect()
}

fn refused(site: &Site) -> Vec<Step> {
    let wrong = wrong(site).into_iter().map(|(about, text)| {
        apply(
            &format!("maintenance: apply {about}"),
            Nobody,
            &text,
            "AUTO",
            true,
        )
    });
    let modes = ["NO_REBOOT", "STAGED"].into_iter().map(|mode| {
        apply(
            &format!("maintenance: apply with {mode}"),
            Nobody,
            &site.config,
            mode,
            false,
        )
    });
    wrong.chain(modes).collect()
}

fn dry(site: &Site) -> Vec<Step> {
    let modes = MODES.iter().map(|mode| {
        apply(
            &format!("maintenance: dry run of {mode}"),
            Nobody,
            &site.config,
            mode,
            true,
        )
    });
    let part = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: part\n";
    let mut steps: Vec<Step> = modes.collect();
    steps.push(apply(
        "maintenance: dry run of a part",
        Nobody,
        part,
        "AUTO",
        true,
    ));
    steps
}
