use std::collections::BTreeMap;

use super::{Patch, PatchError, origins};
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
    /// last, if only to what was there already: who edits that layer finds the value in it. Paths
    /// are those of [`crate::diff::Difference::full_path`]. Nothing is changed if a patch fails.
    pub fn apply_layers(
        &mut self,
        layers: &[Layer],
    ) -> Result<BTreeMap<String, String>, LayerError> {
        let mut layer_of = BTreeMap::new();
        let mut result = self.clone();
        // Talos joins neighbouring JSON patches, those of two layers too: until they end, what is
        // there need not be a configuration.
        let mut settled = self.clone();
        let mut open = Vec::new();
        for (at, layer) in layers.iter().enumerate() {
            open.extend(layer.patches.iter().map(|patch| (at, patch)));
            let goes_on = open.last().is_some_and(|(_, patch)| patch.is_json())
                && first_patch(&layers[at + 1..]).is_some_and(Patch::is_json);
            let after = match settled.with(&open) {
                Ok(after) => after,
                Err(_) if goes_on => continue,
                Err(error) => return Err(blamed(layers, &open, error)),
            };
            for difference in diff(&result, &after).differences() {
                let path = difference.full_path();
                if difference.new.is_some() {
                    layer_of.insert(path, layer.name.clone());
                } else {
                    layer_of.remove(&path);
                }
            }
            for path in origins::set_by(&layer.patches, &after) {
                layer_of.insert(path, layer.name.clone());
            }
            result = after;
            if !goes_on {
                settled = result.clone();
                open.clear();
            }
        }
        *self = result;
        Ok(layer_of)
    }

    fn with(&self, patches: &[(usize, &Patch)]) -> Result<Self, PatchError> {
        let patches: Vec<Patch> = patches.iter().map(|(_, patch)| (*patch).clone()).collect();
        let mut result = self.clone();
        result.apply_patches(&patches)?;
        Ok(result)
    }
}

fn first_patch(layers: &[Layer]) -> Option<&Patch> {
    layers.iter().flat_map(|layer| &layer.patches).next()
}

/// The error of patches that may be of several layers, as one of its layer.
fn blamed(layers: &[Layer], open: &[(usize, &Patch)], error: PatchError) -> LayerError {
    let of = open.get(error.patch).map_or(0, |(layer, _)| *layer);
    let before = open.iter().take_while(|(layer, _)| *layer < of).count();
    let name = layers.get(of).map_or("", |layer| layer.name.as_str());
    let patch = error.patch - before;
    refused(name, PatchError { patch, ..error })
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
    fn setting_the_same_again_counts_and_saying_nothing_does_not() {
        let mut config = base();
        let first = "machine: {token: a, sysctls: {a: \"1\", b: \"2\"}, network: {interfaces: [{interface: eth0, mtu: 9}]}}";
        let origins = config
            .apply_layers(&[
                layer("first", &[first]),
                layer("same", &["machine: {sysctls: {a: \"1\"}, token: \"\"}"]),
                layer(
                    "item",
                    &["machine: {network: {interfaces: [{interface: eth0, mtu: 9}]}}"],
                ),
                layer(
                    "json",
                    &["[{op: replace, path: /machine/sysctls/b, value: \"2\"}]"],
                ),
                layer("type", &["machine: {type: worker}"]),
            ])
            .unwrap();
        let found: Vec<(&str, &str)> = origins
            .iter()
            .map(|(path, layer)| (path.as_str(), layer.as_str()))
            .collect();
        let wanted = [
            ("machine.network.interfaces[interface=eth0].mtu", "item"),
            ("machine.sysctls.a", "same"),
            ("machine.sysctls.b", "json"),
            ("machine.token", "first"),
            ("machine.type", "type"),
        ];
        assert_eq!(found, wanted);
    }

    const SPOILS: &str = "[{op: add, path: /machine/bogus, value: {}}]";
    const MENDS: &str = "[{op: remove, path: /machine/bogus}]";
    const SETS: &str = "[{op: add, path: /machine/token, value: a}]";

    #[test]
    fn neighbouring_json_patches_of_layers_are_joined() {
        let mut config = base();
        let layers = [
            layer("all", &["machine: {certSANs: [a]}", SPOILS]),
            layer("none", &[]),
            layer("node", &[MENDS, SETS]),
            layer("last", &["machine: {certSANs: [b]}"]),
        ];
        let origins = config.apply_layers(&layers).unwrap();
        assert_eq!(origins["machine.token"], "node");
        let refused = |layers: &[Layer]| {
            let error = base().apply_layers(layers).unwrap_err();
            (error.layer, error.error.patch)
        };
        let spoilt = [layer("a", &[SETS]), layer("b", &[SETS, SPOILS])];
        assert_eq!(refused(&spoilt), ("b".to_owned(), 1));
        let spoilt = [layer("a", &[SETS, SPOILS]), layer("b", &[SETS])];
        assert_eq!(refused(&spoilt), ("a".to_owned(), 1));
        let apart = [layer("a", &[SPOILS]), layer("b", &["machine: {}", MENDS])];
        assert_eq!(refused(&apart), ("a".to_owned(), 0));
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
