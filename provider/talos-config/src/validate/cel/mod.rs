//! Expressions in CEL that select disks, volumes and links: whether they can be read, know their
//! names and give the type that is needed.

mod calls;
mod environment;
mod fields;
mod lexer;
mod parser;
mod rules;
mod types;

pub(super) use environment::{MEMBER, OOM_RANKING, OOM_TRIGGER, disk, link, volume};

use super::report::Checks;
use super::view::View;
use environment::Environment;

/// Checks the expression at a path of a document.
pub(super) fn check(
    path: &str,
    document: View<'_>,
    environment: &Environment,
    required: bool,
    checks: &mut Checks,
) {
    let text = document.at(path).text();
    if text.is_empty() {
        return checks.refuse(required, format!("{path}: is missing"));
    }
    match parser::type_of(text, environment) {
        Err(what) => checks.error(format!("{path}: {what}")),
        Ok(found) if found == environment.result => {}
        Ok(_) => checks.error(format!("{path}: must give {}", environment.result.name())),
    }
}

#[cfg(test)]
mod tests;
