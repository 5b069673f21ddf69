//! Text of any format, line by line.
//!
//! A word that says secret hides what follows it on its line, and the lines that belong to that:
//! deeper ones, and those up to the end of a quote. A word in doubt counts as one.

use super::super::REDACTED;
use super::address::redact_address;
use super::names::{is_secret_flag, is_secret_name, is_switch, redact_words};

/// Keys of mappings that tell the name of something, and those that hold its value.
pub(in crate::redact) const NAME_KEYS: [&str; 4] = ["name", "key", "header", "Name"];
pub(in crate::redact) const VALUE_KEYS: [&str; 5] = ["value", "values", "val", "content", "Value"];

/// What the lines before say of the next one.
#[derive(Default)]
pub(super) struct Lines {
    in_private_key: bool,
    /// In a quote that ends with this.
    quote: Option<&'static str>,
    /// Below something secret: until a line that is indented no deeper than this.
    below: Option<usize>,
    /// The next line is an argument that the one before says is secret.
    argument: bool,
    /// The last name that was told says secret.
    named: bool,
    /// The text is a Kubernetes Secret, so its data is hidden.
    pub(super) is_secret: bool,
}

/// A line that hides something.
struct Hidden<'l> {
    /// What stays.
    front: &'l str,
    value: &'l str,
}

impl Lines {
    /// Whether the next line belongs to something that began before.
    pub(super) fn is_open(&self) -> bool {
        self.in_private_key || self.quote.is_some()
    }

    /// Every line of `text`.
    pub(super) fn text(&mut self, text: &str, out: &mut String) {
        for line in text.split_inclusive('\n') {
            self.line(line, out);
        }
    }

    fn line(&mut self, line: &str, out: &mut String) {
        let body = line.trim_end_matches(['\n', '\r']);
        let end = &line[body.len()..];
        if self.belongs(body) {
            return;
        }
        let hidden = self.hidden(body);
        let shown = hidden.as_ref().map_or(body, |hidden| hidden.front);
        self.remember(shown);
        out.push_str(&redact_address(&redact_words(shown)));
        if hidden.is_some() {
            let blank = if shown.ends_with(':') { " " } else { "" };
            out.push_str(&format!("{blank}{REDACTED}"));
        }
        out.push_str(end);
    }

    /// Whether a line is nothing but a part of a secret that began before.
    fn belongs(&mut self, body: &str) -> bool {
        if self.in_private_key {
            self.in_private_key = !is_key_end(body);
            return true;
        }
        if let Some(quote) = self.quote {
            self.quote = Some(quote).filter(|quote| !closes(body, quote));
            return true;
        }
        let Some(limit) = self.below else {
            return false;
        };
        if body.trim().is_empty() || indent(body) > limit {
            return true;
        }
        self.below = None;
        false
    }

    /// What is secret of a line, and what follows from that for the next ones.
    fn hidden<'l>(&mut self, body: &'l str) -> Option<Hidden<'l>> {
        if let Some(start) = key_start(body) {
            self.in_private_key = !is_key_end(body);
            return Some(Hidden {
                front: &body[..start],
                value: "",
            });
        }
        if let Some(hidden) = data(body).filter(|_| self.is_secret) {
            self.below = Some(indent(body));
            return Some(hidden);
        }
        if std::mem::take(&mut self.argument) && !body.trim().is_empty() {
            let front = indent(body)
                + if body.trim_start().starts_with("- ") {
                    2
                } else {
                    0
                };
            return Some(Hidden {
                front: &body[..front],
                value: "",
            });
        }
        let found = [named_value(body, self.named), setting(body)];
        let hidden = found.into_iter().flatten().min_by_key(|h| h.front.len());
        if let Some(Hidden { value, .. }) = &hidden {
            self.below = Some(indent(body));
            self.quote = opens(value);
        } else if opens_block(body) {
            self.below = Some(indent(body));
        }
        hidden
    }

    /// Notes a name or an argument whose value stands on another line.
    fn remember(&mut self, body: &str) {
        let bare = bare(body);
        self.argument = is_secret_flag(bare);
        if let Some(name) = name_of(body) {
            self.named = is_secret_name(name);
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn key_start(line: &str) -> Option<usize> {
    let start = line.find("-----BEGIN ")?;
    line[start..].contains("PRIVATE KEY").then_some(start)
}

fn is_key_end(line: &str) -> bool {
    line.contains("-----END ")
}

/// A line without the mark of a list item, quotes and the comma behind it.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_prefix("- ").unwrap_or(line).trim_start();
    line.trim_end_matches([',', ']'])
        .trim_matches(['"', '\'', '['])
}

/// The name that a line such as `- name: x` tells.
fn name_of(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches(['-', ' ', '{']);
    let (key, value) = line.split_once(':')?;
    let key = key.trim().trim_matches(['"', '\'']);
    let is_name = NAME_KEYS.contains(&key);
    is_name.then(|| value.trim().trim_matches(['"', '\'', ',', '}', ' ']))
}

/// `data:` and `stringData:` of a Kubernetes Secret.
fn data(line: &str) -> Option<Hidden<'_>> {
    words(line).find_map(|(start, end)| {
        let is_data = matches!(&line[start..end], "data" | "stringData");
        let rest = line[end..].trim_start_matches(['"', '\'']).trim_start();
        let value = rest.strip_prefix(':').filter(|_| is_data)?;
        let (front, value) = if value.trim().is_empty() {
            // The data is on the lines below; the colon stays the end of this one.
            (line.len(), "")
        } else {
            (line.len() - value.trim_start().len(), value)
        };
        Some(Hidden {
            front: &line[..front],
            value,
        })
    })
}

/// The value on a line whose name stands on a line before, or on the same one.
fn named_value(line: &str, named: bool) -> Option<Hidden<'_>> {
    let mut named = named;
    for (start, end) in words(line) {
        let word = &line[start..end];
        let rest = &line[end..];
        if named && VALUE_KEYS.contains(&word) {
            let after = rest.trim_start_matches(['"', '\'']).trim_start();
            if let Some(value) = after.strip_prefix([':', '=']) {
                let value = value.trim_start();
                let front = &line[..line.len() - value.len()];
                return Some(Hidden { front, value });
            }
        }
        named |= is_secret_name(word) && !rest.trim_start().starts_with([':', '=']);
    }
    None
}

/// A line that sets a name that says secret, split before the value: `password: x`,
/// `API_TOKEN = "x"`, `"secret": "x"`, `password x`, `"--password", "x"`.
fn setting(line: &str) -> Option<Hidden<'_>> {
    words(line).find_map(|(start, end)| {
        let word = &line[start..end];
        if !is_secret_name(word) {
            return None;
        }
        let value = value_of(word, &line[end..])?;
        let front = &line[..line.len() - value.len()];
        Some(Hidden { front, value })
    })
}

/// Where the words of a line begin and end.
fn words(line: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + line[from..].find(is_name)?;
        let rest = &line[start..];
        from = start + rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        Some((start, from))
    })
}

/// The value in what follows a name, if one is set.
fn value_of<'l>(word: &str, rest: &'l str) -> Option<&'l str> {
    let after = rest.trim_start_matches(['"', '\'']);
    let blank = after.trim_start();
    let value = match blank.strip_prefix([':', '=']) {
        Some(value) => value.trim_start(),
        None if is_secret_flag(word) && blank.starts_with(',') => blank[1..].trim_start(),
        None if blank.len() < after.len() => blank,
        None => return None,
    };
    let tells = !is_switch(value) && !matches!(value, "" | "null" | "{" | "[" | "{}" | "[]");
    tells.then_some(value)
}

/// The quote that a value leaves open.
fn opens(value: &str) -> Option<&'static str> {
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let quote = quotes.into_iter().find(|quote| value.starts_with(quote))?;
    let rest = &value[quote.len()..];
    (!closes(rest, quote)).then_some(quote)
}

/// Whether a quote ends within a line: none that is escaped with `\` or doubled does.
fn closes(line: &str, quote: &str) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find(quote) {
        let escaped = rest[..at].len() - rest[..at].trim_end_matches('\\').len();
        let after = &rest[at + quote.len()..];
        let doubled = quote == "'" && after.starts_with('\'');
        if !doubled && (quote != "\"" || escaped.is_multiple_of(2)) {
            return true;
        }
        rest = if doubled { &after[1..] } else { after };
    }
    false
}

/// A line that ends with a name that says secret and a sign that its value is below.
fn opens_block(line: &str) -> bool {
    let line = line.trim_end();
    let open = line.trim_end_matches(['{', '[']).trim_end();
    let name = open.trim_end_matches([':', '=']).trim_end();
    if name.len() == line.len() {
        return false;
    }
    let name = name.trim_end_matches(['"', '\'']);
    let is_joint = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.');
    is_secret_name(name.rsplit(is_joint).next().unwrap_or_default())
}
