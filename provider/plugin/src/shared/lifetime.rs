//! How long client certificates live, and when a new one is due.

use framework::prelude::*;
use serde::{Deserialize, Serialize};
use talos_config::pki::{Timestamp, Validity};

/// By default a new certificate is not due before two thirds of the present one's life are over: for one that lives
/// shorter than the default margin a new one would be planned in every run.
const MARGIN_SHARE: i64 = 3;

/// Whether a certificate is due for renewal, as a refresh found it.
#[derive(Serialize, Deserialize, Default, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Due {
    /// It ends within the margin.
    pub within_margin: bool,
    /// It ends within the margin, and within a third of its life.
    pub by_default: bool,
}

impl Due {
    /// Compares what is left of a certificate's life with a margin.
    pub fn of(validity: &Validity, margin: &Field<GoDuration>, now: Timestamp) -> Self {
        let life = validity.not_after.0.saturating_sub(validity.not_before.0);
        let margin = margin.get().map_or(0, |margin| {
            i64::try_from(margin.value().as_secs()).unwrap_or(i64::MAX)
        });
        let within = |margin| validity.not_after <= now.plus_seconds(margin);
        Self {
            within_margin: within(margin),
            by_default: within(margin.min(life / MARGIN_SHARE)),
        }
    }

    /// A margin that the configuration gives is meant as it stands.
    pub fn under(self, configured: &Field<GoDuration>) -> bool {
        if configured.is_null() {
            self.by_default
        } else {
            self.within_margin
        }
    }
}

/// A lifetime must not be empty: such a certificate would be refused by whoever sees it.
pub fn check_ttl(ttl: &Field<GoDuration>, diagnostics: &mut Diagnostics) {
    if ttl.get().is_some_and(|ttl| ttl.value().as_secs() == 0) {
        diagnostics.error_at(
            "ttl",
            "TS-INPUT-INVALID: ttl is shorter than a second",
            "Certificates end on whole seconds. Write a Go duration such as \"1h\".",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_margin_that_is_given_can_make_a_new_certificate_due_at_once() {
        let validity = Validity {
            not_before: Timestamp(1_000),
            not_after: Timestamp(1_000 + 3_600),
        };
        let due = |margin: &str, age: i64| {
            let margin = Field::Known(GoDuration::parse(margin).unwrap());
            let due = Due::of(&validity, &margin, Timestamp(1_000 + age));
            (due.under(&Field::Null), due.under(&margin))
        };
        assert_eq!(due("720h", 0), (false, true));
        assert_eq!(due("720h", 2_399), (false, true));
        assert_eq!(due("720h", 2_400), (true, true));
        assert_eq!(due("10m", 2_999), (false, false));
        assert_eq!(due("10m", 3_000), (true, true));
    }
}
