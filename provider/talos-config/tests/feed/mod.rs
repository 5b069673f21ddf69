//! What is done with a text that may be anything: by the broken texts of the tests and by the fuzz
//! target. Whatever it is, nothing panics, and refusals have their place.

use talos_config::document::{self, Config, LoadError};
use talos_config::merge::Patch;
use talos_config::tables::Line;
use talos_config::validate::{Mode, validate};
use talos_config::yaml::Value;

/// As long as an error may be, whatever it is about.
const LONGEST: usize = 400;

/// Loads, writes, validates and redacts the bytes as a configuration, and applies them as a patch.
pub fn feed(bytes: &[u8], line: Line) {
    let text = match document::text(bytes) {
        Ok(text) => text,
        Err(error) => return check(&error),
    };
    match Config::load(text, line) {
        Ok(config) => {
            let _ = validate(&config, Mode::Metal);
            let _ = config.redact();
            check_fixed_point(&config);
        }
        Err(error) => check(&error),
    }
    match Patch::load(text, line) {
        Ok(patch) => apply(&patch, line),
        Err(error) => check(&error),
    }
}

fn apply(patch: &Patch, line: Line) {
    let Ok(mut config) = Config::load("machine: {type: worker}", line) else {
        panic!("the base does not load");
    };
    if let Err(error) = config.apply_patches(std::slice::from_ref(patch)) {
        check(&error.error);
    }
}

/// What was written is read and written the same.
fn check_fixed_point(config: &Config) {
    let text = config.emit();
    let mut values = config.documents().iter().flat_map(|d| d.body().iter());
    // Talos itself does not read back a protocol that nobody set.
    if text.contains("Protocol(0)") || values.any(|(_, value)| is_one_way(value, config.line())) {
        return;
    }
    match Config::load(&text, config.line()) {
        Ok(again) => assert!(
            again.emit() == text,
            "it is written in another way:\n{text}"
        ),
        Err(error) => panic!("what was written is refused: {error}\n{text}"),
    }
}

/// Whether Talos itself writes it in a way that it reads differently, or not at all: a text of
/// several lines that begins with a blank becomes a block whose indentation is told wrongly or not
/// at all, and the first line does not quote the key `<<`.
fn is_one_way(value: &Value, line: Line) -> bool {
    match value {
        Value::Str(text) => text.contains('\n') && text.starts_with(char::is_whitespace),
        Value::List(items) => items.iter().any(|item| is_one_way(item, line)),
        Value::Map(map) => map
            .iter()
            .any(|(key, value)| key == "<<" && line == Line::V1_11 || is_one_way(value, line)),
        _ => false,
    }
}

fn check(error: &LoadError) {
    assert!(!error.document.is_empty() && error.line > 0, "{error}");
    assert!(error.to_string().len() < LONGEST, "{error}");
}
