//! Texts of the vectors with a character or a line too many, too few or in another place.

use super::grammar::Dice;

/// What is put in: marks of YAML, blanks, and a little that is none. Not `?` and a lone `\`, about which readers differ
/// (docs/talos-differences.md).
const PIECES: &[&str] = &[
    " ",
    "  ",
    "\n",
    "\t",
    ":",
    ": ",
    "- ",
    "-",
    "#",
    " #",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a ",
    "|",
    "|-",
    "|2",
    ">",
    ">-",
    "'",
    "\"",
    "%",
    "\\n",
    "0",
    "1",
    "~",
    "null",
    "---\n",
    "\n---\n",
    "\r\n",
    "é",
    "$patch: delete",
    "a",
    "Z",
    ".",
];

/// Few changes, so that much is still accepted.
pub fn damaged(dice: &mut Dice, text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..1 + usize::from(dice.chance(20)) {
        text = match dice.below(6) {
            0 => without(dice, &text),
            1 => lines(dice, &text),
            _ => with(dice, &text),
        };
    }
    text
}

fn place(dice: &mut Dice, text: &str) -> usize {
    let at = dice.below(text.len() + 1);
    (at..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

fn with(dice: &mut Dice, text: &str) -> String {
    let at = place(dice, text);
    format!("{}{}{}", &text[..at], dice.pick(PIECES), &text[at..])
}

fn without(dice: &mut Dice, text: &str) -> String {
    let at = place(dice, text);
    let rest = text[at..]
        .chars()
        .skip(1 + dice.below(2))
        .collect::<String>();
    format!("{}{rest}", &text[..at])
}

/// One line twice, gone, or further in.
fn lines(dice: &mut Dice, text: &str) -> String {
    let chosen = dice.below(text.lines().count().max(1));
    let way = dice.below(3);
    let mut out = String::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        match (number == chosen, way) {
            (true, 0) => out.push_str(&format!("{line}{line}")),
            (true, 1) => {}
            (true, _) => out.push_str(&format!("  {line}")),
            (false, _) => out.push_str(line),
        }
    }
    out
}
