use super::SchematicError;
use super::read::Result;
use crate::document::nearest;
use crate::yaml::path::{Step, shown_path};
use crate::yaml::{
    Budget, Entry, Keys, Map, Node, NodeKind, ParseError, Resolved, entries, free, resolve,
};

/// A value of a schematic, or its absence, with the way to it. Null is absence.
pub(super) struct Place<'a> {
    path: Vec<Step>,
    /// Without the alias that it may be.
    node: Option<&'a Node>,
    /// As it is written.
    written: Option<&'a Node>,
    /// It is within what an alias expands to.
    within_alias: bool,
}

/// A mapping with known keys.
pub(super) struct Fields<'a> {
    path: Vec<Step>,
    entries: Vec<Entry<'a>>,
}

impl<'a> Place<'a> {
    pub fn root(node: &'a Node) -> Self {
        Self::new(Vec::new(), Some(node), false)
    }

    fn new(path: Vec<Step>, node: Option<&'a Node>, within_alias: bool) -> Self {
        let is_null = |node: &&Node| {
            node.scalar()
                .is_some_and(|s| resolve(s) == Ok(Resolved::Null))
        };
        Self {
            path,
            written: node,
            within_alias,
            node: node.map(Node::target).filter(|node| !is_null(node)),
        }
    }

    /// It or what it is within is an alias.
    fn aliased(&self) -> bool {
        let is_alias = |node: &Node| matches!(node.kind, NodeKind::Alias(_));
        self.within_alias || self.written.is_some_and(is_alias)
    }

    /// Accounts for what is read here, and for the alias that leads to it.
    fn count(&self, budget: &mut Budget) -> Result<()> {
        let Some(written) = self.written else {
            return Ok(());
        };
        let line = written.line;
        let counted = budget.within(self.within_alias, |budget| budget.count(line));
        let counted = counted.and_then(|()| match self.aliased() {
            true => budget.within(true, |budget| {
                budget.text(line, written.target().text())?;
                budget.count(line)
            }),
            false => Ok(()),
        });
        counted.map_err(|error| self.unreadable(error))
    }

    pub fn is_absent(&self) -> bool {
        self.node.is_none()
    }

    pub fn wrong(&self, wanted: &'static str) -> SchematicError {
        SchematicError::Value {
            path: named(&self.path),
            line: self.node.map_or(1, |node| node.line),
            wanted,
        }
    }

    /// The entries of a mapping with these keys.
    pub fn fields(&self, known: &[&str], budget: &mut Budget) -> Result<Fields<'a>> {
        let mut fields = Fields {
            path: self.path.clone(),
            entries: Vec::new(),
        };
        self.count(budget)?;
        let Some(node) = self.node else {
            return Ok(fields);
        };
        let NodeKind::Map(written) = &node.kind else {
            return Err(self.wrong("a mapping"));
        };
        fields.entries = budget
            .within(self.aliased(), |budget| entries(written, budget, Keys::Any))
            .map_err(|error| self.unreadable(error))?;
        let is_unknown = |entry: &&Entry<'_>| !known.contains(&entry.name.as_ref());
        match fields.entries.iter().find(is_unknown) {
            Some(entry) => Err(self.unknown(entry, known)),
            None => Ok(fields),
        }
    }

    fn unknown(&self, entry: &Entry<'_>, known: &[&str]) -> SchematicError {
        let hint = match nearest(&entry.name, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("known here: {}", known.join(", ")),
        };
        SchematicError::Key {
            path: shown_path(&below(&self.path, Step::key(entry.name.as_ref()))),
            line: entry.key.line,
            hint,
        }
    }

    fn unreadable(&self, error: ParseError) -> SchematicError {
        let path: Vec<Step> = self.path.iter().cloned().chain(error.path).collect();
        SchematicError::Mapping {
            path: named(&path),
            line: error.line,
            message: error.message,
        }
    }

    /// What the scalar is, and its text.
    fn scalar(
        &self,
        wanted: &'static str,
        budget: &mut Budget,
    ) -> Result<Option<(Resolved, &'a str)>> {
        self.count(budget)?;
        let Some(node) = self.node else {
            return Ok(None);
        };
        let scalar = node.scalar().ok_or_else(|| self.wrong(wanted))?;
        let resolved = resolve(scalar).map_err(|_| self.wrong(wanted))?;
        Ok(Some((resolved, scalar.text.as_str())))
    }

    /// Numbers and booleans count as they are written.
    pub fn text(&self, budget: &mut Budget) -> Result<String> {
        Ok(match self.scalar("a string", budget)? {
            None => String::new(),
            Some((Resolved::Binary(text), _)) => text,
            Some((_, text)) => text.to_owned(),
        })
    }

    /// A number, 0 if it is absent. Decimals that are whole are integers to Go; others are cut by
    /// some of its libraries, and refused here.
    pub fn integer<T: TryFrom<i128> + Default>(
        &self,
        wanted: &'static str,
        budget: &mut Budget,
    ) -> Result<T> {
        let number = match self.scalar(wanted, budget)? {
            None => return Ok(T::default()),
            Some((Resolved::Int(number), _)) => number,
            #[allow(clippy::cast_possible_truncation)] // what is cut off is out of any range
            Some((Resolved::Float(number), _)) if number.fract() == 0.0 => number as i128,
            Some(_) => return Err(self.wrong(wanted)),
        };
        T::try_from(number).map_err(|_| self.wrong(wanted))
    }

    /// Where a boolean must be, Go's YAML takes the words of YAML 1.1 for it too, in quotes or not.
    pub fn boolean(&self, budget: &mut Budget) -> Result<bool> {
        match self.scalar("true or false", budget)? {
            None => Ok(false),
            Some((Resolved::Bool(value), _)) => Ok(value),
            Some((Resolved::Text, "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON")) => {
                Ok(true)
            }
            Some((Resolved::Text, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF")) => {
                Ok(false)
            }
            Some(_) => Err(self.wrong("true or false")),
        }
    }

    /// A mapping of anything.
    pub fn free(&self, budget: &mut Budget) -> Result<Map> {
        self.count(budget)?;
        match self.node.map(|node| &node.kind) {
            None => Ok(Map::new()),
            Some(NodeKind::Map(written)) => budget
                .within(self.aliased(), |budget| free(written, budget, Keys::Any))
                .map_err(|error| self.unreadable(error)),
            Some(_) => Err(self.wrong("a mapping")),
        }
    }

    /// The items of a list; null ones do not count.
    pub fn items(&self, budget: &mut Budget) -> Result<Vec<Place<'a>>> {
        self.count(budget)?;
        let Some(node) = self.node else {
            return Ok(Vec::new());
        };
        let NodeKind::List(items) = &node.kind else {
            return Err(self.wrong("a list"));
        };
        let places = items.iter().enumerate().map(|(index, node)| {
            Place::new(
                below(&self.path, Step::Index(index)),
                Some(node),
                self.aliased(),
            )
        });
        let mut found = Vec::with_capacity(items.len());
        for place in places {
            if place.is_absent() {
                place.count(budget)?;
            } else {
                found.push(place);
            }
        }
        Ok(found)
    }

    pub fn texts(&self, budget: &mut Budget) -> Result<Vec<String>> {
        let items = self.items(budget)?;
        items.iter().map(|item| item.text(budget)).collect()
    }
}

impl<'a> Fields<'a> {
    pub fn child(&self, key: &str) -> Place<'a> {
        let path = below(&self.path, Step::key(key));
        match self.entries.iter().find(|entry| entry.name == key) {
            Some(entry) => Place::new(path, Some(entry.value), entry.aliased),
            None => Place::new(path, None, false),
        }
    }
}

fn below(path: &[Step], step: Step) -> Vec<Step> {
    path.iter().cloned().chain([step]).collect()
}

/// A path as messages show it.
fn named(path: &[Step]) -> String {
    if path.is_empty() {
        "the document".to_owned()
    } else {
        shown_path(path)
    }
}
