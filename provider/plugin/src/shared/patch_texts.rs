//! Patches as configurations hold them: a list of texts.

use framework::prelude::*;
use talos_config::merge::{Patch, PatchError};
use talos_config::tables::Line;

use super::placeholder::stands_in;
use super::{config_text, line};

/// What a list of patches holds.
pub enum Patches {
    /// These.
    Known(Vec<Patch>),
    /// One of them is not known yet.
    Unknown,
    /// One of them stands in for the output of a stage that has not run.
    Placeholder,
}

/// As [`load`], for no machine in particular.
pub fn load_anywhere(
    texts: &Field<Vec<Field<String>>>,
    attribute: &'static str,
) -> Result<Patches, Diagnostics> {
    line::any(|line| load(texts, attribute, line))
}

/// Reads the patches of `attribute` as Talos of that line does; every bad one is reported.
pub fn load(
    texts: &Field<Vec<Field<String>>>,
    attribute: &'static str,
    line: Line,
) -> Result<Patches, Diagnostics> {
    let list = match texts {
        Field::Unknown => return Ok(Patches::Unknown),
        Field::Null => return Ok(Patches::Known(Vec::new())),
        Field::Known(list) => list,
    };
    let mut patches = Vec::new();
    let mut problems = Diagnostics::new();
    for (index, text) in list.iter().enumerate() {
        let Some(text) = text.as_str() else {
            return Ok(Patches::Unknown);
        };
        if stands_in(text) {
            return Ok(Patches::Placeholder);
        }
        match read(text, line) {
            Ok(patch) => patches.extend(patch),
            Err(reason) => problems.push(refused(attribute, index, &reason)),
        }
    }
    if problems.has_errors() {
        Err(problems)
    } else {
        Ok(Patches::Known(patches))
    }
}

/// `None`: nothing but comments, as a file that is prepared and not used yet.
pub fn read(text: &str, line: Line) -> Result<Option<Patch>, String> {
    let text = config_text::unpack(text).map_err(|error| error.to_string())?;
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Ok(None);
    }
    Patch::load(&text, line)
        .map(Some)
        .map_err(|error| error.to_string())
}

/// Where and why a patch cannot be applied; which patch it is, the caller says.
pub fn fault(error: &PatchError) -> String {
    error.error.to_string()
}

/// A patch that cannot be read or applied, at its place in `attribute`.
pub fn refused(attribute: &'static str, index: usize, reason: &str) -> Diagnostic {
    Diagnostic::error(
        format!("TS-PATCH-REFUSED: {attribute}, patch {index} is not valid"),
        format!("{reason}\n\nNothing was changed. Correct the patch; counting starts at 0."),
    )
    .at(Path::attribute(attribute).index(index))
}
