//! What users are told: diagnostics, and the error type of resource authors.

use crate::cty::Path;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Stops the operation.
    Error,
    /// Shown, nothing more.
    Warning,
}

/// One finding. Texts must hold no secret: core prints them and writes them to logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// One short line, starting with the stable code.
    pub summary: String,
    /// Cause and cure.
    pub detail: String,
    /// What it is about; `None` means the whole block.
    pub path: Option<Path>,
}

impl Diagnostic {
    /// An error about the whole block.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            path: None,
        }
    }

    /// A warning about the whole block.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(summary, detail)
        }
    }

    /// The same, to be shown and nothing more.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same about one place.
    #[must_use]
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        self.path = Some(path.into());
        self
    }
}

/// Findings in the order they came, without duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding, unless the same is there: core would print it twice.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Adds an error about the whole block.
    pub fn error(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Diagnostic::error(summary, detail));
    }

    /// Adds an error about one place.
    pub fn error_at(
        &mut self,
        path: impl Into<Path>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.push(Diagnostic::error(summary, detail).at(path));
    }

    /// Adds a warning about the whole block.
    pub fn warn(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Diagnostic::warning(summary, detail));
    }

    /// Adds a warning about one place.
    pub fn warn_at(
        &mut self,
        path: impl Into<Path>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.push(Diagnostic::warning(summary, detail).at(path));
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: impl IntoIterator<Item = Diagnostic>) {
        other
            .into_iter()
            .for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether anything in here stops the operation.
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Errors made warnings: for a create whose effect must not be tainted away.
    #[must_use]
    pub fn downgraded(mut self) -> Self {
        self.0
            .iter_mut()
            .for_each(|diagnostic| diagnostic.severity = Severity::Warning);
        self
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(found: I) -> Self {
        let mut diagnostics = Self::default();
        diagnostics.extend(found);
        diagnostics
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// Why an operation failed: at least one error diagnostic.
///
/// There is deliberately no conversion from arbitrary errors: whoever fails says what was tried, the cause and the cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Diagnostics);

impl Error {
    /// An error about the whole block. `summary` starts with a stable code such as `TS-NODE-UNREACHABLE`.
    pub fn new(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self(Diagnostic::error(summary, detail).into())
    }

    /// The same about one place; applies to findings that name none yet.
    #[must_use]
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        let path = path.into();
        for diagnostic in &mut self.0.0 {
            diagnostic.path.get_or_insert_with(|| path.clone());
        }
        self
    }

    /// What users will see.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.0
    }
}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Self {
        if diagnostics.has_errors() {
            return Self(diagnostics);
        }
        let mut diagnostics = diagnostics;
        diagnostics.error(
            "TS-PROVIDER-BUG: the operation failed without saying why",
            "Please report this with the type of the resource and a trace log.",
        );
        Self(diagnostics)
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics::from(diagnostic).into()
    }
}

impl From<Error> for Diagnostics {
    fn from(error: Error) -> Self {
        error.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_is_told_once() {
        let mut found = Diagnostics::new();
        found.error("a", "b");
        found.error("a", "b");
        found.error_at("x.y", "a", "b");
        assert_eq!(found.iter().count(), 2);
    }

    #[test]
    fn a_failure_without_error_still_stops() {
        let mut found = Diagnostics::new();
        found.warn("a", "b");
        assert!(Error::from(found).diagnostics().has_errors());
    }
}
