//! Data sources on plain values.

use std::sync::Arc;

use super::{Boxed, Erased, Start, convert};
use crate::author::{DataSource, Provider};
use crate::cty::Value;
use crate::diag::Diagnostics;
use crate::model::Model;
use crate::operation::{Cx, OpState, drive, guarded};
use crate::plan::planned;
use crate::schema::Schema;

/// A data source on plain values.
pub(crate) trait DynDataSource<P: Provider>: Send + Sync {
    fn schema(&self) -> &'static Schema;
    fn validate(&self, config: &Value) -> Diagnostics;
    fn read(&self, start: Start<P>, config: Value) -> Boxed<(Value, Diagnostics)>;
}

impl<D: DataSource> DynDataSource<D::Provider> for Erased<D> {
    fn schema(&self) -> &'static Schema {
        self.schema_or(|| Schema::new(0, D::Model::DESCRIPTION, D::Model::attributes()))
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let schema = DynDataSource::schema(self);
        let checked = guarded(|| {
            let model = match convert::decode_config::<D::Model>(schema, config) {
                Ok(model) => model,
                Err(found) => return found,
            };
            let mut found = Diagnostics::new();
            D::validate(&model, &mut found);
            found
        });
        checked.unwrap_or_else(|found| found)
    }

    fn read(&self, start: Start<D::Provider>, config: Value) -> Boxed<(Value, Diagnostics)> {
        Box::pin(read::<D>(DynDataSource::schema(self), start, config))
    }
}

async fn read<D: DataSource>(
    schema: &'static Schema,
    start: Start<D::Provider>,
    config: Value,
) -> (Value, Diagnostics) {
    let operation = OpState::new(
        &start.stop,
        format!("reading of {}", D::NAME),
        "read",
        D::TIMEOUTS.configured(&config).read,
    );
    let prepared =
        crate::plan::prepare(schema, &Value::Null, config.clone(), &config).unknown_to_null();
    let ended = match convert::decode::<D::Model>(&prepared) {
        Ok(model) => {
            let cx = Cx::new(start.data, (), Arc::clone(&operation));
            drive(
                Arc::clone(&operation),
                async move { D::read(&cx, model).await },
            )
            .await
        }
        Err(found) => Err(found),
    };
    let mut found = operation.take_found();
    match ended {
        Ok(model) => {
            let value = convert::encode_from(schema, &prepared, &model);
            found.extend(convert::violations(
                D::NAME,
                "returned",
                convert::still_unknown(&value),
            ));
            found.extend(convert::violations(
                D::NAME,
                "returned",
                planned(schema, &Value::Null, &config, &value),
            ));
            (value.unknown_to_null(), found)
        }
        Err(failure) => {
            found.extend(failure);
            (Value::Null, found)
        }
    }
}
