use std::collections::BTreeMap;

use talos_client::EtcdMember;

use super::decide::{Configured, Decision, Seen, decide};

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
    assert!(matches!(decide(&all, Some("a")), Ok(Decision::Bootstrap)));

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
