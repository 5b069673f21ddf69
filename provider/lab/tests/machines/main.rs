//! Machines over the wire: what clients see of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

mod client;
mod contract;
mod play;
mod talosctl;

use client::{Authority, dial, insecure, machine, state};
use play::{Bench, apply, resource, stage, until};
use proto_talos::cosi::resource::{EventType, WatchRequest};
use proto_talos::machine as api;
use proto_talos::machine::apply_configuration_request::Mode;
use tonic::{Code, Request};

#[tokio::test]
async fn a_machine_in_maintenance_mode_says_so_and_takes_a_configuration() {
    let bench = Bench::new(1, 1, "");
    let wire = bench.maintenance(0).await;
    let refused = machine(&wire).version(()).await.unwrap_err();
    let wanted = (
        Code::Unimplemented,
        "API is not implemented in maintenance mode",
    );
    assert_eq!((refused.code(), refused.message()), wanted);
    let kind = "MachineConfigs.config.talos.dev";
    let secret = resource(&wire, "config", kind, "v1alpha1")
        .await
        .unwrap_err();
    assert_eq!(secret.message(), "not authorized");
    let none = resource(&wire, "cluster", "Infos.cluster.talos.dev", "current")
        .await
        .unwrap_err();
    let text = "resource Infos.cluster.talos.dev(cluster/current@undefined) doesn't exist";
    assert_eq!((none.code(), none.message()), (Code::NotFound, text));

    let config = bench.config(0, "controlplane");
    let staged = apply(&wire, &config, Mode::NoReboot, false)
        .await
        .unwrap_err();
    assert_eq!(
        staged.message(),
        "apply configuration --mode='no-reboot' is not supported in maintenance mode"
    );
    let wrong = config.replace("token: abc", "tokn: abc");
    let wrong = apply(&wire, &wrong, Mode::Auto, false).await.unwrap_err();
    assert!(wrong.message().starts_with("failed to parse config: error decoding document /v1alpha1/ (line 1): unknown keys found"), "{wrong}");
    let dry = apply(&wire, &config, Mode::Auto, true).await.unwrap();
    assert_eq!(
        dry.mode_details,
        "Dry run summary:\nNode is running in maintenance mode and does not have a config yet."
    );

    apply(&wire, &config, Mode::Auto, false).await.unwrap();
    let wire = bench.wire(0, "os:admin").await;
    // It is installed first, with a closed door, and then starts from its disk.
    let installed = bench.fleet.summary()[0]["stage"].clone();
    assert_eq!(installed, "booting");
    assert_eq!(stage(&wire).await.unwrap(), "booting");
    let version = machine(&wire).version(()).await.unwrap().into_inner();
    assert_eq!(version.messages[0].version.as_ref().unwrap().tag, "v1.12.6");
    let kept = resource(&wire, "config", kind, "persistent").await.unwrap();
    assert!(kept.contains("hostname: node1"));
}

#[tokio::test]
async fn strangers_and_readers_are_told_apart() {
    let bench = Bench::new(2, 1, "");
    bench.configured(1).await;
    let address = bench.addresses[0];
    let mut stranger = Authority::new().tls("os:admin");
    stranger
        .dangerous()
        .set_certificate_verifier(client::anybody());
    for (tls, alert) in [(stranger, "UnknownCA"), (insecure(), "CertificateRequired")] {
        let refused = match dial(address, tls).await {
            Err(text) => text,
            Ok(wire) => format!("{:?}", machine(&wire).version(()).await.unwrap_err()),
        };
        assert!(refused.contains(alert), "{alert}: {refused}");
    }
    let wire = bench.wire(0, "os:reader").await;
    assert!(machine(&wire).version(()).await.is_ok());
    let config = bench.config(0, "controlplane");
    let refused = apply(&wire, &config, Mode::Auto, true).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::PermissionDenied, "not authorized")
    );
    let kind = "MachineConfigs.config.talos.dev";
    let refused = resource(&wire, "config", kind, "v1alpha1")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_second_bootstrap_is_refused_and_three_become_voters() {
    let bench = Bench::new(3, 3, "");
    bench.bootstrapped().await;
    for number in 0..3 {
        let wire = bench.wire(number, "os:admin").await;
        let again = machine(&wire)
            .bootstrap(api::BootstrapRequest::default())
            .await
            .unwrap_err();
        assert_eq!(
            (again.code(), again.message()),
            (Code::AlreadyExists, "etcd data directory is not empty")
        );
    }
    let wire = bench.wire(0, "os:admin").await;
    let request = api::EtcdMemberListRequest::default();
    let mut client = machine(&wire);
    let members = client
        .etcd_member_list(request)
        .await
        .unwrap()
        .into_inner()
        .messages
        .remove(0)
        .members;
    let mut names: Vec<&str> = members
        .iter()
        .map(|member| member.hostname.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["node1", "node2", "node3"]);
}

#[tokio::test]
async fn control_planes_pass_calls_on_and_workers_do_not() {
    let bench = Bench::new(4, 2, "");
    bench.configured(1).await;
    let plane = bench.wire(0, "os:admin").await;
    let to = |key: &'static str, values: &[String]| {
        let mut request = Request::new(());
        for value in values {
            request.metadata_mut().append(key, value.parse().unwrap());
        }
        request
    };
    let worker = bench.addresses[1].to_string();
    let answer = machine(&plane)
        .hostname(to("node", std::slice::from_ref(&worker)))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().messages[0].hostname, "node2");
    let all = [
        bench.addresses[0].to_string(),
        worker.clone(),
        "127.60.4.99".to_owned(),
    ];
    let answer = machine(&plane)
        .hostname(to("nodes", &all))
        .await
        .unwrap()
        .into_inner();
    let told: Vec<(String, bool)> = answer
        .messages
        .iter()
        .map(|one| {
            (
                one.metadata.as_ref().unwrap().hostname.clone(),
                one.hostname.is_empty(),
            )
        })
        .collect();
    let wanted: Vec<(String, bool)> = all.iter().cloned().zip([false, false, true]).collect();
    assert_eq!(told, wanted);
    let own = bench.wire(1, "os:admin").await;
    assert!(machine(&own).hostname(to("node", &[worker])).await.is_ok());
    let first = bench.addresses[0].to_string();
    let refused = machine(&own)
        .hostname(to("node", &[first]))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::PermissionDenied, "no request forwarding")
    );
}

#[tokio::test]
async fn a_watch_tells_changes() {
    let bench = Bench::new(5, 1, "");
    let wire = bench.maintenance(0).await;
    let request = WatchRequest {
        namespace: "runtime".to_owned(),
        r#type: "MachineStatuses.runtime.talos.dev".to_owned(),
        id: Some("machine".to_owned()),
        options: None,
        api_version: 1,
    };
    let mut events = state(&wire).watch(request).await.unwrap().into_inner();
    assert!(events.message().await.unwrap().unwrap().event.is_empty());
    let now = events.message().await.unwrap().unwrap().event.remove(0);
    assert_eq!(now.event_type(), EventType::Created);
    let config = bench.config(0, "controlplane");
    apply(&wire, &config, Mode::Auto, false).await.unwrap();
    // The maintenance service goes, and with it the watch: either it tells of the stage or it
    // ends.
    if let Ok(Some(mut next)) = events.message().await {
        assert_eq!(next.event.remove(0).event_type(), EventType::Updated);
    }
    let wire = bench.wire(0, "os:reader").await;
    let text = stage(&wire).await.unwrap();
    assert_ne!(text, "maintenance");
}

#[tokio::test]
async fn faults_strike_calls_and_the_journal_tells() {
    let fault = "{ match: { service: talos, method: 'machine.MachineService/Bootstrap' }, when: after, effect: drop, times: 1 }";
    let bench = Bench::new(6, 1, fault);
    bench.configured(1).await;
    let wire = bench.wire(0, "os:admin").await;
    assert!(
        machine(&wire)
            .bootstrap(api::BootstrapRequest::default())
            .await
            .is_err()
    );
    let wire = bench.wire(0, "os:admin").await;
    let again = machine(&wire)
        .bootstrap(api::BootstrapRequest::default())
        .await
        .unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    let entries = bench.lab.journal.entries();
    let told: Vec<(u16, bool, Option<&str>)> = entries
        .iter()
        .filter(|entry| entry.method == "machine.MachineService/Bootstrap")
        .map(|entry| (entry.status, entry.write, entry.fault.as_deref()))
        .collect();
    assert_eq!(told, [(0, true, Some("drop")), (6, false, None)]);
    assert!(
        entries
            .iter()
            .all(|entry| entry.service == "talos" && entry.node == "m1")
    );
}

#[tokio::test]
async fn power_is_lost_at_the_moment_that_a_fault_names() {
    let fault = "{ at: { machine: m1, stage: installing }, effect: power_loss }";
    let bench = Bench::new(7, 1, fault);
    let wire = bench.maintenance(0).await;
    let config = bench.config(0, "controlplane");
    apply(&wire, &config, Mode::Auto, false).await.unwrap();
    let stage = || {
        bench.fleet.summary()[0]["stage"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    until(|| async { (stage() == "off").then_some(()) }).await;
    let entries = bench.lab.journal.entries();
    let struck = entries.iter().find(|entry| entry.fault.is_some()).unwrap();
    assert_eq!(
        (struck.service.as_str(), struck.method.as_str()),
        ("machine", "installing")
    );
    assert!(dial(bench.addresses[0], insecure()).await.is_err());
    bench
        .fleet
        .switch("m1", lab::world::Switch::On)
        .unwrap()
        .unwrap();
    // Nothing was written: it asks for its configuration again.
    let wire = bench.maintenance(0).await;
    apply(&wire, &config, Mode::Auto, false).await.unwrap();
    bench.wire(0, "os:admin").await;
}
