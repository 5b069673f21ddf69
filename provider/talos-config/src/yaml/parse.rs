use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use libyaml_safer::{Encoding, EventData, Parser, ScalarStyle};

use super::budget::Budget;
use super::characters;
use super::free::to_value;
use super::node::{Node, NodeKind, Scalar};
use super::path::Step;
use super::quiet::quietly;
use super::value::Value;

/// How deep a document may nest, with its aliases expanded. Talos's reader stops at 10000 levels,
/// real configurations at 15.
pub(crate) const MAX_DEPTH: usize = 200;

/// Text that is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Counted from 1; 0 if unknown.
    pub line: usize,
    /// Counted from 1; 0 if unknown.
    pub column: usize,
    /// What is wrong, without any of the text.
    pub message: String,
    /// Which document of the stream, counted from 1.
    pub(crate) document: usize,
    /// How far into the document the reader had come.
    pub(crate) path: Vec<Step>,
}

impl ParseError {
    pub(crate) fn at(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            column: 0,
            message: message.into(),
            document: 1,
            path: Vec::new(),
        }
    }

    /// The same error, seen from one level further up.
    pub(super) fn within(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "not YAML: {}", self.message),
            (line, 0) => write!(f, "not YAML at line {line}: {}", self.message),
            (line, column) => write!(
                f,
                "not YAML at line {line}, column {column}: {}",
                self.message
            ),
        }
    }
}

impl std::error::Error for ParseError {}

/// Every document of a stream as a tree, without any schema.
pub fn parse(text: &str) -> Result<Vec<Value>, ParseError> {
    let mut budget = Budget::default();
    parse_nodes(text)?
        .iter()
        .enumerate()
        .map(|(index, node)| {
            to_value(node, &mut budget).map_err(|error| ParseError {
                document: index + 1,
                ..error
            })
        })
        .collect()
}

/// Every document of a stream as nodes.
pub(crate) fn parse_nodes(text: &str) -> Result<Vec<Node>, ParseError> {
    characters::check(text)?;
    parse_allowed(text)
}

/// [`parse_nodes`] of a text with none but YAML's characters.
pub(super) fn parse_allowed(text: &str) -> Result<Vec<Node>, ParseError> {
    // The library takes the first byte of some other characters for that of a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes();
    let mut input = text;
    let mut reader = Reader {
        parser: parser(&mut input),
        text,
        anchors: HashMap::new(),
        line: 0,
        depth: 0,
        deepest: 0,
    };
    reader.stream()
}

/// A parser of UTF-8 text.
pub(super) fn parser<'r>(input: &'r mut &'r [u8]) -> Parser<&'r mut &'r [u8]> {
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input_string(input);
    parser
}

struct Reader<'r> {
    parser: Parser<&'r mut &'r [u8]>,
    text: &'r [u8],
    /// `None` while the anchored node is still being read.
    anchors: HashMap<String, Option<Anchored>>,
    /// Of the last event.
    line: usize,
    depth: usize,
    /// The deepest level within the node that is being read, aliases expanded.
    deepest: usize,
}

/// What aliases refer to.
struct Anchored {
    node: Rc<Node>,
    /// How many levels it has, aliases expanded; at least 1.
    height: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<(EventData, usize), ParseError> {
        // The library panics on some tags and escapes that it does not understand.
        let parser = &mut self.parser;
        let event = quietly(|| parser.parse())
            .ok_or_else(|| ParseError::at(self.line, "something after this line cannot be read"))?
            .map_err(|error| syntax(&error, self.text))?;
        self.line = number(event.start_mark.line) + 1;
        let (start, end) = (number(event.start_mark.index), number(event.end_mark.index));
        // Newer readers take it for a part of the text, this one for a key: it must not be another value in silence.
        if start < end && byte_before(self.text, start) == Some(b'?') {
            let message = "a text that begins with ? needs quotes within [ ] and { }";
            return Err(ParseError::at(self.line, message));
        }
        Ok((event.data, self.line))
    }

    fn stream(&mut self) -> Result<Vec<Node>, ParseError> {
        let mut documents = Vec::new();
        while let Some(document) = self.document().map_err(|error| ParseError {
            document: documents.len() + 1,
            ..error
        })? {
            documents.push(document);
        }
        Ok(documents)
    }

    /// The next document; `None` at the end of the stream.
    fn document(&mut self) -> Result<Option<Node>, ParseError> {
        loop {
            let (event, line) = self.next()?;
            match event {
                EventData::StreamEnd => return Ok(None),
                EventData::DocumentStart {
                    version_directive: Some(version),
                    ..
                } if (version.major, version.minor) != (1, 1) => {
                    return Err(ParseError::at(
                        line,
                        "only YAML 1.1 may be asked for by a directive",
                    ));
                }
                // Anchors live on: Talos's reader keeps them for the documents that follow.
                EventData::StreamStart { .. }
                | EventData::DocumentStart { .. }
                | EventData::DocumentEnd { .. } => {}
                event => return self.node(event, line).map(Some),
            }
        }
    }

    fn node(&mut self, event: EventData, line: usize) -> Result<Node, ParseError> {
        self.depth += 1;
        let outside = std::mem::take(&mut self.deepest);
        self.reach(self.depth, line)?;
        let node = match event {
            EventData::Alias { anchor } => self.alias(&anchor, line)?,
            EventData::Scalar {
                anchor,
                tag,
                value,
                style,
                ..
            } => {
                let quoted = !matches!(style, ScalarStyle::Plain | ScalarStyle::Any);
                let scalar = Scalar {
                    text: value,
                    tag: short_tag(tag),
                    quoted,
                };
                self.anchored(
                    anchor,
                    Node {
                        kind: NodeKind::Scalar(scalar),
                        line,
                    },
                )
            }
            EventData::SequenceStart { anchor, .. } => {
                self.reserve(anchor.as_deref());
                let kind = NodeKind::List(Rc::new(self.items()?));
                self.anchored(anchor, Node { kind, line })
            }
            EventData::MappingStart { anchor, .. } => {
                self.reserve(anchor.as_deref());
                let kind = NodeKind::Map(Rc::new(self.entries()?));
                self.anchored(anchor, Node { kind, line })
            }
            _ => return Err(ParseError::at(line, "a value was expected")),
        };
        self.depth -= 1;
        self.deepest = self.deepest.max(outside);
        Ok(node)
    }

    fn reach(&mut self, level: usize, line: usize) -> Result<(), ParseError> {
        if level > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(ParseError::at(line, message));
        }
        self.deepest = self.deepest.max(level);
        Ok(())
    }

    fn items(&mut self) -> Result<Vec<Node>, ParseError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (EventData::SequenceEnd, _) => return Ok(items),
                (event, line) => {
                    let item = self.node(event, line);
                    items.push(item.map_err(|error| error.within(Step::Index(items.len())))?);
                }
            }
        }
    }

    fn entries(&mut self) -> Result<Vec<(Node, Node)>, ParseError> {
        let mut entries = Vec::new();
        loop {
            match self.next()? {
                (EventData::MappingEnd, _) => return Ok(entries),
                (event, line) => {
                    let key = self.node(event, line)?;
                    let value = self.value();
                    let value = value.map_err(|error| error.within(Step::key(key.text())))?;
                    entries.push((key, value));
                }
            }
        }
    }

    /// What comes after a key.
    fn value(&mut self) -> Result<Node, ParseError> {
        let (event, line) = self.next()?;
        self.node(event, line)
    }

    fn alias(&mut self, anchor: &str, line: usize) -> Result<Node, ParseError> {
        match self.anchors.get(anchor) {
            Some(Some(Anchored { node, height })) => {
                let kind = NodeKind::Alias(Rc::clone(node));
                let level = self.depth + height - 1;
                self.reach(level, line)?;
                Ok(Node { kind, line })
            }
            // The name is not told: it may be a secret that begins with `*`.
            Some(None) => Err(ParseError::at(
                line,
                "this alias is within its own anchor; a text that begins with * needs quotes",
            )),
            None => Err(ParseError::at(
                line,
                "no anchor of this alias before it; a text that begins with * needs quotes",
            )),
        }
    }

    fn reserve(&mut self, anchor: Option<&str>) {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor.to_owned(), None);
        }
    }

    fn anchored(&mut self, anchor: Option<String>, node: Node) -> Node {
        if let Some(anchor) = anchor {
            let anchored = Anchored {
                node: Rc::new(node.clone()),
                height: self.deepest + 1 - self.depth,
            };
            self.anchors.insert(anchor, Some(anchored));
        }
        node
    }
}

fn number(n: u64) -> usize {
    usize::try_from(n).unwrap_or_default()
}

fn byte_before(text: &[u8], at: usize) -> Option<u8> {
    text.get(at.checked_sub(1)?).copied()
}

fn syntax(error: &libyaml_safer::Error, text: &[u8]) -> ParseError {
    let mark = error.problem_mark().or_else(|| error.context_mark());
    let colon = mark.is_some_and(|mark| text.get(number(mark.index)) == Some(&b':'));
    let message = match error.problem() {
        "did not find expected node content" if colon => {
            "a text that begins with : needs quotes within [ ] and { }"
        }
        other => other,
    };
    ParseError {
        column: mark.map_or(0, |m| number(m.column) + 1),
        ..ParseError::at(mark.map_or(0, |m| number(m.line) + 1), message)
    }
}

fn short_tag(tag: Option<String>) -> String {
    let tag = tag.unwrap_or_default();
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(rest) => format!("!!{rest}"),
        None if tag == "!" => String::new(),
        None => tag,
    }
}
