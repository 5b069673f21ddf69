//! How long client certificates live, and when a new one is due.

use framework::prelude::*;
use talos_config::pki::{Timestamp, Validity};

/// A new certificate is never due before two thirds of the present one's life are over: a larger margin would plan a
/// new one in every run.
const MARGIN_SHARE: i64 = 3;

/// Whether a certificate ends within `renew_before`, or within a third of its life where that is shorter.
pub fn ends_soon(validity: &Validity, renew_before: &Field<GoDuration>, now: Timestamp) -> bool {
    let life = validity.not_after.0.saturating_sub(validity.not_before.0);
    let wanted = renew_before.get().map_or(0, |margin| {
        i64::try_from(margin.value().as_secs()).unwrap_or(i64::MAX)
    });
    let margin = wanted.min(life / MARGIN_SHARE);
    validity.not_after <= now.plus_seconds(margin)
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
    fn no_margin_makes_a_new_certificate_due_at_once() {
        let validity = Validity {
            not_before: Timestamp(1_000),
            not_after: Timestamp(1_000 + 3_600),
        };
        let due = |margin: &str, age: i64| {
            let margin = Field::Known(GoDuration::parse(margin).unwrap());
            ends_soon(&validity, &margin, Timestamp(1_000 + age))
        };
        assert!(!due("720h", 0));
        assert!(!due("720h", 2_399));
        assert!(due("720h", 2_400));
        assert!(!due("10m", 2_999));
        assert!(due("10m", 3_000));
    }
}
