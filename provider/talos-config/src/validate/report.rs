use crate::tables::Line;

/// What validation has to say. Texts name the document or the path; they carry no secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Talos would refuse the configuration.
    pub errors: Vec<String>,
    /// Talos would take it and complain.
    pub warnings: Vec<String>,
}

impl Report {
    /// Whether there is no error.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }
}

/// A report in the making.
pub(super) struct Checks {
    report: Report,
    place: String,
    /// Whose rules apply.
    pub line: Line,
}

impl Checks {
    pub fn new(line: Line) -> Self {
        Self {
            report: Report::default(),
            place: String::new(),
            line,
        }
    }

    /// What follows is about the whole configuration.
    pub fn leave(&mut self) {
        self.place.clear();
    }

    /// What follows is about this document.
    pub fn enter(&mut self, document: String) {
        self.place = document;
    }

    pub fn error(&mut self, text: impl AsRef<str>) {
        let text = self.located(text.as_ref());
        self.report.errors.push(text);
    }

    pub fn warn(&mut self, text: impl AsRef<str>) {
        let text = self.located(text.as_ref());
        self.report.warnings.push(text);
    }

    /// An error if `wrong`.
    pub fn refuse(&mut self, wrong: bool, text: impl AsRef<str>) {
        if wrong {
            self.error(text);
        }
    }

    fn located(&self, text: &str) -> String {
        if self.place.is_empty() {
            text.to_owned()
        } else {
            format!("{}: {text}", self.place)
        }
    }

    pub fn finish(self) -> Report {
        self.report
    }
}
