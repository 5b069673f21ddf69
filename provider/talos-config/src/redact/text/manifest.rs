//! Text that is a YAML or JSON document, such as a Kubernetes manifest: its secrets are found by
//! structure, and replaced where they stand.

use std::collections::HashSet;
use std::ops::Range;

use super::super::REDACTED;
use super::super::tree::{Place, secret_places};
use super::lines::Lines;
use super::redact_within;
use crate::yaml::{Spanned, SpannedKind};

pub(super) use super::super::tree::is_secret_kind;

/// The text with the secrets of its tree replaced, and those in comments.
pub(super) fn redact(text: &str, tree: &Spanned, depth: usize) -> String {
    let mut writer = Writer {
        text,
        depth,
        hidden: secret_places(tree),
        position: 0,
        out: String::with_capacity(text.len()),
    };
    writer.value(tree);
    writer.gap(text.len());
    writer.out
}

struct Writer<'t> {
    text: &'t str,
    depth: usize,
    hidden: HashSet<Place>,
    /// How much of the text is written.
    position: usize,
    out: String,
}

impl Writer<'_> {
    fn value(&mut self, value: &Spanned) {
        if self.hidden.contains(&value.at) {
            return self.replace(&value.at, REDACTED);
        }
        match &value.kind {
            SpannedKind::List(items) => items.iter().for_each(|item| self.value(item)),
            SpannedKind::Map(entries) => entries.iter().for_each(|(key, value)| {
                self.value(key);
                self.value(value);
            }),
            SpannedKind::Alias(_) => {}
            SpannedKind::Scalar { text, literal } => self.scalar(&value.at, text, *literal),
        }
    }

    /// A text within the text.
    fn scalar(&mut self, at: &Range<usize>, text: &str, literal: bool) {
        let written = &self.text[at.clone()];
        if literal {
            let head = written.find('\n').map_or(written.len(), |end| end + 1);
            let lines = redact_within(&written[head..], self.depth + 1);
            return self.replace(&(at.start + head..at.end), &lines);
        }
        let redacted = redact_within(text, self.depth + 1);
        if redacted == text {
            self.gap(at.start);
            self.out.push_str(written);
            self.position = at.end;
        } else if let Some(start) = written.find(text) {
            let start = at.start + start;
            self.replace(&(start..start + text.len()), &redacted);
        } else {
            self.replace(at, REDACTED);
        }
    }

    /// Puts another text in the place of one; line ends behind it stay.
    fn replace(&mut self, at: &Range<usize>, with: &str) {
        self.gap(at.start);
        let kept = self.text[at.clone()].trim_end().len();
        self.position = at.start + kept;
        self.out.push_str(with.trim_end());
    }

    /// What stands between values: signs, anchors, comments.
    fn gap(&mut self, end: usize) {
        let gap = &self.text[self.position.min(end)..end];
        let mut lines = Lines::default();
        for line in gap.split_inclusive('\n') {
            let start = line.find('#').unwrap_or(line.len());
            self.out.push_str(&line[..start]);
            lines.text(&line[start..], &mut self.out);
        }
        self.position = self.position.max(end);
    }
}
