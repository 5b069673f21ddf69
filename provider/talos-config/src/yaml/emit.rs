use super::dialect::Dialect;
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
    emit_as(value, Dialect::default())
}

/// [`emit`] as a line of Talos does it.
pub fn emit_as(value: &Value, dialect: Dialect) -> String {
    let mut writer = Writer {
        out: String::new(),
        dialect,
    };
    match value {
        Value::Map(map) if !map.is_empty() => writer.mapping(map, 0, true),
        Value::List(items) if !items.is_empty() => writer.list(items, 0, true),
        other => {
            writer.scalar(other, 0);
            if !writer.out.ends_with('\n') {
                writer.out.push('\n');
            }
        }
    }
    writer.out
}

/// The next column that is a multiple of four.
fn deeper(column: usize) -> usize {
    INDENT * ((column + INDENT) / INDENT)
}

struct Writer {
    out: String,
    dialect: Dialect,
}

impl Writer {
    /// Writes the entries with their keys at `column`; the first one where the cursor is if
    /// `inline`.
    fn mapping(&mut self, map: &Map, column: usize, inline: bool) {
        for (index, (name, value)) in map.iter().enumerate() {
            if index > 0 || !inline {
                pad(&mut self.out, column);
            }
            let simple = self.key(name, column);
            self.out.push(':');
            self.after_key(value, column, simple);
        }
    }

    /// Writes a key, and says whether it is a simple one, which stands on the line of its value.
    fn key(&mut self, name: &str, column: usize) -> bool {
        let simple = name.len() <= LONGEST_SIMPLE_KEY && !name.chars().any(style::is_break);
        let style = style::choose(name, simple, self.dialect);
        if simple {
            text(&mut self.out, name, style, column, self.dialect);
            return true;
        }
        self.out.push_str("? ");
        text(&mut self.out, name, style, deeper(column), self.dialect);
        if style != Style::Literal {
            self.out.push('\n');
        }
        pad(&mut self.out, column);
        false
    }

    /// Writes a mapping's value, which follows `:`. After a key that is not simple it begins on the same line.
    fn after_key(&mut self, value: &Value, column: usize, simple: bool) {
        match value {
            Value::Map(map) if !map.is_empty() => {
                self.open(column, simple);
                self.mapping(map, deeper(column), !simple);
            }
            Value::List(items) if !items.is_empty() => {
                self.open(column, simple);
                self.list(items, deeper(column), !simple);
            }
            other => {
                self.out.push(' ');
                self.scalar(other, deeper(column));
                newline(&mut self.out);
            }
        }
    }

    /// Goes to where the content of a value begins.
    fn open(&mut self, column: usize, simple: bool) {
        if simple {
            self.out.push('\n');
        } else {
            pad(&mut self.out, deeper(column) - column - 1);
        }
    }

    fn list(&mut self, items: &[Value], column: usize, inline: bool) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 || !inline {
                pad(&mut self.out, column);
            }
            self.out.push_str("- ");
            match item {
                Value::Map(map) if !map.is_empty() => self.mapping(map, column + 2, true),
                Value::List(items) if !items.is_empty() => self.list(items, column + 2, true),
                other => {
                    self.scalar(other, column + 2);
                    newline(&mut self.out);
                }
            }
        }
    }

    fn scalar(&mut self, value: &Value, column: usize) {
        let out = &mut self.out;
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) => out.push_str(&value.to_string()),
            Value::Float(value) => out.push_str(&format_float(*value)),
            Value::Plain(value) => out.push_str(value),
            Value::Str(value) => {
                let style = style::choose(value, false, self.dialect);
                text(out, value, style, column, self.dialect);
            }
            Value::List(_) => out.push_str("[]"),
            Value::Map(_) => out.push_str("{}"),
        }
    }
}

fn text(out: &mut String, text: &str, style: Style, column: usize, dialect: Dialect) {
    match style {
        Style::Plain => out.push_str(text),
        Style::Single => single_quoted(out, text, column),
        Style::Double => double_quoted(out, text),
        Style::Literal => literal(out, text, column, dialect),
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
fn literal(out: &mut String, text: &str, column: usize, dialect: Dialect) {
    out.push('|');
    let hint_for_breaks = matches!(dialect, Dialect::First | Dialect::Second);
    if text.starts_with(|c| c == ' ' || hint_for_breaks && style::is_break(c)) {
        out.push_str(&INDENT.to_string());
    }
    let mut from_end = text.chars().rev();
    match (from_end.next(), from_end.next()) {
        (Some(last), _) if !style::is_break(last) => out.push('-'),
        (Some(_), Some(before)) if !style::is_break(before) => {}
        _ => out.push('+'),
    }
    // The first library takes a line break at the start for the end of this line.
    if dialect != Dialect::First || !text.starts_with(style::is_break) {
        out.push('\n');
    }
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
