//! Values with where they stand in the text, for those who change a text and keep its layout.

use std::ops::Range;

use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};

use super::characters;
use super::parse::{MAX_DEPTH, parser};
use super::quiet::quietly;

/// A value and the bytes that it takes, with its anchor and tag.
pub(crate) struct Spanned {
    pub(crate) at: Range<usize>,
    pub(crate) anchor: Option<String>,
    pub(crate) kind: SpannedKind,
}

/// What stands there.
pub(crate) enum SpannedKind {
    Scalar {
        text: String,
        /// A block with `|`: its lines are those of the text.
        literal: bool,
    },
    List(Vec<Spanned>),
    Map(Vec<(Spanned, Spanned)>),
    Alias(String),
}

impl Spanned {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            SpannedKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// The document that `text` is; `None` if it is not exactly one.
pub(crate) fn spans(text: &str) -> Option<Spanned> {
    characters::check(text).ok()?;
    if text.starts_with('\u{feff}') {
        return None;
    }
    let mut input = text.as_bytes();
    let parser = parser(&mut input);
    Reader { parser }.document()
}

struct Reader<'r> {
    parser: Parser<&'r mut &'r [u8]>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Event> {
        let parser = &mut self.parser;
        quietly(|| parser.parse())?.ok()
    }

    fn document(&mut self) -> Option<Spanned> {
        let mut root = None;
        loop {
            let event = self.next()?;
            match event.data {
                EventData::StreamEnd => return root,
                EventData::StreamStart { .. }
                | EventData::DocumentStart { .. }
                | EventData::DocumentEnd { .. } => {}
                _ if root.is_some() => return None,
                _ => root = Some(self.value(event, 1)?),
            }
        }
    }

    fn value(&mut self, event: Event, depth: usize) -> Option<Spanned> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = place(&event.start_mark)?;
        let end = place(&event.end_mark)?;
        let (anchor, kind, end) = match event.data {
            EventData::Alias { anchor } => (None, SpannedKind::Alias(anchor), end),
            EventData::Scalar {
                anchor,
                value: text,
                style,
                ..
            } => {
                let literal = style == ScalarStyle::Literal;
                (anchor, SpannedKind::Scalar { text, literal }, end)
            }
            EventData::SequenceStart { anchor, .. } => {
                let (items, end) = self.items(end, depth)?;
                (anchor, SpannedKind::List(items), end)
            }
            EventData::MappingStart { anchor, .. } => {
                let (entries, end) = self.entries(end, depth)?;
                (anchor, SpannedKind::Map(entries), end)
            }
            _ => return None,
        };
        let at = start..end.max(start);
        Some(Spanned { at, anchor, kind })
    }

    fn items(&mut self, mut end: usize, depth: usize) -> Option<(Vec<Spanned>, usize)> {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if event.data == EventData::SequenceEnd {
                return Some((items, close(&event, end)?));
            }
            let item = self.value(event, depth + 1)?;
            end = item.at.end;
            items.push(item);
        }
    }

    fn entries(
        &mut self,
        mut end: usize,
        depth: usize,
    ) -> Option<(Vec<(Spanned, Spanned)>, usize)> {
        let mut entries = Vec::new();
        loop {
            let event = self.next()?;
            if event.data == EventData::MappingEnd {
                return Some((entries, close(&event, end)?));
            }
            let key = self.value(event, depth + 1)?;
            let event = self.next()?;
            let value = self.value(event, depth + 1)?;
            end = value.at.end.max(key.at.end);
            entries.push((key, value));
        }
    }
}

/// Where a collection ends: at its bracket, or else with its last value, for the mark of the end
/// of a block is that of what comes next.
fn close(event: &Event, last: usize) -> Option<usize> {
    let (start, end) = (place(&event.start_mark)?, place(&event.end_mark)?);
    Some(if end > start { end } else { last })
}

fn place(mark: &Mark) -> Option<usize> {
    usize::try_from(mark.index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves<'a>(text: &'a str, value: &Spanned, out: &mut Vec<&'a str>) {
        match &value.kind {
            SpannedKind::List(items) => items.iter().for_each(|item| leaves(text, item, out)),
            SpannedKind::Map(entries) => entries.iter().for_each(|(key, value)| {
                leaves(text, key, out);
                leaves(text, value, out);
            }),
            _ => out.push(&text[value.at.clone()]),
        }
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "ä: 'ö'\nb: &x !!str |\n  one\n  two\nc: [*x, \"d\n  e\"]\nf: g\n  h\n";
        let root = spans(text).unwrap();
        let mut found = Vec::new();
        leaves(text, &root, &mut found);
        let found: Vec<&str> = found.into_iter().map(str::trim_end).collect();
        let block = "&x !!str |\n  one\n  two";
        let wanted = [
            "ä",
            "'ö'",
            "b",
            block,
            "c",
            "*x",
            "\"d\n  e\"",
            "f",
            "g\n  h",
        ];
        assert_eq!(found, wanted);
        assert_eq!(&text[root.at], text.trim_end());
    }

    #[test]
    fn what_is_no_single_document_has_no_places() {
        for text in ["", "a: b\n---\nc: d\n", "a: [", "\u{feff}a: b"] {
            assert!(spans(text).is_none(), "{text}");
        }
        assert!(spans(&"[".repeat(10_000)).is_none());
    }
}
