//! Ephemeral resources on plain values.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Boxed, Erased, Start, convert, pack, unpack};
use crate::author::{Ephemeral, Opened, Provider};
use crate::cty::Value;
use crate::diag::{Diagnostics, Error};
use crate::model::Model;
use crate::operation::{Cx, EphemeralCx, OpState, drive, guarded};
use crate::plan::planned;
use crate::schema::Schema;

/// What opening gave.
pub(crate) struct Opening {
    pub(crate) value: Value,
    pub(crate) lease: Vec<u8>,
    pub(crate) renew_at: Option<SystemTime>,
    pub(crate) found: Diagnostics,
}

/// What renewing gave.
pub(crate) struct Renewal {
    pub(crate) lease: Vec<u8>,
    pub(crate) renew_at: Option<SystemTime>,
    pub(crate) found: Diagnostics,
}

/// An ephemeral resource on plain values.
pub(crate) trait DynEphemeral<P: Provider>: Send + Sync {
    fn schema(&self) -> &'static Schema;
    fn validate(&self, config: &Value) -> Diagnostics;
    fn open(&self, start: Start<P>, config: Value) -> Boxed<Opening>;
    fn renew(&self, start: Start<P>, lease: Vec<u8>) -> Boxed<Renewal>;
    fn close(&self, start: Start<P>, lease: Vec<u8>) -> Boxed<Diagnostics>;
}

impl<E: Ephemeral> DynEphemeral<E::Provider> for Erased<E> {
    fn schema(&self) -> &'static Schema {
        self.schema_or(|| Schema::new(0, E::Model::DESCRIPTION, E::Model::attributes()))
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let schema = DynEphemeral::schema(self);
        let checked = guarded(|| {
            let model = match convert::decode_config::<E::Model>(schema, config) {
                Ok(model) => model,
                Err(found) => return found,
            };
            let mut found = Diagnostics::new();
            E::validate(&model, &mut found);
            found
        });
        checked.unwrap_or_else(|found| found)
    }

    fn open(&self, start: Start<E::Provider>, config: Value) -> Boxed<Opening> {
        Box::pin(open::<E>(DynEphemeral::schema(self), start, config))
    }

    fn renew(&self, start: Start<E::Provider>, lease: Vec<u8>) -> Boxed<Renewal> {
        Box::pin(renew::<E>(start, lease))
    }

    fn close(&self, start: Start<E::Provider>, lease: Vec<u8>) -> Boxed<Diagnostics> {
        Box::pin(close::<E>(start, lease))
    }
}

fn context<E: Ephemeral>(
    start: Start<E::Provider>,
    verb: &str,
    member: &'static str,
    allowed: Duration,
) -> (EphemeralCx<E>, Arc<OpState>) {
    let operation = OpState::new(
        &start.stop,
        format!("{verb} of {}", E::NAME),
        member,
        allowed,
    );
    (Cx::new(start.data, (), Arc::clone(&operation)), operation)
}

async fn open<E: Ephemeral>(
    schema: &'static Schema,
    start: Start<E::Provider>,
    config: Value,
) -> Opening {
    let (cx, operation) = context::<E>(
        start,
        "opening",
        "create",
        E::TIMEOUTS.configured(&config).create,
    );
    let prepared =
        crate::plan::prepare(schema, &Value::Null, config.clone(), &config).unknown_to_null();
    let ended = match convert::decode::<E::Model>(&prepared) {
        Ok(model) => {
            drive(
                Arc::clone(&operation),
                async move { E::open(&cx, model).await },
            )
            .await
        }
        Err(found) => Err(found),
    };
    let packed = ended.and_then(
        |Opened {
             model,
             lease,
             renew_at,
         }| Ok((model, pack(&lease)?, renew_at)),
    );
    let mut found = operation.take_found();
    match packed {
        Ok((model, lease, renew_at)) => {
            let value = convert::encode_from(schema, &prepared, &model);
            found.extend(convert::violations(
                E::NAME,
                "returned",
                convert::still_unknown(&value),
            ));
            found.extend(convert::violations(
                E::NAME,
                "returned",
                planned(schema, &Value::Null, &config, &value),
            ));
            Opening {
                value: value.unknown_to_null(),
                lease,
                renew_at,
                found,
            }
        }
        Err(failure) => {
            found.extend(failure);
            Opening {
                value: Value::Null,
                lease: Vec::new(),
                renew_at: None,
                found,
            }
        }
    }
}

async fn renew<E: Ephemeral>(start: Start<E::Provider>, bytes: Vec<u8>) -> Renewal {
    let (cx, operation) = context::<E>(start, "renewal", "update", E::TIMEOUTS.update);
    let ended = match unpack::<E::Lease>(&bytes) {
        Ok(lease) => {
            drive(
                Arc::clone(&operation),
                async move { E::renew(&cx, lease).await },
            )
            .await
        }
        Err(diagnostic) => Err(diagnostic.into()),
    };
    let packed = ended.and_then(|renewed| Ok((pack(&renewed.lease)?, renewed.renew_at)));
    let mut found = operation.take_found();
    match packed {
        Ok((lease, renew_at)) => Renewal {
            lease,
            renew_at,
            found,
        },
        Err(failure) => {
            found.extend(failure);
            Renewal {
                lease: bytes,
                renew_at: None,
                found,
            }
        }
    }
}

async fn close<E: Ephemeral>(start: Start<E::Provider>, bytes: Vec<u8>) -> Diagnostics {
    let (cx, operation) = context::<E>(start, "closing", "delete", E::TIMEOUTS.delete);
    let ended = match unpack::<E::Lease>(&bytes) {
        Ok(lease) => {
            drive(
                Arc::clone(&operation),
                async move { E::close(&cx, lease).await },
            )
            .await
        }
        Err(diagnostic) => Err(Diagnostics::from(Error::from(diagnostic))),
    };
    let mut found = operation.take_found();
    if let Err(failure) = ended {
        found.extend(failure);
    }
    found
}
