use super::number::format_float;
use super::style::{self, Style};
use super::value::{Map, Value};

/// Columns per level of mapping.
const INDENT: usize = 4;
/// Keys longer than this (in bytes) are written in the `? key` form.
const LONGEST_SIMPLE_KEY: usize = 128;

/// The text of one document, with keys in the order in which the tree has them.
///
/// Block style, four columns a level, no line folding, `{}` and `[]` for what is empty.
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Map(map) if !map.is_empty() => mapping(&mut out, map, 0, true),
        Value::List(items) if !items.is_empty() => list(&mut out, items, 0, true),
        other => {
            scalar(&mut out, other, 0);
            if !out.ends_with('\n') {
                out.push('\n');
            }
        }
    }
    out
}

/// The next column that is a multiple of four.
fn deeper(column: usize) -> usize {
    INDENT * ((column + INDENT) / INDENT)
}

/// Writes the entries with their keys at `column`; the first one where the cursor is if `inline`.
fn mapping(out: &mut String, map: &Map, column: usize, inline: bool) {
    for (index, (name, value)) in map.iter().enumerate() {
        if index > 0 || !inline {
            pad(out, column);
        }
        key(out, name, column);
        out.push(':');
        after_key(out, value, column);
    }
}

fn key(out: &mut String, name: &str, column: usize) {
    if name.len() <= LONGEST_SIMPLE_KEY && !name.chars().any(style::is_break) {
        text(out, name, style::choose(name, true), column);
        return;
    }
    out.push_str("? ");
    let style = style::choose(name, false);
    text(out, name, style, deeper(column));
    if style != Style::Literal {
        out.push('\n');
    }
    pad(out, column);
}

/// Writes a mapping's value, which follows `:`.
fn after_key(out: &mut String, value: &Value, column: usize) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            out.push('\n');
            mapping(out, map, deeper(column), false);
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            list(out, items, deeper(column), false);
        }
        other => {
            out.push(' ');
            scalar(out, other, deeper(column));
            newline(out);
        }
    }
}

fn list(out: &mut String, items: &[Value], column: usize, inline: bool) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 || !inline {
            pad(out, column);
        }
        out.push_str("- ");
        match item {
            Value::Map(map) if !map.is_empty() => mapping(out, map, column + 2, true),
            Value::List(items) if !items.is_empty() => list(out, items, column + 2, true),
            other => {
                scalar(out, other, column + 2);
                newline(out);
            }
        }
    }
}

fn scalar(out: &mut String, value: &Value, column: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&format_float(*value)),
        Value::Plain(value) => out.push_str(value),
        Value::Str(value) => text(out, value, style::choose(value, false), column),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
}

fn text(out: &mut String, text: &str, style: Style, column: usize) {
    match style {
        Style::Plain => out.push_str(text),
        Style::Single => single_quoted(out, text, column),
        Style::Double => double_quoted(out, text),
        Style::Literal => literal(out, text, column),
    }
}

/// After a line separator of Unicode the library in Talos indents, as after any line break.
fn single_quoted(out: &mut String, text: &str, column: usize) {
    out.push('\'');
    let mut at_start = false;
    for c in text.chars() {
        let is_break = style::is_break(c);
        if at_start && !is_break {
            pad(out, column);
        }
        if c == '\'' {
            out.push(c);
        }
        out.push(c);
        at_start = is_break;
    }
    out.push('\'');
}

fn double_quoted(out: &mut String, text: &str) {
    // A text that starts with a byte order mark is escaped throughout by the library in Talos.
    let everything = text.starts_with('\u{feff}');
    out.push('"');
    for c in text.chars() {
        if !everything && c != '"' && c != '\\' && style::is_printable(c) && !style::is_break(c) {
            out.push(c);
        } else {
            escape(out, c);
        }
    }
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(c);
            out.push_str(&match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            });
            return;
        }
    };
    out.push('\\');
    out.push(short);
}

/// A `|` block. The indentation hint is the library's constant, also where the block is indented
/// by two.
fn literal(out: &mut String, text: &str, column: usize) {
    out.push('|');
    if text.starts_with(|c| c == ' ' || style::is_break(c)) {
        out.push_str(&INDENT.to_string());
    }
    let mut from_end = text.chars().rev();
    match (from_end.next(), from_end.next()) {
        (Some(last), _) if !style::is_break(last) => out.push('-'),
        (Some(_), Some(before)) if !style::is_break(before) => {}
        _ => out.push('+'),
    }
    out.push('\n');
    let mut at_start = true;
    for c in text.chars() {
        let is_break = style::is_break(c);
        if !is_break && at_start {
            pad(out, column);
        }
        out.push(c);
        at_start = is_break;
    }
    if !at_start {
        out.push('\n');
    }
}

/// Ends the line, unless a literal block has just done so.
fn newline(out: &mut String) {
    if !out.ends_with(style::is_break) {
        out.push('\n');
    }
}

fn pad(out: &mut String, column: usize) {
    out.extend(std::iter::repeat_n(' ', column));
}
