//! Patches of manifests, as Kustomize has them: strategic merge or JSON 6902, and what they are for. Pure.
//!
//! Strategic merge does what `kubectl patch --type=strategic` does; only `$patch: delete` takes the member or the object away, as
//! Kustomize does, where kubectl leaves an empty one. A test asks kubectl.

mod merge;
mod operations;
mod strategies;
mod target;

use std::fmt;

use serde_json::Value;

use crate::manifest;
use crate::object::Id;
use merge::Outcome;
use operations::Operations;
use target::Target;

/// Which objects a patch is for. Group, version, kind, name and namespace are regular expressions that must match as a whole, the
/// selectors are those of Kubernetes. What is not given says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // named after what they are
pub struct Selection {
    pub group: Option<String>,
    pub version: Option<String>,
    pub kind: Option<String>,
    pub name: Option<String>,
    pub namespace: Option<String>,
    pub label_selector: Option<String>,
    pub annotation_selector: Option<String>,
}

/// Why a patch cannot be read or applied. Quotes names and paths, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, a clause that follows the name of the patch.
    pub seen: String,
    /// What to do about it.
    pub cure: String,
}

impl Fault {
    fn new(seen: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            seen: seen.into(),
            cure: cure.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.seen, self.cure)
    }
}

/// A patch that was read.
#[derive(Debug)]
pub struct Patch {
    change: Change,
    target: Option<Target>,
}

#[derive(Debug)]
enum Change {
    /// Strategic-merge documents.
    Merge(Vec<Value>),
    /// JSON 6902.
    Operations(Operations),
}

impl Patch {
    /// Reads a YAML text: one or more documents that are merged, or one list of operations.
    ///
    /// # Errors
    /// When it is neither, or does not say what it is for: operations need a target, a document without one needs apiVersion, kind
    /// and metadata.name.
    pub fn parse(text: &str, selection: Option<&Selection>) -> Result<Self, Fault> {
        let target = selection.map(Target::new).transpose()?;
        let read = manifest::documents(text);
        let mut documents = read.map_err(|why| {
            let seen = format!("is no YAML: {why}");
            Fault::new(seen, "Correct it at the place that is named.")
        })?;
        let change = match documents.as_mut_slice() {
            [Value::Array(list)] => {
                if target.is_none() {
                    let cure = "Say in `target` what the operations are for, such as `{ kind = \"Deployment\" }`.";
                    return Err(Fault::new("is a list of operations without a target", cure));
                }
                Change::Operations(Operations::read(std::mem::take(list))?)
            }
            _ => Change::Merge(merge_documents(documents, target.is_some())?),
        };
        Ok(Self { change, target })
    }

    /// Changes the objects that it is for. An error leaves some of them changed.
    ///
    /// # Errors
    /// When it is for none of them, or does not fit one.
    pub fn apply(&self, objects: &mut Vec<Value>) -> Result<(), Fault> {
        match &self.change {
            Change::Operations(operations) => {
                let is_meant = |object: &Value| self.is_target(object);
                each(objects, is_meant, |object| {
                    operations.apply(object).map(Outcome::Changed)
                })
            }
            Change::Merge(documents) => documents.iter().try_for_each(|document| {
                let is_meant = |object: &Value| match &self.target {
                    Some(_) => self.is_target(object),
                    None => is_named(document, object),
                };
                each(objects, is_meant, |object| merge::merge(object, document))
            }),
        }
    }

    fn is_target(&self, object: &Value) -> bool {
        let target = self.target.as_ref();
        target.is_some_and(|target| target.matches(object))
    }
}

/// Documents that can be merged.
fn merge_documents(documents: Vec<Value>, targeted: bool) -> Result<Vec<Value>, Fault> {
    let documents: Vec<Value> = documents.into_iter().filter(|one| !one.is_null()).collect();
    if documents.is_empty() {
        let cure = "Write a strategic-merge document or a list of JSON 6902 operations.";
        return Err(Fault::new("is empty", cure));
    }
    for document in &documents {
        if !document.is_object() {
            let cure =
                "Write strategic-merge documents, or one list of JSON 6902 operations alone.";
            return Err(Fault::new("holds a document that is no object", cure));
        }
        merge::check(document)?;
        if !targeted && let Err(error) = Id::of(document) {
            let cure = "Name the object by apiVersion, kind and metadata.name, or set `target`.";
            return Err(Fault::new(
                format!("says not for what: {}", error.seen),
                cure,
            ));
        }
    }
    Ok(documents)
}

/// Whether a document names this object. Without a namespace it is for any.
fn is_named(document: &Value, object: &Value) -> bool {
    let (Ok(wanted), Ok(id)) = (Id::of(document), Id::of(object)) else {
        return false;
    };
    let anywhere = wanted.namespace.is_empty();
    wanted.api_version == id.api_version
        && wanted.kind == id.kind
        && wanted.name == id.name
        && (anywhere || wanted.namespace == id.namespace)
}

/// Changes the objects that are meant; none is an error, and so is another name for one of them.
fn each(
    objects: &mut Vec<Value>,
    is_meant: impl Fn(&Value) -> bool,
    change: impl Fn(Value) -> Result<Outcome, Fault>,
) -> Result<(), Fault> {
    if !objects.iter().any(&is_meant) {
        let names = objects.iter().filter_map(|object| Id::of(object).ok());
        let names: Vec<String> = names.map(|id| id.to_string()).collect();
        let cure = format!(
            "Name an object of the manifests, or take the patch out. They have: {}.",
            names.join(", ")
        );
        return Err(Fault::new("matches nothing", cure));
    }
    for object in std::mem::take(objects) {
        if !is_meant(&object) {
            objects.push(object);
            continue;
        }
        let id = name_of(&object);
        match change(object)? {
            Outcome::Changed(changed) if name_of(&changed) == id => objects.push(changed),
            Outcome::Changed(_) => {
                let named = id.map(|id| id.to_string()).unwrap_or_default();
                let cure =
                    "Leave apiVersion, kind, metadata.name and metadata.namespace as they are.";
                return Err(Fault::new(format!("renames {named}"), cure));
            }
            Outcome::Deleted => {}
        }
    }
    Ok(())
}

fn name_of(object: &Value) -> Option<Id> {
    Id::of(object).ok()
}
