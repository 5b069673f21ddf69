//! The provider under test.

use std::sync::Arc;

use super::object::{Object, refused};
use crate::author::{
    ConfigureCx, DataSource, Ephemeral, Function, FunctionError, Provider, Registry, Resource,
};
use crate::cty::{Value, decode, encode};
use crate::diag::Diagnostics;
use crate::erased::{DynDataSource, DynEphemeral, DynFunction, Erased, decode_config};
use crate::model::{Model, TfValue};
use crate::operation::lock;
use crate::schema::{Schema, problems};
use crate::server::Shared;

/// A configured provider without a process.
pub struct MiniCore<P: Provider> {
    pub(super) shared: Arc<Shared<P>>,
}

/// A result with the warnings that came along.
#[derive(Debug, Clone)]
pub struct Finished<T> {
    /// What came out.
    pub value: T,
    /// What users are told besides.
    pub warnings: Diagnostics,
}

impl<P: Provider> MiniCore<P> {
    /// A provider with this handle, whatever configuration would have made it.
    pub fn with_data(data: P::Data) -> Self {
        let shared = Shared::new();
        shared.configured(data);
        Self { shared }
    }

    /// A provider configured as core does it: validated, then configured.
    pub fn configure(config: P::Config) -> Result<Finished<Self>, Diagnostics> {
        let schema = Schema::new(0, P::Config::DESCRIPTION, P::Config::attributes());
        let config: P::Config = decode_config(&schema, &config.encode())?;
        let mut warnings = Diagnostics::new();
        P::validate(&config, &mut warnings);
        if warnings.has_errors() {
            return Err(warnings);
        }
        let cx = ConfigureCx::default();
        let data = P::configure(&cx, config)?;
        warnings.extend(std::mem::take(&mut *lock(&cx.found)));
        Ok(Finished {
            value: Self::with_data(data),
            warnings,
        })
    }

    /// An object of a resource that does not exist yet.
    pub fn object<R: Resource<Provider = P>>(&self) -> Object<R> {
        Object::new(Arc::clone(&self.shared))
    }

    /// What Ctrl-C does: every running operation is asked to end.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Validates and reads a data source.
    pub async fn read<D: DataSource<Provider = P>>(
        &self,
        config: &D::Model,
    ) -> Result<Finished<D::Model>, Diagnostics> {
        let source = Erased::<D>::new();
        let config = over_the_wire(DynDataSource::schema(&source), &config.encode())?;
        let mut warnings = source.validate(&config);
        if warnings.has_errors() {
            return Err(warnings);
        }
        let (value, found) = DynDataSource::read(&source, self.shared.start()?, config).await;
        warnings.extend(found);
        finished(&value, warnings)
    }

    /// Validates, opens and closes an ephemeral resource; gives what it was in between.
    pub async fn open<E: Ephemeral<Provider = P>>(
        &self,
        config: &E::Model,
    ) -> Result<Finished<E::Model>, Diagnostics> {
        let ephemeral = Erased::<E>::new();
        let config = over_the_wire(DynEphemeral::schema(&ephemeral), &config.encode())?;
        let mut warnings = ephemeral.validate(&config);
        if warnings.has_errors() {
            return Err(warnings);
        }
        let opening = ephemeral.open(self.shared.start()?, config).await;
        warnings.extend(opening.found);
        if !warnings.has_errors() {
            warnings.extend(ephemeral.close(self.shared.start()?, opening.lease).await);
        }
        finished(&opening.value, warnings)
    }

    /// Calls a function. Arguments of a parameter of any type are `Value::Typed`; see [`crate::model::Dynamic`].
    pub fn call<F: Function>(&self, arguments: &[Value]) -> Result<F::Return, FunctionError> {
        let value = Erased::<F>::new().call(arguments)?;
        F::Return::decode(&value)
            .map_err(|_| FunctionError::new("the result does not fit its type"))
    }
}

fn finished<M: Model>(value: &Value, warnings: Diagnostics) -> Result<Finished<M>, Diagnostics> {
    if warnings.has_errors() {
        return Err(warnings);
    }
    match M::decode(value) {
        Ok(value) => Ok(Finished { value, warnings }),
        Err(_) => Err(refused("the result does not read back as its model").into()),
    }
}

/// A value as the other side of the wire gets it.
pub(super) fn over_the_wire(schema: &Schema, value: &Value) -> Result<Value, Diagnostics> {
    let sent = encode(value, &schema.ty).and_then(|bytes| decode(&bytes, &schema.ty));
    sent.map_err(|error| refused(format!("the value does not fit its schema: {error}")).into())
}

/// What core, or our own rules, would refuse in any schema of a provider. A provider's tests assert that this is empty.
pub fn schema_problems<P: Provider>() -> Vec<String> {
    let types = Registry::<P>::of_provider().types;
    let config = Schema::new(0, P::Config::DESCRIPTION, P::Config::attributes());
    let mut found = problems("provider", &config, true);
    for (name, resource) in &types.resources {
        found.extend(problems(name, resource.schema(), false));
    }
    for (name, source) in &types.data_sources {
        found.extend(problems(&format!("data {name}"), source.schema(), false));
    }
    for (name, ephemeral) in &types.ephemerals {
        found.extend(problems(
            &format!("ephemeral {name}"),
            ephemeral.schema(),
            false,
        ));
    }
    for (name, function) in &types.functions {
        let schema = function.schema();
        let undescribed = schema
            .parameters
            .iter()
            .filter(|parameter| parameter.description.trim().is_empty());
        found.extend(undescribed.map(|parameter| {
            format!(
                "function {name}: parameter {} has no description",
                parameter.name
            )
        }));
    }
    found
}
