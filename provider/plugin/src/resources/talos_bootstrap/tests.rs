use std::collections::BTreeMap;

use framework::prelude::*;
use talos_client::{Code, EtcdMember};

use super::TalosBootstrap;
use super::decide::{Configured, Decision, Seen, decide, lost, voters};
use super::model::{Bootstrap, WaitFor};
use super::plan::Private;
use crate::shared::client_configuration::ClientConfiguration;
use crate::shared::stand_in;
use crate::shared::testing::{core, told};

fn member(id: u64, hostname: &str) -> EtcdMember {
    EtcdMember {
        id,
        hostname: hostname.to_owned(),
        peer_urls: vec![format!("https://{hostname}:2380")],
        client_urls: Vec::new(),
        learner: false,
    }
}

fn waiting(cluster: &str) -> Configured {
    Configured {
        cluster_id: Some(cluster.to_owned()),
        etcd_state: "Preparing".to_owned(),
        ..Configured::default()
    }
}

fn seen(machines: impl IntoIterator<Item = (&'static str, Seen)>) -> BTreeMap<String, Seen> {
    machines
        .into_iter()
        .map(|(name, seen)| (name.to_owned(), seen))
        .collect()
}

fn refusal(seen: &BTreeMap<String, Seen>, wanted: Option<&str>) -> String {
    format!("{:?}", decide(seen, wanted).unwrap_err())
}

#[test]
fn bootstraps_only_where_every_control_plane_waits_for_it() {
    let all = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Configured(waiting("a"))),
    ]);
    assert!(matches!(
        decide(&all, Some("a")),
        Ok(Decision::Bootstrap { .. })
    ));

    let mut booting = waiting("a");
    booting.etcd_state = "Waiting".to_owned();
    let one_boots = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Configured(booting)),
    ]);
    let Ok(Decision::Wait(reasons)) = decide(&one_boots, None) else {
        panic!("it must wait")
    };
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].starts_with("cp02: "), "{reasons:?}");
}

#[test]
fn what_holds_data_of_a_member_is_waited_for() {
    let mut starting = waiting("a");
    starting.etcd_data = true;
    let wiped_beside = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Configured(starting)),
    ]);
    let Ok(Decision::Wait(reasons)) = decide(&wiped_beside, None) else {
        panic!("it must wait")
    };
    assert!(reasons[0].starts_with("cp02: it holds data"), "{reasons:?}");
    assert!(!lost(true, &wiped_beside, None));
}

#[test]
fn what_a_cut_off_bootstrap_left_stopped_goes_first() {
    let mut stopped = waiting("a");
    stopped.etcd_state = "Failed".to_owned();
    stopped.etcd_message =
        "Failed to run pre stage: failed to build initial etcd cluster: context canceled"
            .to_owned();
    let machines = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Configured(stopped)),
    ]);
    let Ok(Decision::Bootstrap { cut_off }) = decide(&machines, None) else {
        panic!("none of them is in the way")
    };
    assert_eq!(Vec::from_iter(cut_off), ["cp02"]);
}

#[test]
fn what_failed_for_another_reason_is_told_before_anything_is_started() {
    let mut broken = waiting("a");
    broken.etcd_state = "Failed".to_owned();
    broken.etcd_message = "Failed to run pre stage: failed to pull image".to_owned();
    let machines = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp03", Seen::Configured(broken)),
    ]);
    let Ok(Decision::Wait(reasons)) = decide(&machines, None) else {
        panic!("it must wait")
    };
    assert!(
        reasons[0].contains("cp03") && reasons[0].contains("pull image"),
        "{reasons:?}"
    );
}

#[test]
fn only_who_bootstrapped_may_start_anew_where_no_member_was_seen() {
    let none = config("10.0.0.1");
    let mut members = none.clone();
    members.etcd_members = Field::Known(BTreeMap::from([("cp01".to_owned(), "1".into())]));
    let asked = Private {
        unfinished: true,
        asked: Some("cp01".to_owned()),
    };
    assert_eq!(asked.may_start_anew(&none), Some("cp01"));
    assert_eq!(asked.may_start_anew(&members), None);
    assert_eq!(Private::default().may_start_anew(&none), None);
}

#[test]
fn one_member_anywhere_means_adopting() {
    let mut running = waiting("a");
    running.members = vec![member(1, "cp02")];
    let machines = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Configured(running)),
    ]);
    assert!(matches!(decide(&machines, None), Ok(Decision::Adopt)));
}

#[test]
fn what_a_wiped_machine_was_before_does_not_vote() {
    let member_of_three = |own| {
        let mut machine = waiting("a");
        machine.members = vec![member(1, "cp01"), member(2, "cp02"), member(3, "cp03")];
        machine.own_member = Some(own);
        Seen::Configured(machine)
    };
    let wiped = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", member_of_three(2)),
        ("cp03", member_of_three(3)),
    ]);
    assert_eq!(voters(&wiped), 2);

    let off = talos_client::Error::new(Code::NodeUnreachable, "listing etcd members", "no answer");
    let silent = seen([
        ("cp01", Seen::Silent(off)),
        ("cp02", member_of_three(2)),
        ("cp03", member_of_three(3)),
    ]);
    assert_eq!(voters(&silent), 3);
}

#[test]
fn two_etcd_clusters_are_refused() {
    let mut one = waiting("a");
    one.members = vec![member(1, "cp01")];
    let mut other = waiting("a");
    other.members = vec![member(2, "cp02")];
    let text = refusal(
        &seen([
            ("cp01", Seen::Configured(one)),
            ("cp02", Seen::Configured(other)),
        ]),
        None,
    );
    assert!(text.contains("TS-ETCD-SPLIT"), "{text}");
    assert!(text.contains("cp01") && text.contains("cp02"), "{text}");
}

#[test]
fn machines_of_another_cluster_are_refused() {
    let mixed = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Configured(waiting("b"))),
    ]);
    let text = refusal(&mixed, None);
    assert!(
        text.contains("TS-CLUSTER-OTHER") && text.contains("cp02 belongs to cluster b"),
        "{text}"
    );
    let foreign = seen([("cp01", Seen::Configured(waiting("b")))]);
    assert!(refusal(&foreign, Some("a")).contains("Wanted is cluster a"));
}

#[test]
fn a_machine_without_configuration_is_refused_at_once() {
    let machines = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Maintenance),
    ]);
    let text = refusal(&machines, None);
    assert!(text.contains("TS-NODE-MAINTENANCE: cp02"), "{text}");
}

fn silent(code: Code) -> Seen {
    Seen::Silent(talos_client::Error {
        code,
        attempted: "a look".to_owned(),
        seen: "nothing".to_owned(),
        cause: String::new(),
        cure: String::new(),
        sent: talos_client::Sent::Never,
    })
}

#[test]
fn a_look_that_was_cut_short_settles_nothing() {
    let cut_short = seen([("cp01", silent(Code::NodeCancelled))]);
    assert!(matches!(decide(&cut_short, None), Ok(Decision::Wait(_))));
    let refused = seen([("cp01", silent(Code::NodeWrongCa))]);
    assert!(refusal(&refused, None).contains("TS-NODE-WRONG-CA"));
}

#[test]
fn members_are_lost_only_where_every_control_plane_says_so() {
    let empty = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Configured(waiting("a"))),
    ]);
    assert!(lost(true, &empty, Some("a")));
    assert!(!lost(false, &empty, Some("a")));
    let one_silent = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", silent(Code::NodeUnreachable)),
    ]);
    assert!(!lost(true, &one_silent, Some("a")));
    let mut running = waiting("a");
    running.members = vec![member(1, "cp02")];
    let one_member = seen([
        ("cp01", Seen::Configured(waiting("a"))),
        ("cp02", Seen::Configured(running)),
    ]);
    assert!(!lost(true, &one_member, Some("a")));
}

fn config(address: &str) -> Bootstrap {
    let mut config = Bootstrap::imported(&format!("cp01={address}")).unwrap();
    config.id = Field::Null;
    config.status = Field::Null;
    config.cluster_ready = Field::Null;
    config
}

#[tokio::test]
async fn placeholders_are_planned_with_a_warning_and_refused_at_apply() {
    let mut none = config("10.0.0.1");
    none.control_planes = Field::Known(BTreeMap::new());
    let mut nobody = config("10.0.0.1");
    nobody.client_configuration = Field::Known(stand_in::credentials().into());
    for (config, attribute) in [
        (config("cp01.invalid"), "control_planes"),
        (none, "control_planes"),
        (nobody, "client_configuration"),
    ] {
        let mut object = core("").object::<TalosBootstrap>();
        let planned = object.plan(Some(&config)).await.unwrap();
        let warned = told(&planned.warnings);
        assert!(
            warned.contains("TS-PLACEHOLDER") && warned.contains(attribute),
            "{warned}"
        );
        let refused = told(&object.apply(Some(&config)).await.err().unwrap());
        assert!(
            refused.contains("TS-PLACEHOLDER") && refused.contains(attribute),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_refresh_that_does_not_look_says_why() {
    let state = |address: &str| Bootstrap::imported(&format!("cp01={address}")).unwrap();
    let mut malformed = state("10.0.0.1");
    malformed.client_configuration = Field::Known(ClientConfiguration {
        ca_certificate: "%".into(),
        client_certificate: "%".into(),
        client_key: Field::Known(Secret::new("%".to_owned())),
    });
    for (state, why) in [
        (state("cp01.invalid"), "TS-PLACEHOLDER"),
        (state("10.0.0.1"), "TS-INPUT-MISSING"),
        (malformed, "TS-CLIENT-CONFIGURATION"),
    ] {
        let mut object = core("").object::<TalosBootstrap>();
        object.assume(&state, &Private::default()).unwrap();
        let told = told(&object.refresh().await.unwrap());
        assert!(
            told.contains("TS-REFRESH-SKIPPED") && told.contains(why),
            "{told}"
        );
    }
}

#[tokio::test]
async fn more_than_all_control_planes_cannot_be_waited_for() {
    let waiting_for = |count: &str| Bootstrap {
        wait_for: Field::Known(WaitFor {
            etcd_members: count.into(),
            api_server: Field::Null,
            nodes_registered: Field::Null,
        }),
        ..config("10.0.0.1")
    };
    let mut object = core("").object::<TalosBootstrap>();
    let refused = told(&object.plan(Some(&waiting_for("2"))).await.err().unwrap());
    assert!(
        refused.contains("wait_for.etcd_members waits for more"),
        "{refused}"
    );
    assert!(object.plan(Some(&waiting_for("1"))).await.is_ok());
}
