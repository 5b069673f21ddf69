//! Patches of all layers in one list, each with where it came from.

use framework::prelude::*;
use talos_config::document::Config;
use talos_config::merge::Patch;
use talos_config::tables::Line;

use super::model::MachineConfig;
use crate::shared::patch_texts;
use crate::shared::placeholder::is_placeholder_text;

/// Where a patch is written.
#[derive(Clone)]
struct Origin {
    path: Path,
    name: String,
}

/// All patches in the order of application.
pub struct Patches {
    patches: Vec<Patch>,
    origins: Vec<Origin>,
    /// Some text stands in for the output of a stage that has not run; it is left out.
    pub placeholder: bool,
}

impl Patches {
    /// Reads the patches of all layers, then `config_patches`. Every bad one is reported.
    pub fn read(model: &MachineConfig, line: Line) -> Result<Self, Diagnostics> {
        let mut all = Self {
            patches: Vec::new(),
            origins: Vec::new(),
            placeholder: false,
        };
        let mut problems = Diagnostics::new();
        for (index, layer) in model.layers.get().into_iter().flatten().enumerate() {
            let path = Path::attribute("layers").index(index).attr("patches");
            let layer_name = layer.name.text();
            all.add(
                &layer.patches,
                line,
                &path,
                &format!("layer {layer_name:?}, patch"),
                &mut problems,
            );
        }
        let path = Path::attribute("config_patches");
        all.add(
            &model.config_patches,
            line,
            &path,
            "config_patches, patch",
            &mut problems,
        );
        if problems.has_errors() {
            Err(problems)
        } else {
            Ok(all)
        }
    }

    /// Lays all patches over `config`; unchanged on error.
    pub fn apply(&self, config: &mut Config) -> Result<(), Diagnostic> {
        config
            .apply_patches(&self.patches)
            .map_err(|error| match self.origins.get(error.patch) {
                Some(origin) => refused(origin, &patch_texts::fault(&error)),
                None => Diagnostic::error(
                    "TS-PATCH-REFUSED: a patch cannot be applied",
                    error.to_string(),
                ),
            })
    }

    fn add(
        &mut self,
        texts: &Field<Vec<Field<String>>>,
        line: Line,
        path: &Path,
        name: &str,
        problems: &mut Diagnostics,
    ) {
        for (index, text) in texts.get().into_iter().flatten().enumerate() {
            let Some(text) = text.as_str() else { continue };
            if is_placeholder_text(text) {
                // An empty text is a layer that has no file.
                self.placeholder |= !text.trim().is_empty();
                continue;
            }
            let origin = Origin {
                path: path.clone().index(index),
                name: format!("{name} {index}"),
            };
            match patch_texts::read(text, line) {
                Ok(None) => {}
                Ok(Some(patch)) => {
                    self.patches.push(patch);
                    self.origins.push(origin);
                }
                Err(reason) => problems.push(refused(&origin, &reason)),
            }
        }
    }
}

fn refused(origin: &Origin, reason: &str) -> Diagnostic {
    Diagnostic::error(
        format!("TS-PATCH-REFUSED: {} is not valid", origin.name),
        format!("{reason}\n\nNothing was rendered. Correct the patch; counting starts at 0."),
    )
    .at(origin.path.clone())
}
