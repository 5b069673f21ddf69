//! The provider as a whole, and what it registers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{DataSource, Ephemeral, Function, Resource};
use crate::cty::Path;
use crate::diag::{Diagnostic, Diagnostics, Error};
use crate::erased::{DynDataSource, DynEphemeral, DynFunction, DynResource, Erased};
use crate::model::Model;
use crate::operation::lock;

/// A provider.
pub trait Provider: Sized + Send + Sync + 'static {
    /// Its configuration.
    type Config: Model;
    /// What resources get of it: a cheap handle that connects to nothing before it is used.
    type Data: Clone + Send + Sync + 'static;

    /// Short name for logs and documentation.
    const NAME: &'static str;
    /// Version of the build.
    const VERSION: &'static str;
    /// Source address for `-debug`, such as `registry.terraform.io/home-ops/demo`.
    const ADDRESS: &'static str;

    /// Checks configuration; parts may be unknown.
    fn validate(_config: &Self::Config, _found: &mut Diagnostics) {}

    /// Makes the handle. Parts of the configuration may be unknown; must be quick and dial nothing.
    fn configure(cx: &ConfigureCx, config: Self::Config) -> Result<Self::Data, Error>;

    /// Names every type.
    fn register(registry: &mut Registry<Self>);
}

/// What `configure` knows besides the configuration.
#[derive(Default)]
pub struct ConfigureCx {
    pub(crate) terraform_version: String,
    pub(crate) found: Mutex<Diagnostics>,
}

impl ConfigureCx {
    /// What core calls itself; OpenTofu names a Terraform version. For logs only.
    pub fn terraform_version(&self) -> &str {
        &self.terraform_version
    }

    /// Adds a warning.
    pub fn warn(&self, summary: impl Into<String>, detail: impl Into<String>) {
        lock(&self.found).push(Diagnostic::warning(summary, detail));
    }

    /// Adds a warning about one place.
    pub fn warn_at(
        &self,
        path: impl Into<Path>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        lock(&self.found).push(Diagnostic::warning(summary, detail).at(path));
    }
}

/// All types of a provider by name.
pub struct Registry<P: Provider> {
    pub(crate) types: Types<P>,
}

/// The types behind a [`Registry`].
pub(crate) struct Types<P: Provider> {
    pub(crate) resources: BTreeMap<&'static str, Box<dyn DynResource<P>>>,
    pub(crate) data_sources: BTreeMap<&'static str, Box<dyn DynDataSource<P>>>,
    pub(crate) ephemerals: BTreeMap<&'static str, Box<dyn DynEphemeral<P>>>,
    pub(crate) functions: BTreeMap<&'static str, Box<dyn DynFunction>>,
}

impl<P: Provider> Registry<P> {
    /// What the provider registers.
    pub fn of_provider() -> Self {
        let types = Types {
            resources: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            ephemerals: BTreeMap::new(),
            functions: BTreeMap::new(),
        };
        let mut registry = Self { types };
        P::register(&mut registry);
        registry
    }

    /// Adds a managed resource.
    pub fn resource<R: Resource<Provider = P>>(&mut self) {
        self.types
            .resources
            .insert(R::NAME, Box::new(Erased::<R>::new()));
    }

    /// Adds a data source.
    pub fn data_source<D: DataSource<Provider = P>>(&mut self) {
        self.types
            .data_sources
            .insert(D::NAME, Box::new(Erased::<D>::new()));
    }

    /// Adds an ephemeral resource.
    pub fn ephemeral<E: Ephemeral<Provider = P>>(&mut self) {
        self.types
            .ephemerals
            .insert(E::NAME, Box::new(Erased::<E>::new()));
    }

    /// Adds a function.
    pub fn function<F: Function>(&mut self) {
        self.types
            .functions
            .insert(F::NAME, Box::new(Erased::<F>::new()));
    }
}
