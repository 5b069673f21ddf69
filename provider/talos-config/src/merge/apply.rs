use super::delete::Selector;
use super::error::{Fault, PatchError};
use super::json::{self, Operation, Placed};
use super::load::{Form, Part, Patch, Strategic};
use super::typed::Merger;
use super::{locate, select};
use crate::document::{Config, Document, LoadError, Loaded, canonical, nearest};
use crate::tables::Line;
use crate::yaml::{self, Map, Value};

impl Config {
    /// Applies patches in order, as Talos does. Nothing is changed if one of them fails.
    pub fn apply_patches(&mut self, patches: &[Patch]) -> Result<(), PatchError> {
        match self.apply(patches, true)?.into_iter().next() {
            Some(missing) => Err(missing),
            None => Ok(()),
        }
    }

    /// Like [`Config::apply_patches`], but a deletion that finds nothing to delete has what it
    /// wants: it is told in the answer and is no error. So patches can be applied again where it
    /// is not known whether they were.
    pub fn apply_patches_again(
        &mut self,
        patches: &[Patch],
    ) -> Result<Vec<PatchError>, PatchError> {
        self.apply(patches, false)
    }

    /// The deletions that found nothing; if `strict`, the first of them and no change.
    fn apply(&mut self, patches: &[Patch], strict: bool) -> Result<Vec<PatchError>, PatchError> {
        let mut result = self.clone();
        let mut missing = Vec::new();
        let mut rest = patches.iter().enumerate().peekable();
        while let Some((index, patch)) = rest.next() {
            let mut faults = Vec::new();
            result = match &patch.0 {
                Form::Empty => continue,
                Form::Strategic(patch) => {
                    strategic(&result, patch, &mut faults).map_err(|fault| fault.of_patch(index))?
                }
                Form::Json(operations) => {
                    // Talos joins neighbours: what is between them need not be a configuration.
                    let mut joined = placed(index, operations);
                    while let Some((index, Patch(Form::Json(operations)))) =
                        rest.next_if(|(_, patch)| patch.is_json())
                    {
                        joined.extend(placed(index, operations));
                    }
                    json_patch(&result, &joined)
                        .map_err(|(at, fault)| fault.of_patch(patch_of(&joined, at, index)))?
                }
            };
            missing.extend(faults.into_iter().map(|fault| fault.of_patch(index)));
            if strict && !missing.is_empty() {
                return Ok(missing);
            }
        }
        *self = result;
        Ok(missing)
    }
}

/// `missing` gets the deletions that found nothing to delete.
fn strategic(
    config: &Config,
    patch: &Strategic,
    missing: &mut Vec<Fault>,
) -> Result<Config, Fault> {
    let documents = config.documents().to_vec();
    let mut work = Work {
        known: documents.iter().map(Document::id).collect(),
        lines: vec![0; documents.len()],
        documents,
        line: config.line(),
    };
    let mut rest = patch.parts.as_slice();
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|part| first.goes_with(part)).count();
        let (together, after) = rest.split_at(count.max(1));
        let faults = work.parts(together);
        let faults = faults.map_err(|fault| found_in(patch, first, fault))?;
        missing.extend(faults.into_iter().map(|f| found_in(patch, first, f)));
        rest = after;
    }
    let documents = work.documents.into_iter();
    let documents = documents.map(|document| tidy(config, document)).collect();
    Config::from_documents(documents, &work.lines, work.line).map_err(Fault::from)
}

/// The fault with its document, and with its line in the patch if that is not known yet.
fn found_in(patch: &Strategic, part: &Part, fault: Fault) -> Fault {
    let (id, line) = match part {
        Part::Delete(selector) => (&selector.document, Some(selector.line)),
        Part::Merge { id, number, .. } => (id, locate::line(&patch.text, *number, &fault.source)),
    };
    let mut fault = fault.of_document(id);
    if fault.error.line == 0 {
        fault.error.line = line.unwrap_or_default();
    }
    fault
}

/// A configuration while a patch is applied.
struct Work {
    documents: Vec<Document>,
    /// Where the patch says something about each document; 0 where it does not.
    lines: Vec<usize>,
    /// What the patch can change, in the order of the documents. In most lines, what a patch adds
    /// cannot be changed by the same patch.
    known: Vec<String>,
    line: Line,
}

impl Work {
    /// One statement, or several that delete items of one list: those by one, so that they are
    /// found at once. The answer has the deletions that found nothing.
    fn parts(&mut self, parts: &[Part]) -> Result<Vec<Fault>, Fault> {
        let selectors = parts.iter().filter_map(|part| match part {
            Part::Delete(selector) => Some(selector),
            Part::Merge { .. } => None,
        });
        match parts.first() {
            Some(Part::Merge { id, document, .. }) => self.merge(id, document).map(|()| Vec::new()),
            Some(Part::Delete(first)) => self.delete(first, &selectors.collect::<Vec<_>>()),
            None => Ok(Vec::new()),
        }
    }

    fn merge(&mut self, id: &str, document: &Loaded) -> Result<(), Fault> {
        match self.position(id) {
            Some(at) => {
                self.lines[at] = document.line;
                merge(&mut self.documents[at], document)
            }
            None => {
                self.add(id, document);
                Ok(())
            }
        }
    }

    fn delete(&mut self, first: &Selector, all: &[&Selector]) -> Result<Vec<Fault>, Fault> {
        match self.position(&first.document) {
            Some(at) if first.path.is_empty() => {
                self.documents.remove(at);
                self.lines.remove(at);
                self.known.remove(at);
                Ok(Vec::new())
            }
            Some(at) => delete(&mut self.documents[at], all, self.line),
            None if self.line.tables().rules.absent_deletion_is_ignored => Ok(Vec::new()),
            None => Ok(all.iter().map(|selector| self.absent(selector)).collect()),
        }
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.known.iter().position(|known| known == id)
    }

    fn add(&mut self, id: &str, document: &Loaded) {
        self.documents.push(new_document(document, self.line));
        self.lines.push(document.line);
        if self.line.tables().rules.patches_repeat_documents {
            self.known.push(id.to_owned());
        }
    }

    fn absent(&self, selector: &Selector) -> Fault {
        let near = nearest(&selector.document, self.known.iter().map(String::as_str));
        let message = "there is no such document to delete from";
        Fault::from(LoadError::new(selector.line, message).suggest(near))
    }
}

fn merge(document: &mut Document, patch: &Loaded) -> Result<(), Fault> {
    let tables = patch.tables;
    match tables.kind(patch.kind) {
        Some(kind) => Merger::new(tables).structure(
            tables.body(kind),
            document.body_mut(),
            patch.body.clone(),
        ),
        None => Ok(()),
    }
}

fn delete(
    document: &mut Document,
    selectors: &[&Selector],
    line: Line,
) -> Result<Vec<Fault>, Fault> {
    let tables = line.tables();
    match tables.kind(document.kind()) {
        Some(kind) => select::delete(tables.body(kind), document.body_mut(), selectors, tables),
        None => Ok(Vec::new()),
    }
}

/// A document of the patch that the configuration does not have. Its keyed lists merge with
/// nothing: they stay as written.
fn new_document(loaded: &Loaded, line: Line) -> Document {
    let kind = line.tables().kind(loaded.kind);
    let named = kind.is_some_and(|kind| kind.named);
    Document::new(loaded.kind, loaded.body.clone(), named, line)
}

fn tidy(config: &Config, mut document: Document) -> Document {
    let tables = config.line().tables();
    if let Some(kind) = tables.kind(document.kind()) {
        let body: Map = std::mem::take(document.body_mut());
        *document.body_mut() = canonical(tables.body(kind), body, tables);
    }
    document
}

fn placed(patch: usize, operations: &[Operation]) -> Vec<Placed<'_>> {
    let placed = operations.iter();
    placed
        .map(|operation| Placed { patch, operation })
        .collect()
}

/// Which patch an operation is of; `first` where there are none.
fn patch_of(operations: &[Placed<'_>], at: usize, first: usize) -> usize {
    operations.get(at).map_or(first, |placed| placed.patch)
}

/// The error comes with the position of the operation to blame.
fn json_patch(config: &Config, operations: &[Placed<'_>]) -> Result<Config, (usize, Fault)> {
    let [document] = config.documents() else {
        let message = "JSON patches work on configurations of one document only: write it as a strategic merge";
        let line = operations.first().map_or(1, |placed| placed.operation.line);
        let error = LoadError::new(line, message).of_number(1);
        return Err((0, Fault::from(error)));
    };
    // Through text, so that the result is checked as any other configuration.
    let base = yaml::parse(&document.emit()).map(|mut d| d.pop());
    let mut base = base.ok().flatten().unwrap_or_else(Value::map);
    json::as_json(&mut base).map_err(|message| {
        let line = operations.first().map_or(1, |placed| placed.operation.line);
        let error = LoadError::new(line, message).of_document(&document.id());
        (0, Fault::from(error))
    })?;
    let base = match base {
        Value::Map(map) => map,
        _ => Map::new(),
    };
    let result = |operations: &[Placed<'_>]| -> Result<_, (usize, Fault)> {
        let map = json::apply(base.clone(), operations)
            .map_err(|(at, fault)| (at, fault.of_document(&document.id())))?;
        let text = yaml::emit_as(&Value::Map(map), config.line().dialect());
        Ok(Config::load(&text, config.line()))
    };
    result(operations)?.map_err(|error| {
        // Nobody has seen that text: what counts is the line of the patch.
        let refused = |some: &[Placed<'_>]| result(some).ok().and_then(Result::err);
        let at = json::blame(operations, &error, refused);
        let line = operations.get(at).map_or(1, |placed| placed.operation.line);
        (at, Fault::from(LoadError { line, ..error }))
    })
}
