//! Author types behind one interface on plain values: what the server calls.

mod apply;
mod convert;
mod data_source;
mod ephemeral;
mod function;
mod identity;
mod observe;
mod plan;
mod private;
mod resource;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

pub(crate) use data_source::DynDataSource;
pub(crate) use ephemeral::{DynEphemeral, Opening, Renewal};
pub(crate) use function::{DynFunction, FunctionSchema};
pub(crate) use identity::identity_type;
pub(crate) use private::{pack, unpack};
pub(crate) use resource::{
    ApplyOutcome, ApplyRequest, DynResource, PlanOutcome, PlanRequest, ReadOutcome,
};

pub(crate) use convert::{decode_config, refuse_write_only};

use crate::author::Provider;
use crate::schema::Schema;

/// A future of the server's making.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What every operation starts from.
pub(crate) struct Start<P: Provider> {
    /// The provider's handle.
    pub(crate) data: P::Data,
    /// Cancelled when core asks the provider to stop.
    pub(crate) stop: CancellationToken,
}

/// The type-erasing wrapper; the schema is made on first use and lives as long as the process.
pub(crate) struct Erased<T> {
    schema: OnceLock<&'static Schema>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Erased<T> {
    pub(crate) fn new() -> Self {
        Self {
            schema: OnceLock::new(),
            kind: PhantomData,
        }
    }

    /// Leaked once per type and process: operations that outlive their request borrow it freely.
    fn schema_or(&self, make: impl FnOnce() -> Schema) -> &'static Schema {
        self.schema.get_or_init(|| Box::leak(Box::new(make())))
    }
}
