use std::rc::Rc;

use super::resolve::resolve;

/// A parsed YAML node with its position. Aliases share what they stand for, and clones what is in
/// them, so that a small text cannot grow into a large tree before anyone counts.
#[derive(Clone)]
pub(crate) struct Node {
    pub kind: NodeKind,
    /// Counted from 1.
    pub line: usize,
}

#[derive(Clone)]
pub(crate) enum NodeKind {
    Scalar(Scalar),
    List(Rc<Vec<Node>>),
    Map(Rc<Vec<(Node, Node)>>),
    Alias(Rc<Node>),
}

/// A scalar as written.
#[derive(Clone)]
pub(crate) struct Scalar {
    pub text: String,
    /// Short form such as `!!int`; empty if the text itself decides.
    pub tag: String,
    /// Quoted or a block scalar: text, whatever it looks like.
    pub quoted: bool,
}

impl Node {
    /// The scalar as written, if this is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The scalar's text as written; empty for anything else.
    pub fn text(&self) -> &str {
        self.scalar().map_or("", |s| s.text.as_str())
    }

    /// What kind of value it is, for messages that may not show it.
    pub fn form(&self) -> &'static str {
        match &self.target().kind {
            NodeKind::Map(_) => "a mapping",
            NodeKind::List(_) => "a list",
            NodeKind::Scalar(scalar) => resolve(scalar).map_or("a text", |value| value.form()),
            NodeKind::Alias(_) => "an alias",
        }
    }

    /// The node an alias stands for, or the node itself.
    pub fn target(&self) -> &Node {
        match &self.kind {
            NodeKind::Alias(node) => node.target(),
            _ => self,
        }
    }
}
