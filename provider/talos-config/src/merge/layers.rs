use std::collections::BTreeMap;

use super::{Patch, PatchError};
use crate::diff::diff;
use crate::document::Config;
use crate::tables::Line;

/// Patches that belong together, under the name by which people know them.
#[derive(Clone)]
pub struct Layer {
    /// Such as `base`, `control plane`, `cp01`.
    pub name: String,
    /// Applied in this order.
    pub patches: Vec<Patch>,
}

/// A patch of a layer that cannot be read or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer '{layer}', {error}")]
pub struct LayerError {
    /// Name of the layer.
    pub layer: String,
    /// What is wrong; its number counts within the layer.
    pub error: Box<PatchError>,
}

impl Layer {
    /// Reads the patches of a layer.
    pub fn load<T: AsRef<str>>(name: &str, texts: &[T], line: Line) -> Result<Self, LayerError> {
        let patches = Patch::load_all(texts, line);
        Ok(Self {
            name: name.to_owned(),
            patches: patches.map_err(|error| refused(name, error))?,
        })
    }
}

fn refused(layer: &str, error: PatchError) -> LayerError {
    LayerError {
        layer: layer.to_owned(),
        error: Box::new(error),
    }
}

impl Config {
    /// Applies layers in order. The answer says, for each path that they set, which layer did so
    /// last; paths are those of [`crate::diff::Difference::full_path`]. Nothing is changed if a
    /// patch fails.
    pub fn apply_layers(
        &mut self,
        layers: &[Layer],
    ) -> Result<BTreeMap<String, String>, LayerError> {
        let mut origins = BTreeMap::new();
        let mut result = self.clone();
        for layer in layers {
            let before = result.clone();
            result
                .apply_patches(&layer.patches)
                .map_err(|error| refused(&layer.name, error))?;
            for difference in diff(&before, &result).differences() {
                let path = difference.full_path();
                if difference.new.is_some() {
                    origins.insert(path, layer.name.clone());
                } else {
                    origins.remove(&path);
                }
            }
        }
        *self = result;
        Ok(origins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str, patches: &[&str]) -> Layer {
        Layer::load(name, patches, Line::V1_13).unwrap()
    }

    fn base() -> Config {
        Config::load("machine: {type: worker}", Line::V1_13).unwrap()
    }

    #[test]
    fn the_last_layer_that_set_a_path_is_named() {
        let mut config = base();
        let origins = config
            .apply_layers(&[
                layer("all", &["machine: {sysctls: {a: \"1\", b: \"2\"}}"]),
                layer("node", &["machine: {sysctls: {b: \"3\"}}"]),
                layer("gone", &["machine: {sysctls: {a: {$patch: delete}}}"]),
            ])
            .unwrap();
        let wanted = [("machine.sysctls.b", "node")];
        let found: Vec<(&str, &str)> = origins
            .iter()
            .map(|(path, layer)| (path.as_str(), layer.as_str()))
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_failing_layer_is_named_and_changes_nothing() {
        let mut config = base();
        let before = config.emit();
        let error = config
            .apply_layers(&[
                layer("all", &["machine: {sysctls: {a: \"1\"}}"]),
                layer(
                    "node",
                    &[
                        "machine: {time: {$patch: delete}}",
                        "machine: {env: {a: {$patch: delete}}}",
                    ],
                ),
            ])
            .unwrap_err();
        assert!(
            error.to_string().starts_with("layer 'node', patch 2"),
            "{error}"
        );
        assert_eq!(config.emit(), before);
    }
}
