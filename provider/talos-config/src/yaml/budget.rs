use super::parse::ParseError;

/// Counts what aliases expand to, so that a small text cannot become a huge tree.
#[derive(Default)]
pub(crate) struct Budget {
    total: usize,
    aliased: usize,
    depth: usize,
    /// Bytes of texts in what aliases expand to.
    copied: usize,
    /// `-0` and `0o-7` are integers, as in the oldest line of Talos.
    pub(super) old_ints: bool,
    /// Dates without quotes are refused: as values, and as keys.
    pub(super) no_dates: bool,
    pub(super) no_date_keys: bool,
}

impl Budget {
    /// That of a configuration, in which dates are refused as values: Talos cannot carry them
    /// through a patch. `old_ints` reads `-0` and `0o-7` as integers; `date_keys` are not in all lines.
    pub fn of_configuration(old_ints: bool, date_keys: bool) -> Self {
        Self {
            // The document itself.
            total: 1,
            old_ints,
            no_dates: true,
            no_date_keys: !date_keys,
            ..Self::default()
        }
    }

    /// Accounts for one node; the limits are those of Go's reader, in the lines in which it has any.
    pub fn count(&mut self, line: usize) -> Result<(), ParseError> {
        self.total += 1;
        self.aliased += usize::from(self.depth > 0);
        #[allow(clippy::cast_precision_loss)] // a ratio
        let ratio = self.aliased as f64 / self.total as f64;
        if self.aliased > 100 && self.total > 1000 && ratio > allowed_ratio(self.total) {
            return Err(ParseError::at(line, "aliases expand to too much"));
        }
        Ok(())
    }

    /// Accounts for the text of a scalar, which Go's reader does not: it copies none.
    pub fn text(&mut self, line: usize, text: &str) -> Result<(), ParseError> {
        if self.depth > 0 {
            self.copied += text.len();
        }
        if self.copied > MOST_COPIED {
            return Err(ParseError::at(line, "aliases expand to too much"));
        }
        Ok(())
    }

    /// What `work` reads is the expansion of an alias, if `aliased`.
    pub fn within<T>(&mut self, aliased: bool, work: impl FnOnce(&mut Self) -> T) -> T {
        self.enter(aliased);
        let result = work(self);
        self.leave(aliased);
        result
    }

    /// What follows is the expansion of an alias, if `aliased`.
    pub fn enter(&mut self, aliased: bool) {
        self.depth += usize::from(aliased);
    }

    /// The expansion is over.
    pub fn leave(&mut self, aliased: bool) {
        self.depth -= usize::from(aliased);
    }
}

/// Bytes of texts that aliases may repeat.
const MOST_COPIED: usize = 16 << 20;

/// Small documents may consist of aliases almost wholly, large ones to a tenth.
#[allow(clippy::cast_precision_loss)] // a ratio
fn allowed_ratio(total: usize) -> f64 {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    match total {
        0..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * ((total - LOW) as f64 / (HIGH - LOW) as f64),
    }
}
