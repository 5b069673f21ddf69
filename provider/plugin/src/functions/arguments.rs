//! What several functions take: configuration texts, versions, and objects of other types.

use framework::model::Lift;
use framework::prelude::*;
use talos_config::contract::Contract;
use talos_config::document::Config;
use talos_config::tables::Line;

use crate::shared::config_text;
use crate::shared::placeholder::{PLACEHOLDER_MARK, stands_in};

/// A configuration as functions get it.
pub struct ConfigText {
    /// The documents.
    pub config: Config,
    /// It was rendered with placeholder secrets.
    pub placeholder: bool,
}

impl ConfigText {
    /// Reads argument number `position`: YAML, or base64 of gzip of it.
    pub fn read(position: usize, text: &str, line: Line) -> Result<Self, FunctionError> {
        let text = unpack(position, text)?;
        let config = Config::load(&text, line)
            .map_err(|error| FunctionError::argument(position, error.to_string()))?;
        Ok(Self {
            config,
            placeholder: text.starts_with(PLACEHOLDER_MARK),
        })
    }

    /// The text, with the mark where there was one.
    pub fn emit(&self) -> String {
        mark(self.config.emit(), self.placeholder)
    }
}

/// `text` with the line that keeps resources from applying it, where `placeholder` says so.
pub fn mark(text: String, placeholder: bool) -> String {
    if placeholder {
        format!("{PLACEHOLDER_MARK}\n{text}")
    } else {
        text
    }
}

/// YAML, or base64 of gzip of it.
pub fn unpack(position: usize, text: &str) -> Result<String, FunctionError> {
    config_text::unpack(text).map_err(|error| {
        FunctionError::argument(
            position,
            format!("the configuration cannot be read: {error}"),
        )
    })
}

/// The line of a Talos version; the newest known one for a placeholder.
pub fn line(position: usize, talos_version: &str) -> Result<Line, FunctionError> {
    if stands_in(talos_version) {
        return Ok(Line::NEWEST);
    }
    Contract::parse(talos_version)
        .and_then(Line::of)
        .map_err(|error| FunctionError::argument(position, error.to_string()))
}

/// Reads an object of fixed attributes out of a value of any type.
pub fn object<T: Model>(position: usize, value: &Dynamic) -> Result<T, FunctionError> {
    value.read().map_err(|lift| match lift {
        Lift::Unknown => FunctionError::argument(position, "the value is not known yet"),
        Lift::Mismatch(path, reason) => {
            FunctionError::argument(position, format!("{path}: {reason}"))
        }
    })
}
