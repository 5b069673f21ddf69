//! Moments as Kubernetes writes them. Its programs go by the real clock, and so does this.

use time::OffsetDateTime;
use time::macros::format_description;

/// `2026-01-31T10:00:00Z`.
pub(super) fn now() -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::now_utc().format(format).unwrap_or_default()
}

/// With microseconds, for leases.
pub(super) fn now_micro() -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    OffsetDateTime::now_utc().format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn moments_have_the_form_that_kubernetes_reads() {
        let pattern = regex::Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$").unwrap();
        assert!(pattern.is_match(&super::now()) && !super::now().contains('.'));
        assert!(pattern.is_match(&super::now_micro()) && super::now_micro().contains('.'));
    }
}
