//! Laws of patches that hold in official machinery: where it breaks one, the case is left out and
//! says why.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use talos_config::document::Config;
use talos_config::merge::Patch;
use talos_config::tables::Line;
use talos_config::yaml::{self, Map, Value};

use crate::cases;
use crate::oracle::{
    self,
    grammar::{Dice, Grammar, json},
};

/// A line with configurations to be patched.
struct World {
    line: Line,
    grammar: Grammar,
    bases: Vec<Config>,
}

/// That of the attempt: all lines in turn.
fn world(attempt: usize) -> &'static World {
    static WORLDS: OnceLock<Vec<World>> = OnceLock::new();
    let worlds = WORLDS.get_or_init(|| Line::ALL.into_iter().map(World::new).collect());
    &worlds[attempt % worlds.len()]
}

impl World {
    fn new(line: Line) -> Self {
        let vectors = oracle::vectors(line).into_iter();
        let generated = vectors.filter(|v| v.op == "generate" && v.error.is_empty());
        let bases = generated.map(|v| load(&v.output, line).unwrap());
        Self {
            line,
            grammar: Grammar::read(line),
            bases: bases.collect(),
        }
    }

    fn base(&self, dice: &mut Dice) -> &Config {
        &self.bases[dice.below(self.bases.len())]
    }

    /// Where it sets something in the main document, and the patch that does so.
    fn field(&self, dice: &mut Dice) -> (String, String) {
        let (section, body) = if dice.chance(70) {
            ("machine", "v1alpha1.MachineConfig")
        } else {
            ("cluster", "v1alpha1.ClusterConfig")
        };
        let fields = &self.grammar.structs[body];
        let (field, ty) = &fields[dice.below(fields.len())];
        let (key, ty) = match ty.strip_prefix("map:") {
            Some(item) => (Some(dice.pick(&["a", "b", "c"])), item),
            None => (None, ty.as_str()),
        };
        let value = self.grammar.value(ty, dice, 15, true);
        let path = ["", section, field].into_iter().chain(key);
        let path = path.collect::<Vec<_>>().join("/");
        let as_json = yaml::parse(&value).ok().and_then(|v| json(v.first()?));
        let text = match (as_json, key) {
            (Some(value), None) if dice.chance(25) => {
                format!("[{{\"op\": \"add\", \"path\": \"{path}\", \"value\": {value}}}]\n")
            }
            (_, None) => format!("{section}: {{{field}: {value}}}\n"),
            (_, Some(key)) => format!("{section}: {{{field}: {{{key}: {value}}}}}\n"),
        };
        (path, text)
    }
}

fn load(text: &str, line: Line) -> Option<Config> {
    Config::load(text, line).ok()
}

fn patched(base: &Config, patches: &[&Patch]) -> Option<Config> {
    let patches: Vec<Patch> = patches.iter().map(|patch| (*patch).clone()).collect();
    let mut config = base.clone();
    config.apply_patches(&patches).ok().map(|()| config)
}

/// The texts of its documents, in no order.
fn unordered(config: &Config) -> BTreeSet<String> {
    config.documents().iter().map(|d| d.emit()).collect()
}

/// What a random document would be, if it can be read.
fn random(world: &World, dice: &mut Dice) -> Option<(String, Patch)> {
    let fullness = *dice.pick(&[&3, &10]);
    let text = world.grammar.document(dice, fullness, true);
    let patch = Patch::load(&text, world.line).ok()?;
    Some((text, patch))
}

/// What a configuration has at most one of: the text of a random document begins with its kind, and its name if it has one.
fn identity(world: &World, text: &str) -> String {
    let Some(rest) = text.strip_prefix("{apiVersion: v1alpha1, kind: ") else {
        return "v1alpha1".to_owned();
    };
    let mut head = rest.split([',', '}']);
    let kind = head.next().unwrap_or_default();
    let named = world
        .grammar
        .kinds
        .iter()
        .any(|(known, _, named)| known == kind && *named);
    let name = head.next().filter(|_| named).unwrap_or_default();
    format!("{kind}{name}")
}

#[test]
fn patches_at_once_are_patches_one_after_the_other() {
    cases::hold(31, |dice, attempt| {
        let world = world(attempt);
        let (_, one) = random(world, dice)?;
        let (_, other) = random(world, dice)?;
        let base = world.base(dice);
        let first = patched(base, &[&one]);
        let apart = first.and_then(|first| patched(&first, &[&other]));
        let at_once = patched(base, &[&one, &other]);
        assert!(at_once == apart);
        at_once.map(drop)
    });
}

#[test]
fn patches_in_one_text_are_patches_one_after_the_other() {
    cases::hold(32, |dice, attempt| {
        let world = world(attempt);
        let (first, one) = random(world, dice)?;
        let (second, other) = random(world, dice)?;
        if identity(world, &first) == identity(world, &second) {
            return None;
        }
        let base = world.base(dice);
        let apart = patched(base, &[&one, &other])?;
        let text = format!("{first}---\n{second}");
        let joined = match Patch::load(&text, world.line) {
            Ok(joined) => joined,
            // Names in quotes and without may be the same.
            Err(error) => {
                assert!(error.message.contains("there twice"), "{error}\n{text}");
                return None;
            }
        };
        let joined = patched(base, &[&joined]);
        assert!(joined.is_some_and(|joined| joined == apart), "{text}");
        Some(())
    });
}

#[test]
fn patches_of_distinct_places_commute() {
    cases::hold(33, |dice, attempt| {
        let world = world(attempt);
        let (place, first) = world.field(dice);
        let (elsewhere, second) = world.field(dice);
        if place == elsewhere {
            return None;
        }
        commute(world, dice, &first, &second)
    });
}

#[test]
fn patches_of_distinct_documents_commute() {
    cases::hold(34, |dice, attempt| {
        let world = world(attempt);
        let mut document = || {
            let fullness = *dice.pick(&[&3, &10]);
            world.grammar.document(dice, fullness, false)
        };
        let (first, second) = (document(), document());
        if identity(world, &first) == identity(world, &second) {
            return None;
        }
        commute(world, dice, &first, &second)
    });
}

fn commute(world: &World, dice: &mut Dice, first: &str, second: &str) -> Option<()> {
    let one = Patch::load(first, world.line).ok()?;
    let other = Patch::load(second, world.line).ok()?;
    let base = world.base(dice);
    let forth = patched(base, &[&one, &other]);
    let back = patched(base, &[&other, &one]);
    let same = forth.as_ref().map(unordered) == back.as_ref().map(unordered);
    assert!(same, "Talos {}:\n{first}{second}", world.line);
    forth.map(drop)
}

#[test]
fn a_document_that_comes_and_goes_leaves_nothing() {
    cases::hold(35, |dice, attempt| {
        let world = world(attempt);
        let number = 1 + dice.below(world.grammar.kinds.len() - 1);
        let (kind, _, named) = &world.grammar.kinds[number];
        let text = world.grammar.document_of(number, dice, 10, false);
        let comes = Patch::load(&text, world.line).ok()?;
        let base = world.base(dice);
        let with = patched(base, &[&comes])?;
        let new = with.documents().len() > base.documents().len();
        let head = format!("{{apiVersion: v1alpha1, kind: {kind}, name: ");
        let name = match text.strip_prefix(&head) {
            Some(rest) => rest.split(", ").next()?,
            None if *named => return None,
            None => "",
        };
        let named = if *named {
            format!("name: {name}, ")
        } else {
            String::new()
        };
        let goes = format!("{{apiVersion: v1alpha1, kind: {kind}, {named}$patch: delete}}");
        let goes = Patch::load(&goes, world.line).unwrap();
        let without = patched(&with, &[&goes]).unwrap_or_else(|| panic!("{text}"));
        assert!(!new || without == *base, "{text}");
        new.then_some(())
    });
}

#[test]
fn a_patch_applied_again_does_no_more() {
    cases::hold(36, |dice, attempt| {
        let world = world(attempt);
        let (text, _) = random(world, dice)?;
        let patch = Patch::load(&without_lists(&text)?, world.line).ok()?;
        let mut once = world.base(dice).clone();
        let missing = once
            .apply_patches_again(std::slice::from_ref(&patch))
            .ok()?;
        let mut twice = once.clone();
        match twice.apply_patches_again(&[patch]) {
            Ok(_) => assert!(once == twice, "{text}"),
            Err(error) => {
                assert!(is_no_law(&error.error.message), "{error}\n{text}");
                return None;
            }
        }
        (missing.is_empty() && once != *world.base(dice)).then_some(())
    });
}

#[test]
fn a_patch_of_itself_changes_nothing_that_is_no_list() {
    cases::hold(37, |dice, attempt| {
        let world = world(attempt);
        let fullness = *dice.pick(&[&5, &20]);
        let config = load(&world.grammar.document(dice, fullness, false), world.line)?;
        let text = config.emit();
        let patch = Patch::load(&without_lists(&text)?, world.line).ok()?;
        if patch.is_empty() {
            return None;
        }
        let mut patched = config.clone();
        match patched.apply_patches(&[patch]) {
            Ok(()) => assert_eq!(patched.emit(), text),
            Err(error) => {
                assert!(is_no_law(&error.error.message), "{error}\n{text}");
                return None;
            }
        }
        Some(())
    });
}

/// Official machinery refuses to apply these to what they were applied to before.
fn is_no_law(message: &str) -> bool {
    // What was 1e3 is written as 1000, and then is another type. The key of a certificate that is not there is nothing to delete.
    ["null", "decimal", "with addresses", "deleted together"]
        .iter()
        .any(|known| message.contains(known))
}

/// A document without what a patch adds to or cannot change: lists, apart from interfaces, which
/// merge by name; addresses with users, and conditions for sizes.
fn without_lists(text: &str) -> Option<String> {
    let mut documents = yaml::parse(text).ok()?;
    let Some(Value::Map(map)) = documents.pop() else {
        return None;
    };
    Some(yaml::emit(&Value::Map(pruned(&map))))
}

/// Mappings of any content that a patch replaces as a whole, with lists and all.
const REPLACED: [&str; 4] = ["auditPolicy", "configuration", "overrides", "pod"];

fn pruned(map: &Map) -> Map {
    let keep = |(key, value): (&str, &Value)| {
        let value = match value {
            Value::List(items) if key == "interfaces" => Value::List(interfaces(items)?),
            Value::List(_) => return None,
            Value::Map(_) if REPLACED.contains(&key) => return None,
            Value::Map(map) => Value::Map(pruned(map)),
            Value::Str(text) if key == "size" || text.contains('@') => return None,
            other => other.clone(),
        };
        Some((key.to_owned(), value))
    };
    map.iter().filter_map(keep).collect()
}

/// Those that have a name of their own, if they are all mappings.
fn interfaces(items: &[Value]) -> Option<Vec<Value>> {
    let mut names = BTreeSet::new();
    let mut kept = Vec::new();
    for item in items {
        let map = item.as_map()?;
        let name = map.get("interface").and_then(Value::as_str);
        if name.is_some_and(|name| !name.is_empty() && names.insert(name.to_owned())) {
            kept.push(Value::Map(pruned(map)));
        }
    }
    Some(kept)
}
