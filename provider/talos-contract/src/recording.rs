//! The transcript that the repository keeps, and how another one is judged by it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::{Answered, Transcript};

/// What real machines answered, and where the lab is meant to differ.
pub struct Recording {
    /// The answers of real machines.
    pub transcript: Transcript,
    differences: Vec<Difference>,
}

/// A difference that is meant to be.
struct Difference {
    exchange: String,
    place: String,
}

/// How a transcript compares.
#[derive(Debug)]
pub struct Verdict {
    /// Exchanges that are equal in everything.
    pub equal: usize,
    /// Exchanges whose every difference is meant to be.
    pub meant: usize,
    /// What is wrong, a line each.
    pub wrong: Vec<String>,
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/recordings"))
}

const TRANSCRIPT: &str = "talos-1.12.json";
const DIFFERENCES: &str = "differences.txt";

impl Recording {
    /// The recording of Talos 1.12.
    pub fn read() -> Self {
        let read = |name: &str| std::fs::read_to_string(folder().join(name)).unwrap();
        let transcript = serde_json::from_str(&read(TRANSCRIPT)).unwrap();
        Self {
            transcript,
            differences: read(DIFFERENCES).lines().filter_map(difference).collect(),
        }
    }

    /// Keeps a transcript in place of the one that is there.
    pub fn write(transcript: &Transcript) {
        let text = serde_json::to_string_pretty(transcript).unwrap();
        std::fs::write(folder().join(TRANSCRIPT), text + "\n").unwrap();
    }

    /// Judges machines that are to be as recorded, without exceptions.
    pub fn judge_strictly(&self, other: &Transcript) -> Verdict {
        judge(&self.transcript, other, &[])
    }

    /// Judges the lab's machines.
    pub fn judge(&self, other: &Transcript) -> Verdict {
        judge(&self.transcript, other, &self.differences)
    }
}

/// A line of the table: exchange, place, reason; none for comments.
fn difference(line: &str) -> Option<Difference> {
    if line.trim().is_empty() || line.starts_with('#') {
        return None;
    }
    let parts: Vec<&str> = line.split(" | ").map(str::trim).collect();
    let [exchange, place, reason] = parts.as_slice() else {
        panic!("differences.txt: {line:?} is not `exchange | place | reason`");
    };
    assert!(
        !reason.is_empty(),
        "{exchange}: a difference needs a reason"
    );
    Some(Difference {
        exchange: (*exchange).to_owned(),
        place: (*place).to_owned(),
    })
}

fn judge(recorded: &Transcript, other: &Transcript, meant: &[Difference]) -> Verdict {
    let mut verdict = Verdict {
        equal: 0,
        meant: 0,
        wrong: Vec::new(),
    };
    let mut used = vec![false; meant.len()];
    for (one, own) in pairs(recorded, other) {
        let (Some(one), Some(own)) = (one, own) else {
            let (name, who) = match (one, own) {
                (Some(one), _) => (&one.name, "only recorded"),
                (_, Some(own)) => (&own.name, "not recorded"),
                _ => continue,
            };
            verdict.wrong.push(format!("{name}: {who}"));
            continue;
        };
        let found = differences(one, own);
        let mut wrong = Vec::new();
        for (place, line) in &found {
            let entry = meant.iter().position(|known| {
                ["*", &one.name].contains(&known.exchange.as_str()) && covers(&known.place, place)
            });
            match entry {
                Some(entry) => used[entry] = true,
                None => wrong.push(format!("{}: {line}", one.name)),
            }
        }
        match (found.is_empty(), wrong.is_empty()) {
            (true, _) => verdict.equal += 1,
            (false, true) => verdict.meant += 1,
            (false, false) => verdict.wrong.extend(wrong),
        }
    }
    for (entry, _) in meant.iter().zip(used).filter(|(_, used)| !used) {
        verdict.wrong.push(format!(
            "differences.txt: {} | {} differs no longer: remove the line",
            entry.exchange, entry.place
        ));
    }
    verdict
}

/// Exchanges of the same name.
fn pairs<'a>(
    recorded: &'a Transcript,
    other: &'a Transcript,
) -> Vec<(Option<&'a Answered>, Option<&'a Answered>)> {
    let own: BTreeMap<&str, &Answered> = by_name(other);
    let names = by_name(recorded);
    let there = recorded.exchanges.iter();
    let there = there.map(|one| (Some(one), own.get(one.name.as_str()).copied()));
    let more = other.exchanges.iter();
    let more = more.filter(|one| !names.contains_key(one.name.as_str()));
    there.chain(more.map(|one| (None, Some(one)))).collect()
}

fn by_name(transcript: &Transcript) -> BTreeMap<&str, &Answered> {
    let all = transcript.exchanges.iter();
    let named: BTreeMap<&str, &Answered> = all.map(|one| (one.name.as_str(), one)).collect();
    assert_eq!(
        named.len(),
        transcript.exchanges.len(),
        "two exchanges have one name"
    );
    named
}

/// Whether a place of the table is this place, or one above it; `*` is any name or number, and
/// alone every place.
fn covers(known: &str, place: &str) -> bool {
    let mut parts = place.split('/');
    let mut known = known.split('/');
    known.all(|known| {
        parts
            .next()
            .is_some_and(|part| ["*", part].contains(&known))
    })
}

/// Places that differ, with a line for people.
fn differences(one: &Answered, other: &Answered) -> Vec<(String, String)> {
    let value = |answered: &Answered| serde_json::to_value(answered).unwrap();
    let mut found = Vec::new();
    walk(&value(one), &value(other), String::new(), &mut found);
    found
}

fn walk(one: &Value, other: &Value, place: String, found: &mut Vec<(String, String)>) {
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            let names: std::collections::BTreeSet<&String> =
                ones.keys().chain(others.keys()).collect();
            for name in names {
                let member = |of: &serde_json::Map<String, Value>| {
                    of.get(name.as_str()).cloned().unwrap_or_default()
                };
                walk(
                    &member(ones),
                    &member(others),
                    format!("{place}/{name}"),
                    found,
                );
            }
        }
        (Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => {
            for (index, (one, other)) in ones.iter().zip(others).enumerate() {
                walk(one, other, format!("{place}/{index}"), found);
            }
        }
        _ if one == other => {}
        _ => {
            let line = format!("{place}\n    recorded: {one}\n    answered: {other}");
            found.push((place, line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn transcript(answer: Value) -> Transcript {
        let answered = Answered {
            name: "version".to_owned(),
            who: "os:admin".to_owned(),
            method: "m".to_owned(),
            code: "Ok".to_owned(),
            message: String::new(),
            answers: vec![answer],
        };
        Transcript {
            talos: "v1.12.6".to_owned(),
            exchanges: vec![answered],
        }
    }

    #[test]
    fn a_difference_is_found_unless_it_is_meant() {
        let (one, other) = (
            transcript(json!({ "platform": { "mode": "container" } })),
            transcript(json!({ "platform": { "mode": "metal" } })),
        );
        let verdict = judge(&one, &other, &[]);
        assert_eq!((verdict.equal, verdict.wrong.len()), (0, 1), "{verdict:?}");
        let elsewhere = [difference("version | /answers/0/plat | a container").unwrap()];
        assert_eq!(judge(&one, &other, &elsewhere).wrong.len(), 2);
        let meant = [difference("* | /answers/*/platform | a container").unwrap()];
        let verdict = judge(&one, &other, &meant);
        assert_eq!((verdict.meant, verdict.wrong.len()), (1, 0), "{verdict:?}");
    }

    #[test]
    fn an_entry_that_differs_no_longer_is_wrong() {
        let one = transcript(json!({}));
        let meant = [difference("version | /answers | a container").unwrap()];
        let verdict = judge(&one, &one.clone(), &meant);
        assert_eq!(verdict.equal, 1);
        assert!(
            verdict.wrong[0].contains("differs no longer"),
            "{verdict:?}"
        );
    }

    #[test]
    fn an_exchange_that_is_missing_is_wrong() {
        let one = transcript(json!({}));
        let none = Transcript {
            exchanges: Vec::new(),
            ..one.clone()
        };
        assert_eq!(judge(&one, &none, &[]).wrong, ["version: only recorded"]);
        assert_eq!(judge(&none, &one, &[]).wrong, ["version: not recorded"]);
    }
}
