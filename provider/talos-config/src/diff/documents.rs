use crate::document::{Config, Document, LoadError};
use crate::tables::Line;
use crate::yaml::{self, Value};

/// The configuration as one tree: the list of its documents, as they are once they have been
/// written and read. A value may change its type on the way: `0.0` is written as `0`.
pub(crate) fn root(config: &Config) -> Value {
    let read = Config::load(&config.emit(), config.line());
    // What cannot be read again is refused later, where its text is made.
    canonical_root(read.as_ref().unwrap_or(config))
}

/// The same for a configuration that has just been read.
pub(crate) fn canonical_root(config: &Config) -> Value {
    let body = |document: &Document| Value::Map(document.body().clone());
    Value::List(config.documents().iter().map(body).collect())
}

/// The configuration that a tree of documents stands for, in canonical form.
pub(crate) fn config(root: &Value, line: Line) -> Result<Config, LoadError> {
    let documents = root.as_list().unwrap_or_default();
    let texts: Vec<String> = documents.iter().map(yaml::emit).collect();
    Config::load(&texts.join("---\n"), line)
}
