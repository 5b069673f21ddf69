//! What was begun and completed, beside what happened in the lab. Pure, but for the clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::apply::lines::StageLine;

/// Milliseconds of the real clock since 1970.
pub fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis())
}

/// What the cores said.
#[derive(Default)]
pub struct Seen {
    /// When the first object of each stage was begun.
    begun: BTreeMap<&'static str, u128>,
    /// When each object was complete.
    complete: Vec<Complete>,
}

struct Complete {
    stage: &'static str,
    resource: String,
    time: u128,
}

impl Seen {
    /// Notes a line that comes now.
    pub fn read(&mut self, line: &StageLine<'_>) {
        self.note(line, now());
    }

    fn note(&mut self, line: &StageLine<'_>, time: u128) {
        let Some(news) = line.news else { return };
        if news.contains(": Creating...") {
            self.begun.entry(line.stage).or_insert(time);
        } else if let Some((resource, _)) = news.split_once(": Creation complete") {
            self.complete.push(Complete {
                stage: line.stage,
                resource: resource.to_owned(),
                time,
            });
        }
    }
}

/// Something that a resource waits for, and when it happened.
#[derive(Debug, PartialEq, Eq)]
pub struct Moment {
    /// Address of the resource.
    pub resource: String,
    /// Milliseconds since 1970.
    pub time: u128,
}

/// What happened in the lab.
pub struct Happened(Vec<Moment>);

impl Happened {
    /// What the lab's machines came to (`milestones.jsonl` of a world), by the resources that wait for it.
    pub fn of_machines(lines: &[Value]) -> Self {
        let moment = |line: &Value| {
            let machine = line["machine"].as_str()?;
            let resource = match line["reached"].as_str()? {
                "maintenance" => format!("proxmox_talos_vm.node[\"{machine}\"]"),
                "api" => format!("talos_machine_apply.node[\"{machine}\"]"),
                "etcd voter" | "kubernetes api" => "talos_bootstrap.cluster".to_owned(),
                _ => return None,
            };
            let time = line["time"].as_u64()?.into();
            Some(Moment { resource, time })
        };
        Self(lines.iter().filter_map(moment).collect())
    }

    /// Adds what was seen elsewhere.
    pub fn add(&mut self, moment: Moment) {
        self.0.push(moment);
    }

    /// The last moment before `limit` of those that a resource waits for.
    fn last(&self, resource: &str, limit: u128) -> Option<u128> {
        let own = self.0.iter().filter(|moment| moment.resource == resource);
        own.map(|moment| moment.time)
            .filter(|time| *time <= limit)
            .max()
    }
}

/// For each resource that waits for the lab, from the moment itself to the resource's completion.
pub fn lags(seen: &Seen, happened: &Happened) -> Vec<Duration> {
    let lag = |one: &Complete| {
        let moment = happened.last(&one.resource, one.time)?;
        Some(between(moment, one.time))
    };
    seen.complete.iter().filter_map(lag).collect()
}

/// What the lab itself needed: the sum over the stages that wait for it.
pub fn lab_time(seen: &Seen, happened: &Happened) -> Duration {
    let stage = |(stage, begun): (&&'static str, &u128)| {
        let own = seen.complete.iter().filter(|one| one.stage == *stage);
        let last = own.filter_map(|one| happened.last(&one.resource, one.time));
        last.max().map(|last| between(*begun, last))
    };
    seen.begun.iter().filter_map(stage).sum()
}

fn between(earlier: u128, later: u128) -> Duration {
    Duration::from_millis(u64::try_from(later.saturating_sub(earlier)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(stage: &'static str, news: &str, time: u128, seen: &mut Seen) {
        let news = Some(news);
        seen.note(
            &StageLine {
                stage,
                news,
                result: None,
            },
            time,
        );
    }

    #[test]
    fn time_of_the_lab_and_of_seeing_are_told_apart() {
        let mut seen = Seen::default();
        let vm = r#"proxmox_talos_vm.node["cp"]"#;
        said("compute", &format!("{vm}: Creating..."), 1000, &mut seen);
        said(
            "compute",
            &format!("{vm}: Creation complete after 3s"),
            4000,
            &mut seen,
        );
        said(
            "secrets",
            "talos_secrets.cluster: Creating...",
            10,
            &mut seen,
        );
        let happened = Happened::of_machines(&[
            json!({ "time": 3500, "machine": "cp", "reached": "maintenance" }),
            json!({ "time": 9000, "machine": "cp", "reached": "maintenance" }),
            json!({ "time": 3900, "machine": "cp", "reached": "node ready" }),
        ]);
        assert_eq!(lags(&seen, &happened), [Duration::from_millis(500)]);
        assert_eq!(lab_time(&seen, &happened), Duration::from_millis(2500));
    }
}
