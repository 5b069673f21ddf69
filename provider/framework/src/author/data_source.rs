//! Data sources.

use std::future::Future;

use super::Provider;
use crate::diag::{Diagnostics, Error};
use crate::model::Model;
use crate::operation::{DataCx, OperationTimeouts};

/// A data source: reads, and changes nothing.
pub trait DataSource: Sized + Send + Sync + 'static {
    /// The provider it belongs to.
    type Provider: Provider;
    /// Its attributes.
    type Model: Model;

    /// The type name, provider prefix included.
    const NAME: &'static str;
    /// How long reading may take where `timeouts` does not say.
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(20);

    /// Checks configuration; parts may be unknown, the provider is not configured.
    fn validate(_config: &Self::Model, _found: &mut Diagnostics) {}

    /// Fills the computed attributes. Core calls it with wholly known configuration.
    fn read(
        cx: &DataCx<Self>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Self::Model, Error>> + Send;
}
