//! Every patch of the vectors is set, set again, and taken back: nothing is doubled, and what is
//! left equals what was there before, byte for byte.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::OnceLock;

use serde::Deserialize;
use talos_config::document::{Config, LoadError};
use talos_config::merge::{Patch, PatchError};
use talos_config::ownership::{Drift, OnConflict, OnForeign, PatchOutcome, Record};
use talos_config::ownership::{patch, three_way};
use talos_config::tables::Line;

const LINE: Line = Line::V1_12;

#[derive(Deserialize)]
struct Vector {
    name: String,
    op: String,
    #[serde(default)]
    config: String,
    #[serde(default)]
    patches: Vec<String>,
    #[serde(default)]
    output: String,
}

struct Story {
    name: String,
    is_json: bool,
    base: Config,
    patches: Vec<Patch>,
    official: String,
}

#[derive(Debug)]
struct Failure(#[expect(dead_code, reason = "shown where a test fails")] String);

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self(error.to_string())
    }
}

impl From<PatchError> for Failure {
    fn from(error: PatchError) -> Self {
        Self(error.to_string())
    }
}

/// Patches that Talos itself merges differently, or refuses, where they are merged already: items
/// of one name twice in the patch, a deletion of the first of many, values that cannot be merged.
const NOT_REPEATABLE: [&str; 8] = [
    "admission-merge",
    "admission-null",
    "config-files",
    "delete-file-mode",
    "endpoint-user",
    "free-form",
    "install-selector-size",
    "vlan-null",
];

/// The vectors that official Talos accepts, and whose result it reads again.
fn stories() -> &'static [Story] {
    static STORIES: OnceLock<Vec<Story>> = OnceLock::new();
    STORIES.get_or_init(read_stories)
}

fn read_stories() -> Vec<Story> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/talos-1.12.jsonl.gz"
    );
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap());
    reader.read_to_string(&mut text).unwrap();
    let vectors: Vec<Vector> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // A configuration may be given as the name of the vector that made or loaded it.
    let texts: HashMap<String, String> = vectors
        .iter()
        .map(|vector| {
            let text = if vector.output.is_empty() {
                &vector.config
            } else {
                &vector.output
            };
            (vector.name.clone(), text.clone())
        })
        .collect();
    let stories: Vec<Story> = vectors
        .into_iter()
        .filter(|vector| vector.op == "patch" && !vector.output.is_empty())
        .filter_map(|vector| {
            let reference = vector.config.strip_prefix('@');
            let text = reference.map_or(&vector.config, |name| &texts[name]);
            let base = Config::load(text, LINE).ok()?;
            let patches = vector
                .patches
                .iter()
                .map(|text| Patch::load(text, LINE).ok());
            let patches = patches.collect::<Option<Vec<_>>>()?;
            base.clone().apply_patches(&patches).ok()?;
            Config::load(&vector.output, LINE)
                .ok()?
                .document("v1alpha1")?;
            Some(Story {
                is_json: vector.patches.iter().any(|text| is_json(text)),
                name: vector.name,
                base,
                patches,
                official: vector.output,
            })
        })
        .collect();
    assert!(stories.len() > 300, "only {} vectors", stories.len());
    stories
}

/// A list of operations instead of a document.
fn is_json(patch: &str) -> bool {
    patch.trim_start().starts_with(['[', '-'])
}

fn set(live: &Config, record: &Record, patches: &[Patch]) -> PatchOutcome {
    try_set(live, record, patches).unwrap()
}

fn try_set(live: &Config, record: &Record, patches: &[Patch]) -> Result<PatchOutcome, Failure> {
    let stored = serde_json::to_string(record).unwrap();
    let record: Record = serde_json::from_str(&stored).unwrap();
    let lay = |config: &mut Config| -> Result<(), Failure> {
        config.apply_patches_again(patches)?;
        Ok(())
    };
    patch(live, &record, lay, OnForeign::Error)
}

fn assert_same(name: &str, what: &str, ours: &Config, wanted: &str) {
    let ours = ours.emit();
    let differs = ours.lines().zip(wanted.lines()).find(|(a, b)| a != b);
    assert!(ours == wanted, "{name}: {what}: {differs:?}");
}

#[test]
fn first_application_is_what_talos_makes_of_it() {
    let stories = stories();
    let same = |story: &&Story| {
        let outcome = try_set(&story.base, &Record::default(), &story.patches)
            .unwrap_or_else(|failure| panic!("{}: {failure:?}", story.name));
        outcome.result.emit() == story.official
    };
    // Items that are there already are not added again; in all else there is no difference.
    let same = stories.iter().filter(same).count();
    assert!(same * 10 > stories.len() * 9, "{same} of {}", stories.len());
}

#[test]
fn patches_leave_no_trace() {
    for Story {
        name,
        base,
        patches,
        ..
    } in stories()
    {
        let first = try_set(base, &Record::default(), patches)
            .unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        let removed = set(&first.result, &first.record, &[]);
        assert_same(name, "after removal", &removed.result, &base.emit());
        assert!(
            removed.record.is_empty() && removed.kept.is_empty(),
            "{name}"
        );
    }
}

#[test]
fn patches_set_again_change_nothing() {
    for Story {
        name,
        base,
        patches,
        ..
    } in stories()
    {
        let first = set(base, &Record::default(), patches);
        let again = set(&first.result, &first.record, patches);
        assert_same(name, "set again", &again.result, &first.result.emit());
        assert!(again.changes.is_empty() && again.drift.is_empty(), "{name}");
        assert!(
            again.conflicts.is_empty() && again.record == first.record,
            "{name}"
        );
    }
}

#[test]
fn lost_records_do_not_double_anything() {
    let mut different = Vec::new();
    let stories = stories();
    // A JSON patch says what to do, not what shall be: what it removed cannot be removed again.
    let is_repeatable = |story: &&Story| {
        !story.is_json && !NOT_REPEATABLE.iter().any(|name| story.name.contains(name))
    };
    for Story {
        name,
        base,
        patches,
        ..
    } in stories.iter().filter(is_repeatable)
    {
        let first = set(base, &Record::default(), patches);
        match try_set(&first.result, &Record::default(), patches) {
            Ok(lost) if lost.result == first.result => {}
            Ok(_) => different.push(name.clone()),
            Err(failure) => different.push(format!("{name}: {failure:?}")),
        }
    }
    assert!(
        different.is_empty(),
        "{} of {}: {different:#?}",
        different.len(),
        stories.len()
    );
}

/// Some patches of the same configuration, two by two.
fn pairs(stories: &[Story]) -> impl Iterator<Item = &[Story]> {
    let pairs = stories
        .windows(2)
        .filter(|pair| pair[0].base == pair[1].base);
    pairs.step_by(3)
}

#[test]
fn owners_that_leave_in_reverse_leave_no_trace() {
    let stories = stories();
    for pair in pairs(stories) {
        let [one, two] = pair else { continue };
        let first = set(&one.base, &Record::default(), &one.patches);
        let mut trial = first.result.clone();
        if trial.apply_patches_again(&two.patches).is_err() {
            continue;
        }
        let second = set(&first.result, &Record::default(), &two.patches);
        let name = format!("{} then {}", one.name, two.name);
        let back = set(&second.result, &second.record, &[]);
        assert_same(
            &name,
            "second taken back",
            &back.result,
            &first.result.emit(),
        );
        let back = set(&back.result, &first.record, &[]);
        assert_same(&name, "first taken back", &back.result, &one.base.emit());
    }
}

#[test]
fn replacing_one_patch_by_another_is_like_having_had_only_that() {
    let stories = stories();
    for pair in pairs(stories) {
        let [one, two] = pair else { continue };
        let first = set(&one.base, &Record::default(), &one.patches);
        let replaced = set(&first.result, &first.record, &two.patches);
        let only = set(&one.base, &Record::default(), &two.patches);
        let name = format!("{} replaced by {}", one.name, two.name);
        let trouble = (&replaced.conflicts, &replaced.kept);
        assert!(
            trouble.0.is_empty() && trouble.1.is_empty(),
            "{name}: {trouble:?}"
        );
        assert_same(&name, "replaced", &replaced.result, &only.result.emit());
    }
}

/// The apply stage writes a base that changes while a patch stage's patches are on.
#[test]
fn base_changes_under_patches_and_both_survive() {
    for Story {
        name,
        base,
        patches,
        ..
    } in stories()
    {
        let mut desired = base.clone();
        let change = "machine: {nodeAnnotations: {from-the-base: 'yes'}}";
        let change = Patch::load(change, LINE)
            .map_err(|e| e.to_string())
            .unwrap();
        // Where a patch takes all of `machine` away, the base and it cannot both have their way.
        let takes_all = ["delete-main", "whole-document"];
        let takes_all = takes_all.iter().any(|part| name.contains(part));
        if desired.apply_patches(&[change]).is_err() || takes_all {
            continue;
        }
        let patched = set(base, &Record::default(), patches);
        let live = &patched.result;
        let applied = three_way(Some(base), &desired, live, OnConflict::Error, Drift::Report);
        let applied = applied.map_err(|e| e.to_string()).unwrap();
        assert!(
            applied.conflicts.is_empty(),
            "{name}: {:?}",
            applied.conflicts
        );
        let again = set(&applied.result, &patched.record, patches);
        assert_same(name, "patches stay", &again.result, &applied.result.emit());
        let removed = set(&applied.result, &patched.record, &[]);
        assert_same(name, "base stays", &removed.result, &desired.emit());
    }
}
