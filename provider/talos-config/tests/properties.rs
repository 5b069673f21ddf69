//! Laws that hold for every input, tried on random and on broken texts.
//!
//! Each law is tried ten thousand times; `TALOS_STACK_DEEP=1` tries a hundred times as many; `TALOS_STACK_FUZZ=n` feeds n broken texts,
//! from the seed `TALOS_STACK_SEED`.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "properties/cases.rs"]
mod cases;
#[path = "feed/mod.rs"]
mod feed;
#[path = "oracle/mod.rs"]
mod oracle;
#[path = "properties/patches.rs"]
mod patches;
#[path = "properties/redaction.rs"]
mod redaction;

use std::panic::catch_unwind;

use oracle::aliases;
use oracle::grammar::{Dice, Grammar};
use talos_config::document::Config;
use talos_config::tables::Line;
use talos_config::yaml;

/// A number that the caller sets in the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn what_was_written_loads_and_is_written_the_same() {
    let grammars = Line::ALL.map(Grammar::read);
    cases::hold(99, |dice, attempt| {
        let grammar = &grammars[attempt % grammars.len()];
        let fullness = *dice.pick(&[&5, &20, &60]);
        let text = grammar.document(dice, fullness, false);
        let text = Config::load(&text, grammar.line).ok()?.emit();
        // Talos writes a protocol that nobody set in a form that it does not read.
        if text.contains("Protocol(0)") {
            return None;
        }
        let again = Config::load(&text, grammar.line).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(again.emit(), text);
        Some(())
    });
}

#[test]
fn any_text_survives_as_a_value() {
    const PIECES: &[&str] = &[
        "a",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        ":",
        ": ",
        "#",
        " #",
        "-",
        "- ",
        "'",
        "\"",
        "\\",
        "|",
        ">",
        "&",
        "*",
        "!",
        "%",
        "@",
        "`",
        "{",
        "}",
        "[",
        "]",
        ",",
        "?",
        "1",
        "0x",
        ".",
        "e",
        "_",
        "~",
        "null",
        "true",
        "no",
        "<<",
        "\r",
        "\r\n",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{feff}",
        "\u{1}",
        "é",
        "🙂",
        "---",
        "...",
        "2024-01-01",
        "12:30",
    ];
    cases::hold(5, |dice, _| {
        let text: String = (0..=dice.below(8)).map(|_| dice.pick(PIECES)).collect();
        let mut map = yaml::Map::new();
        map.insert(
            "list",
            yaml::Value::List(vec![yaml::Value::from(text.as_str())]),
        );
        map.insert(text.as_str(), yaml::Value::from(text.as_str()));
        let value = yaml::Value::Map(map);
        let written = yaml::emit(&value);
        // A block that begins with blanks gets a wrong hint in Go's writer, or none: so in ours.
        let hinted = written.contains("|4") || text.starts_with('\t') && text.contains('\n');
        match yaml::parse(&written) {
            _ if hinted => None,
            Ok(read) if read.len() == 1 && same(&read[0], &value) => Some(()),
            Ok(read) => panic!("{text:?} became {read:?}:\n{written}"),
            Err(error) => panic!("{text:?}: {error}:\n{written}"),
        }
    });
}

/// Whether two mappings have the same entries, in any order.
fn same(a: &yaml::Value, b: &yaml::Value) -> bool {
    let (a, b) = (a.as_map().unwrap(), b.as_map().unwrap());
    a.len() == b.len() && a.iter().all(|(key, value)| b.get(key) == Some(value))
}

#[test]
fn broken_texts_are_refused_and_nothing_else() {
    let vectors: Vec<_> = Line::ALL.into_iter().flat_map(oracle::vectors).collect();
    let texts: Vec<&str> = vectors
        .iter()
        .map(|v| v.config.as_str())
        .filter(|t| t.len() < 4000)
        .collect();
    let (inputs, seed) = (number("TALOS_STACK_FUZZ"), number("TALOS_STACK_SEED"));
    let mut dice = Dice::new(17 + seed.unwrap_or_default());
    for _ in 0..inputs.unwrap_or_else(|| cases::wanted() as u64) {
        let mut bytes = dice.pick(&texts).as_bytes().to_vec();
        for _ in 0..=dice.below(4) {
            spoil(&mut bytes, &mut dice);
        }
        let line = Line::ALL[dice.below(Line::ALL.len())];
        let fed = catch_unwind(|| feed::feed(&bytes, line));
        assert!(
            fed.is_ok(),
            "Talos {line}: {:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

/// Texts that refer to themselves again and again end soon, and nothing is too deep.
#[test]
fn texts_of_aliases_and_merge_keys_are_read_or_refused() {
    let mut dice = Dice::new(23);
    let mut loaded = 0;
    for _ in 0..cases::wanted() {
        let line = Line::ALL[dice.below(Line::ALL.len())];
        let most = if dice.chance(3) { 40 } else { 8 };
        let (levels, width) = (1 + dice.below(most), 1 + dice.below(most));
        let text = aliases::config(&mut dice, levels, width);
        loaded += usize::from(Config::load(&text, line).is_ok());
        feed::feed(text.as_bytes(), line);
    }
    assert!(loaded > cases::wanted() / 10, "only {loaded} loaded");
    for (levels, width) in [(18, 2), (10, 4), (5, 20), (3, 100)] {
        for text in aliases::growing(levels, width) {
            let error = Config::load(&text, Line::NEWEST).err().unwrap();
            assert_eq!(error.message, "aliases expand to too much");
            feed::feed(text.as_bytes(), Line::NEWEST);
        }
    }
}

fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    const SIGNS: &[u8] = b"{}[]:,-#&*!|>'\"%@`?~<\n\t \\0\x00\xff\xc2x1";
    const PIECES: &[&str] = &[
        "&a ", "*a", "<<: *a", "<<: {", "\n<<: ", "!!str ", "!t,", "\"\\u",
    ];
    if bytes.is_empty() {
        return;
    }
    let at = dice.below(bytes.len());
    match dice.below(5) {
        4 => drop(bytes.splice(at..at, dice.pick(PIECES).bytes())),
        0 => bytes[at] = SIGNS[dice.below(SIGNS.len())],
        1 => bytes.insert(at, SIGNS[dice.below(SIGNS.len())]),
        2 => bytes.truncate(at),
        _ => {
            let end = (at + dice.below(20)).min(bytes.len());
            let part = bytes[at..end].to_vec();
            let to = dice.below(bytes.len());
            bytes.splice(to..to, part);
        }
    }
}
