//! What goes wrong: requests that are matched and what happens to them instead.

mod kill;

use serde::{Deserialize, Serialize};

pub(crate) use kill::kill_peer;

/// A fault of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The requests that it hits.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<Match>,
    /// The moment in a machine's life that it hits; for what plays the machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<At>,
    /// Whether the request takes effect first.
    #[serde(default)]
    pub when: When,
    /// What happens.
    pub effect: Effect,
    /// How often; without it every time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Status of `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Reason and message of `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Milliseconds of `delay`, or before each drop of `slow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
}

/// Which requests a fault hits; what is left out matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// `proxmox`, `talos`, `kubernetes`, `factory` or `registry`.
    #[serde(default)]
    pub service: Option<String>,
    /// HTTP method, or a remote procedure's name.
    #[serde(default)]
    pub method: Option<String>,
    /// Path; `*` stands for any text.
    #[serde(default)]
    pub path: Option<String>,
    /// The host or machine that is addressed.
    #[serde(default)]
    pub node: Option<String>,
    /// Only the request of this number among those that match otherwise, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// Only one in so many of those that match otherwise: 2 is every second one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
}

/// A moment in a machine's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// The machine's name.
    pub machine: String,
    /// The stage that it enters.
    pub stage: String,
}

/// Whether a request takes effect before it goes wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// It takes no effect.
    #[default]
    Before,
    /// It took effect.
    After,
}

/// What happens instead of an answer, or to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// An error is answered.
    Error,
    /// The answer comes late.
    Delay,
    /// The connection is closed without an answer.
    Drop,
    /// The connection is reset without an answer; Proxmox and Talos close it.
    Reset,
    /// The answer comes in drops; Proxmox sends it at once, Talos late.
    Slow,
    /// The plugin is killed, and the connection closed.
    KillPlugin,
    /// The machine loses its power.
    PowerLoss,
}

/// A request as faults see it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The service that it is for.
    pub service: &'a str,
    /// HTTP method or procedure.
    pub method: &'a str,
    /// Path; empty for procedures.
    pub path: &'a str,
    /// The host or machine.
    pub node: &'a str,
}

impl Fault {
    /// As the journal names it.
    pub(crate) fn name(&self) -> String {
        let effect = serde_json::to_value(self.effect).unwrap_or_default();
        effect.as_str().unwrap_or_default().to_owned()
    }
}

/// Faults with their counts.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    matched: u32,
    struck: u32,
}

impl Faults {
    /// Arms faults.
    #[must_use]
    pub fn new(faults: Vec<Fault>) -> Self {
        let mut own = Self::default();
        faults.into_iter().for_each(|fault| own.arm(fault));
        own
    }

    /// Arms one more.
    pub fn arm(&mut self, fault: Fault) {
        self.armed.push(Armed {
            fault,
            matched: 0,
            struck: 0,
        });
    }

    /// The fault that hits a request, and counts it. Each request is asked about once.
    pub fn strike(&mut self, seen: Seen<'_>) -> Option<Fault> {
        let mut hit = None;
        for armed in &mut self.armed {
            let Some(matches) = armed
                .fault
                .matches
                .as_ref()
                .filter(|matches| matches.fits(seen))
            else {
                continue;
            };
            armed.matched += 1;
            let numbered = matches.nth.is_none_or(|nth| nth == armed.matched)
                && matches
                    .every
                    .is_none_or(|every| armed.matched.is_multiple_of(every));
            let left = armed.fault.times.is_none_or(|times| armed.struck < times);
            if hit.is_none() && numbered && left {
                armed.struck += 1;
                hit = Some(armed.fault.clone());
            }
        }
        hit
    }

    /// The fault that hits a machine, by any of its names, as it enters a stage.
    pub fn strike_at(&mut self, names: &[String], stage: &str) -> Option<Fault> {
        let hit = self.armed.iter_mut().find(|armed| {
            let at = armed.fault.at.as_ref();
            let here = at.is_some_and(|at| at.stage == stage && names.contains(&at.machine));
            // A moment comes once, unless the fault says how often.
            here && armed.struck < armed.fault.times.unwrap_or(1)
        })?;
        hit.struck += 1;
        Some(hit.fault.clone())
    }
}

impl Match {
    fn fits(&self, seen: Seen<'_>) -> bool {
        let one = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wildcard(wanted, found))
        };
        one(&self.service, seen.service)
            && one(&self.method, seen.method)
            && one(&self.path, seen.path)
            && one(&self.node, seen.node)
    }
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(tail) = text.strip_prefix(head) else {
        return false;
    };
    let starts = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
    starts
        .into_iter()
        .any(|at| wildcard(rest, tail.get(at..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<'a>(method: &'a str, path: &'a str) -> Seen<'a> {
        Seen {
            service: "proxmox",
            method,
            path,
            node: "pve1",
        }
    }

    fn fault(text: &str) -> Fault {
        serde_saphyr::from_str(text).unwrap()
    }

    #[test]
    fn stars_stand_for_any_text() {
        assert!(wildcard("/nodes/*/qemu", "/nodes/pve1/qemu"));
        assert!(!wildcard("/nodes/*/qemu", "/nodes/pve1/qemu/100"));
        assert!(wildcard("*", ""));
        assert!(wildcard("/a*c*", "/abcd"));
        assert!(!wildcard("/a", "/ab"));
    }

    #[test]
    fn the_second_create_is_hit_once() {
        let text = "{ match: { method: POST, path: '/nodes/*/qemu', nth: 2 }, effect: drop }";
        let mut faults = Faults::new(vec![fault(text)]);
        let mut strike = |method| faults.strike(seen(method, "/nodes/pve1/qemu")).is_some();
        assert!(!strike("POST"));
        assert!(!strike("GET"));
        assert!(strike("POST"));
        assert!(!strike("POST"));
    }

    #[test]
    fn every_second_request_is_hit() {
        let text = "{ match: { method: GET, every: 2 }, when: after, effect: delay }";
        let mut faults = Faults::new(vec![fault(text)]);
        let hits = (1..=5).filter(|_| faults.strike(seen("GET", "/version")).is_some());
        assert_eq!(hits.collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn a_moment_is_hit_once() {
        let text = "{ at: { machine: cp01, stage: installing }, effect: power_loss }";
        let mut faults = Faults::new(vec![fault(text)]);
        let names = ["cp01".to_owned()];
        assert!(faults.strike_at(&names, "booting").is_none());
        assert!(faults.strike_at(&names, "installing").is_some());
        assert!(faults.strike_at(&names, "installing").is_none());
    }

    #[test]
    fn times_bounds_how_often() {
        let text = "{ match: { method: GET }, when: after, effect: error, times: 2 }";
        let mut faults = Faults::new(vec![fault(text)]);
        let hits = (0..5).filter(|_| faults.strike(seen("GET", "/version")).is_some());
        assert_eq!(hits.count(), 2);
    }
}
