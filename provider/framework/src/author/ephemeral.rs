//! Ephemeral resources: values that are never stored.

use std::future::Future;
use std::time::SystemTime;

use super::{Private, Provider};
use crate::diag::{Diagnostics, Error};
use crate::model::Model;
use crate::operation::{EphemeralCx, OperationTimeouts};

/// An opened ephemeral resource.
pub struct Opened<E: Ephemeral> {
    /// The values.
    pub model: E::Model,
    /// What renewing and closing need. Closing may see the one of `open` even after renewals.
    pub lease: E::Lease,
    /// When core shall renew; core adds no margin of its own.
    pub renew_at: Option<SystemTime>,
}

/// A renewed ephemeral resource.
pub struct Renewed<E: Ephemeral> {
    /// What the next renewal needs.
    pub lease: E::Lease,
    /// When core shall renew again.
    pub renew_at: Option<SystemTime>,
}

/// An ephemeral resource.
pub trait Ephemeral: Sized + Send + Sync + 'static {
    /// The provider it belongs to.
    type Provider: Provider;
    /// Its attributes.
    type Model: Model;
    /// What renewing and closing need; `()` for nothing.
    type Lease: Private;

    /// The type name, provider prefix included.
    const NAME: &'static str;
    /// How long opening (`create`), renewing (`update`) and closing (`delete`) may take.
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(5);

    /// Checks configuration; parts may be unknown, the provider is not configured.
    fn validate(_config: &Self::Model, _found: &mut Diagnostics) {}

    /// Makes the values.
    fn open(
        cx: &EphemeralCx<Self>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Opened<Self>, Error>> + Send;

    /// Prolongs them.
    fn renew(
        _cx: &EphemeralCx<Self>,
        lease: Self::Lease,
    ) -> impl Future<Output = Result<Renewed<Self>, Error>> + Send {
        std::future::ready(Ok(Renewed {
            lease,
            renew_at: None,
        }))
    }

    /// Ends them.
    fn close(
        _cx: &EphemeralCx<Self>,
        _lease: Self::Lease,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        std::future::ready(Ok(()))
    }
}
