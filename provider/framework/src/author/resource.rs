//! Managed resources.

use std::collections::BTreeMap;
use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Plan, PlanCx, Provider};
use crate::diag::{Diagnostic, Diagnostics, Error};
use crate::model::Model;
use crate::operation::{ApplyCx, OperationTimeouts, ReadCx, Slot};

/// What a resource keeps in private state: any serde type with a default; `()` for nothing.
///
/// Private state lies unencrypted in the state file, as everything there does.
pub trait Private: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static> Private for T {}

/// What a refresh found.
pub enum Read<R: Resource> {
    /// The object does not exist any more; core plans it anew.
    Gone,
    /// The object as it is.
    State {
        /// Its attributes.
        model: R::Model,
        /// What is kept beside them.
        private: R::Private,
    },
}

impl<R: Resource> Read<R> {
    /// The object as it is.
    pub fn state(model: R::Model, private: R::Private) -> Self {
        Self::State { model, private }
    }
}

/// An identity: texts by attribute.
pub type Identity = BTreeMap<String, String>;

/// One attribute of an identity. Its value is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityAttribute {
    /// Name in `identity = { … }`.
    pub name: &'static str,
    /// Plain text.
    pub description: &'static str,
    /// Whether importing needs it; otherwise it may be given.
    pub required: bool,
}

/// A managed resource.
///
/// `validate` and `plan` are pure: no I/O, no clock, no randomness, because core plans twice and compares.
pub trait Resource: Sized + Send + Sync + 'static {
    /// The provider it belongs to.
    type Provider: Provider;
    /// Its attributes.
    type Model: Model;
    /// What it keeps beside them.
    type Private: Private;

    /// The type name, provider prefix included.
    const NAME: &'static str;
    /// Raised when stored state needs an upgrade.
    const VERSION: i64 = 0;
    /// How long operations may take where `timeouts` does not say.
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(20);

    /// Checks configuration; parts may be unknown, the provider is not configured.
    fn validate(_config: &Self::Model, _found: &mut Diagnostics) {}

    /// Adjusts the plan.
    fn plan(_cx: &PlanCx<Self>, _plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        Ok(())
    }

    /// A look at the world before a create that has no prior state to plan from. What it returns is shown as warnings
    /// of the plan; it cannot add values, because core plans twice and compares. Ends with the plan's patience: what it
    /// has not seen within five seconds stays unsaid.
    fn preview(
        _provider: &<Self::Provider as Provider>::Data,
        _config: Self::Model,
    ) -> impl Future<Output = Vec<Diagnostic>> + Send {
        async { Vec::new() }
    }

    /// Creates the object and reports it through the slot. `config` alone carries write-only values.
    fn create(
        cx: &ApplyCx<Self>,
        planned: Self::Model,
        config: Self::Model,
        slot: &mut Slot<Self>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Observes the object.
    fn read(
        cx: &ReadCx<Self>,
        state: Self::Model,
        private: Self::Private,
    ) -> impl Future<Output = Result<Read<Self>, Error>> + Send;

    /// Changes the object and reports it through the slot.
    fn update(
        cx: &ApplyCx<Self>,
        prior: Self::Model,
        planned: Self::Model,
        config: Self::Model,
        slot: &mut Slot<Self>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Destroys the object. After an error the slot's state, or the prior one, stays.
    fn delete(
        cx: &ApplyCx<Self>,
        state: Self::Model,
        slot: &mut Slot<Self>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Adopts an existing object; a refresh follows.
    fn import(
        _cx: &ReadCx<Self>,
        _id: &str,
    ) -> impl Future<Output = Result<(Self::Model, Self::Private), Error>> + Send {
        let error = Error::new(
            format!("TS-IMPORT-UNSUPPORTED: {} cannot be imported", Self::NAME),
            "Create it through configuration instead.",
        );
        std::future::ready(Err(error))
    }

    /// What tells an object from all others of its type, for `import` by identity and for queries; empty means no identity.
    ///
    /// Cores that know identities store them; they must not change during an object's life.
    fn identity_attributes() -> Vec<IdentityAttribute> {
        Vec::new()
    }

    /// The identity of an object: a text for each identity attribute that it has. `None` while it cannot be told.
    fn identity(_state: &Self::Model) -> Option<Identity> {
        None
    }

    /// The id by which an identity is imported.
    fn import_id(_identity: &Identity) -> Result<String, Error> {
        let error = Error::new(
            format!("TS-IMPORT-ID: {} is imported by id", Self::NAME),
            "Write the id that its documentation describes.",
        );
        Err(error)
    }

    /// Which other types' state can be taken over by `moved`.
    fn movers() -> Vec<Mover<Self>> {
        Vec::new()
    }

    /// How state of older schema versions becomes the present model.
    fn upgraders() -> Vec<Upgrader<Self>> {
        Vec::new()
    }
}

type MoveFn<R> =
    fn(&serde_json::Value) -> Result<(<R as Resource>::Model, <R as Resource>::Private), Error>;

/// Takes over the state of another type.
pub struct Mover<R: Resource> {
    /// End of the source provider's address, such as `siderolabs/talos`.
    pub provider: &'static str,
    /// The source type.
    pub type_name: &'static str,
    /// From the source's state as JSON.
    pub convert: MoveFn<R>,
}

impl<R: Resource> Mover<R> {
    /// A conversion from `type_name` of the provider whose address ends in `provider`.
    pub fn new(provider: &'static str, type_name: &'static str, convert: MoveFn<R>) -> Self {
        Self {
            provider,
            type_name,
            convert,
        }
    }

    /// Whether this conversion is for that source.
    pub(crate) fn matches(&self, address: &str, type_name: &str) -> bool {
        self.type_name == type_name
            && (address == self.provider || address.ends_with(&format!("/{}", self.provider)))
    }
}

/// Reads the state of an older schema version straight into the present model.
pub struct Upgrader<R: Resource> {
    /// The stored version.
    pub version: i64,
    /// From the stored state as JSON.
    pub convert: fn(&serde_json::Value) -> Result<R::Model, Error>,
}

impl<R: Resource> Upgrader<R> {
    /// A conversion from stored version `version`.
    pub fn new(version: i64, convert: fn(&serde_json::Value) -> Result<R::Model, Error>) -> Self {
        Self { version, convert }
    }
}
