//! Placeholder inputs: values that stand in for the outputs of a stage that has not run yet.
//!
//! They never fail or dial during validate, configure and plan, and always fail clearly at apply.

use framework::prelude::*;

/// First line of a configuration that was rendered with placeholder secrets.
pub const PLACEHOLDER_MARK: &str = "# rendered with placeholder secrets; not to be applied";

/// Whether a value is, or begins with, `mock`, or is empty.
pub fn is_placeholder_text(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || value.starts_with("mock") || value == MOCK_KUBECONFIG
}

/// As [`is_placeholder_text`], where empty text has a meaning of its own.
pub fn stands_in(value: &str) -> bool {
    !value.trim().is_empty() && is_placeholder_text(value)
}

/// Whether an address, `host:port` or URL leads nowhere by design.
pub fn is_placeholder_host(address: &str) -> bool {
    let host = host_of(address);
    is_placeholder_text(host)
        || matches!(host, "0.0.0.0" | "::")
        || host == "invalid"
        || host.ends_with(".invalid")
}

/// Refuses a value that stands in for one of an earlier stage.
pub fn refuse_placeholder(about: &str, attribute: &str) -> Error {
    Error::new(
        format!("TS-PLACEHOLDER: {about} has a placeholder in {attribute}"),
        format!(
            "`{attribute}` holds a value that stands in for the output of a stage that has not been applied. \
             Apply the earlier stage, then plan this one again."
        ),
    )
    .at(attribute)
}

const MOCK_KUBECONFIG: &str = "/tmp/mock-kubeconfig";

/// The host of `host`, `host:port`, `[v6]:port`, `v6` or a URL.
fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or(rest).trim();
    if let Some(bracketed) = rest.strip_prefix('[') {
        return bracketed.split(']').next().unwrap_or(bracketed);
    }
    match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && !port.is_empty() => host,
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_stand_in_for_something() {
        for value in ["", " ", "mock", "mock-ca", "mocked", "/tmp/mock-kubeconfig"] {
            assert!(is_placeholder_text(value), "{value:?}");
        }
        for value in ["LS0tLS1CRUdJTg==", "amock", "/tmp/kubeconfig"] {
            assert!(!is_placeholder_text(value), "{value:?}");
        }
    }

    #[test]
    fn hosts_that_lead_nowhere() {
        for value in [
            "cp01.invalid",
            "https://cluster.invalid:6443",
            "0.0.0.0",
            "::",
            "[::]:50000",
            "https://0.0.0.0:6443/path",
            "mock-host:50000",
            "",
        ] {
            assert!(is_placeholder_host(value), "{value:?}");
        }
        for value in [
            "10.0.0.1",
            "fd00::1",
            "[fd00::1]:50000",
            "::1",
            "https://example.com:6443",
        ] {
            assert!(!is_placeholder_host(value), "{value:?}");
        }
    }
}
