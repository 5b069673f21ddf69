use crate::document::{Config, LoadError};
use crate::tables::Line;
use crate::yaml::{self, Value};

/// The configuration as one tree: the list of its documents.
pub(crate) fn root(config: &Config) -> Value {
    Value::List(
        config
            .documents()
            .iter()
            .map(|d| Value::Map(d.body().clone()))
            .collect(),
    )
}

/// The configuration that a tree of documents stands for, in canonical form.
pub(crate) fn config(root: &Value, line: Line) -> Result<Config, LoadError> {
    let documents = root.as_list().unwrap_or_default();
    let texts: Vec<String> = documents.iter().map(yaml::emit).collect();
    Config::load(&texts.join("---\n"), line)
}
