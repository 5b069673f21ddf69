//! Logging as core reads it: one JSON object per line on stderr, and nothing at all unless the user asks.
//!
//! Secrets cannot get here by accident: `Secret` and `Value` have no text form.

mod format;
mod layer;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::author::Provider;

pub(crate) use layer::HclogLayer;

/// Parts of the transport that would drown everything else.
const NOISY: &[&str] = &[
    "h2",
    "hyper",
    "hyper_util",
    "tonic",
    "tower",
    "rustls",
    "tokio_util",
    "mio",
    "want",
];

/// Starts logging when the environment asks for it.
pub(crate) fn install<P: Provider>() {
    let Some(level) = level(P::NAME, |name| std::env::var(name).ok()) else {
        return;
    };
    // A second call, as tests make, changes nothing.
    let _ = tracing_subscriber::registry()
        .with(HclogLayer::new(level, std::io::stderr))
        .try_init();
}

/// The level asked for: for this provider, for providers, or for everything.
fn level(provider: &str, variable: impl Fn(&str) -> Option<String>) -> Option<tracing::Level> {
    let own = format!(
        "TF_LOG_PROVIDER_{}",
        provider.to_uppercase().replace('-', "_")
    );
    let asked = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|text| !text.is_empty()))?;
    match asked.to_uppercase().as_str() {
        "OFF" => None,
        "ERROR" => Some(tracing::Level::ERROR),
        "WARN" => Some(tracing::Level::WARN),
        "INFO" => Some(tracing::Level::INFO),
        "DEBUG" => Some(tracing::Level::DEBUG),
        // JSON and any unknown text mean everything, as in core.
        _ => Some(tracing::Level::TRACE),
    }
}

fn is_noisy(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or_default();
    NOISY.contains(&root)
}

#[cfg(test)]
mod tests;
