use super::delete::Selector;
use super::error::{Fault, PatchError};
use super::json::{self, Operation};
use super::load::{Form, Part, Patch};
use super::select;
use super::typed::Merger;
use crate::document::{Config, Document, Loaded, canonical};
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
        for (index, patch) in patches.iter().enumerate() {
            let mut faults = Vec::new();
            result = match &patch.0 {
                Form::Empty => continue,
                Form::Strategic(parts) => strategic(&result, parts, &mut faults),
                Form::Json(operations) => json_patch(&result, operations),
            }
            .map_err(|fault| fault.of_patch(index))?;
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
fn strategic(config: &Config, parts: &[Part], missing: &mut Vec<Fault>) -> Result<Config, Fault> {
    let line = config.line();
    let mut documents = config.documents().to_vec();
    let rules = line.tables().rules;
    // In most lines, what a patch adds cannot be changed by the same patch.
    let mut known: Vec<String> = documents.iter().map(Document::id).collect();
    for part in parts {
        let (id, at) = match part {
            Part::Merge { id, .. } => (id, known.iter().position(|k| k == id)),
            Part::Delete(selector) => (
                &selector.document,
                known.iter().position(|k| *k == selector.document),
            ),
        };
        match (part, at) {
            (Part::Merge { document, .. }, Some(at)) => merge(&mut documents[at], document),
            (Part::Merge { document, .. }, None) => {
                documents.push(new_document(config, document));
                if rules.patches_repeat_documents {
                    known.push(id.clone());
                }
                Ok(())
            }
            (Part::Delete(selector), Some(at)) if selector.path.is_empty() => {
                documents.remove(at);
                known.remove(at);
                Ok(())
            }
            (Part::Delete(selector), Some(at)) => delete(config, &mut documents[at], selector),
            (Part::Delete(_), None) if rules.absent_deletion_is_ignored => Ok(()),
            (Part::Delete(_), None) => {
                Err(Fault::missing("there is no such document to delete from"))
            }
        }
        .map_err(|fault| fault.of_document(id))
        .or_else(|fault| {
            if fault.is_missing {
                missing.push(fault);
                Ok(())
            } else {
                Err(fault)
            }
        })?;
    }
    let documents = documents
        .into_iter()
        .map(|document| tidy(config, document))
        .collect();
    Config::from_documents(documents, line).map_err(Fault::from)
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

fn delete(config: &Config, document: &mut Document, selector: &Selector) -> Result<(), Fault> {
    let tables = config.line().tables();
    match tables.kind(document.kind()) {
        Some(kind) => select::delete(tables.body(kind), document.body_mut(), selector, tables),
        None => Ok(()),
    }
}

/// A document of the patch that the configuration does not have. Its keyed lists merge with
/// nothing: they stay as written.
fn new_document(config: &Config, loaded: &Loaded) -> Document {
    let named = config
        .line()
        .tables()
        .kind(loaded.kind)
        .is_some_and(|kind| kind.named);
    Document::new(loaded.kind, loaded.body.clone(), named, config.line())
}

fn tidy(config: &Config, mut document: Document) -> Document {
    let tables = config.line().tables();
    if let Some(kind) = tables.kind(document.kind()) {
        let body: Map = std::mem::take(document.body_mut());
        *document.body_mut() = canonical(tables.body(kind), body, tables);
    }
    document
}

fn json_patch(config: &Config, operations: &[Operation]) -> Result<Config, Fault> {
    let [document] = config.documents() else {
        return Err(Fault::new(
            "JSON patches work on configurations of one document only: write it as a strategic merge",
        ));
    };
    // Through text, so that the result is checked as any other configuration.
    let mut generic = match yaml::parse(&document.emit()).map(|mut d| d.pop()) {
        Ok(Some(Value::Map(map))) => map,
        _ => Map::new(),
    };
    json::apply(&mut generic, operations)?;
    let text = yaml::emit_as(&Value::Map(generic), config.line().dialect());
    Config::load(&text, config.line()).map_err(Fault::from)
}
