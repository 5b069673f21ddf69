//! Checks of etcd over all control planes.

use std::collections::BTreeSet;

use super::nodes::{service, short};
use super::{Check, Node, ask};
use crate::calls::EtcdMember;
use crate::cx::Cx;

type Members = Vec<EtcdMember>;

pub(super) async fn look(control_planes: &[Node], cx: &Cx) -> Vec<Check> {
    let answers = ask(control_planes, |node| {
        let cx = cx.clone();
        async move {
            let (unwell, members) = tokio::join!(
                service(&node, "etcd", &cx),
                node.client.etcd_members(&cx, false)
            );
            (
                node.name.clone(),
                unwell,
                members.map_err(|error| short(&error)),
            )
        }
    })
    .await;
    let unwell = answers
        .iter()
        .filter_map(|(name, why, _)| Some((name.clone(), why.clone()?)))
        .collect();
    let seen: Vec<_> = answers
        .into_iter()
        .map(|(name, _, members)| (name, members))
        .collect();
    vec![
        Check::of("etcd to be healthy", unwell),
        Check::of(
            "etcd members to be consistent across nodes",
            inconsistent(&seen),
        ),
        Check::of(
            "etcd members to be control plane nodes",
            foreign(control_planes, &seen),
        ),
    ]
}

fn listed(members: &Members) -> BTreeSet<(&str, u64, bool)> {
    members
        .iter()
        .map(|member| (member.hostname.as_str(), member.id, member.learner))
        .collect()
}

/// Machines that list other members than the first one that answered.
fn inconsistent(seen: &[(String, Result<Members, String>)]) -> Vec<(String, String)> {
    let first = seen.iter().find_map(|(_, members)| members.as_ref().ok());
    let differs = |members: &Members| first.is_some_and(|first| listed(first) != listed(members));
    seen.iter()
        .filter_map(|(name, members)| match members {
            Err(why) => Some((name.clone(), why.clone())),
            Ok(members) if differs(members) => {
                Some((name.clone(), format!("lists {}", names(members))))
            }
            Ok(_) => None,
        })
        .collect()
}

fn names(members: &Members) -> String {
    members
        .iter()
        .map(|member| member.hostname.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Members whose addresses are not those of a control plane that is expected, told of the machine that lists them.
fn foreign(
    control_planes: &[Node],
    seen: &[(String, Result<Members, String>)],
) -> Vec<(String, String)> {
    let known: BTreeSet<_> = control_planes
        .iter()
        .flat_map(|node| node.addresses.iter().map(String::as_str))
        .collect();
    let is_foreign = |member: &&EtcdMember| {
        !member
            .peer_urls
            .iter()
            .filter_map(|url| host(url))
            .all(|host| known.contains(host))
    };
    seen.iter()
        .filter_map(|(name, members)| match members {
            Err(why) => Some((name.clone(), why.clone())),
            Ok(members) => {
                let found: Vec<_> = members
                    .iter()
                    .filter(is_foreign)
                    .map(|member| member.hostname.clone())
                    .collect();
                (!found.is_empty()).then(|| {
                    (
                        name.clone(),
                        format!("unexpected members {}", found.join(", ")),
                    )
                })
            }
        })
        .collect()
}

/// The host of `https://10.0.0.1:2380` or `https://[fd00::1]:2380`.
fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']').map(|(host, _)| host),
        None => rest.split([':', '/']).next(),
    }
}

#[cfg(test)]
mod tests {
    use super::{EtcdMember, foreign, host, inconsistent};

    fn member(hostname: &str, url: &str) -> EtcdMember {
        EtcdMember {
            id: 1,
            hostname: hostname.into(),
            peer_urls: vec![url.into()],
            client_urls: vec![],
            learner: false,
        }
    }

    #[test]
    fn hosts() {
        assert_eq!(host("https://10.0.0.1:2380"), Some("10.0.0.1"));
        assert_eq!(host("https://[fd00::1]:2380"), Some("fd00::1"));
    }

    #[test]
    fn machines_that_disagree() {
        let a = member("a", "https://10.0.0.1:2380");
        let b = member("b", "https://10.0.0.2:2380");
        let seen = vec![
            ("a".to_owned(), Ok(vec![a.clone(), b.clone()])),
            ("b".to_owned(), Ok(vec![b.clone(), a.clone()])),
            ("c".to_owned(), Ok(vec![a])),
            ("d".to_owned(), Err("down".to_owned())),
        ];
        let found: Vec<_> = inconsistent(&seen)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(found, ["c", "d"]);
        assert_eq!(foreign(&[], &seen).len(), 4);
    }
}
