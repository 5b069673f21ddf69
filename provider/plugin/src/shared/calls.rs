//! Deadlines and cancellation of an operation, as the Talos client wants them.

use std::time::Duration;

use talos_client::Cx;
use tokio_util::sync::CancellationToken;

/// How long a refresh waits for a machine before it keeps what it knows.
pub const REFRESH: Duration = Duration::from_secs(5);

/// How long a plan looks at a machine that it has no earlier look of.
pub const PREVIEW: Duration = Duration::from_secs(4);

/// How long destroy waits for a machine before it counts as out of reach.
pub const DESTROY: Duration = Duration::from_secs(30);

/// How long a refresh waits for a machine with that many addresses: each of them may be silent for three seconds.
pub fn refresh(addresses: usize) -> Duration {
    REFRESH + Duration::from_secs(3) * u32::try_from(addresses.saturating_sub(1)).unwrap_or(0)
}

/// A context that ends with the operation.
pub fn during(remaining: Duration, token: &CancellationToken) -> Cx {
    Cx::new(remaining).with_cancel(token.clone())
}
