//! Refresh, import, upgrade and take-over: where state comes from besides apply.

use std::sync::Arc;

use super::{ReadOutcome, Start, convert, pack, unpack};
use crate::author::{Read, Resource};
use crate::cty::{Value, from_json};
use crate::diag::{Diagnostic, Diagnostics};
use crate::operation::{Cx, OpState, drive};
use crate::schema::Schema;

pub(super) async fn read<R: Resource>(
    schema: &'static Schema,
    start: Start<R::Provider>,
    state: Value,
    private: Vec<u8>,
) -> ReadOutcome {
    let operation = OpState::new(
        &start.stop,
        format!("refresh of {}", R::NAME),
        "read",
        R::TIMEOUTS.configured(&state).read,
    );
    let outcome = try_read::<R>(schema, start, &operation, &state, &private).await;
    let mut found = operation.take_found();
    match outcome {
        Ok((state, private, broken)) => {
            found.extend(broken);
            ReadOutcome {
                state: state.unknown_to_null(),
                private,
                found,
            }
        }
        // A refresh that failed changes nothing.
        Err(failure) => {
            found.extend(failure);
            ReadOutcome {
                state,
                private,
                found,
            }
        }
    }
}

async fn try_read<R: Resource>(
    schema: &Schema,
    start: Start<R::Provider>,
    operation: &Arc<OpState>,
    state: &Value,
    private: &[u8],
) -> Result<(Value, Vec<u8>, Diagnostics), Diagnostics> {
    let model: R::Model = convert::decode(state)?;
    let kept: R::Private = unpack(private)?;
    let cx = Cx::new(start.data, kept.clone(), Arc::clone(operation));
    match drive(Arc::clone(operation), async move {
        R::read(&cx, model, kept).await
    })
    .await?
    {
        Read::Gone => Ok((Value::Null, Vec::new(), Diagnostics::new())),
        Read::State { model, private } => {
            let value = convert::encode_from(schema, state, &model);
            let broken = convert::violations(R::NAME, "returned", convert::still_unknown(&value));
            Ok((value, pack(&private)?, broken))
        }
    }
}

pub(super) async fn import<R: Resource>(
    schema: &'static Schema,
    start: Start<R::Provider>,
    id: String,
) -> ReadOutcome {
    let operation = OpState::new(
        &start.stop,
        format!("import of {}", R::NAME),
        "read",
        R::TIMEOUTS.read,
    );
    let cx = Cx::new(start.data, R::Private::default(), Arc::clone(&operation));
    let ended = drive(
        Arc::clone(&operation),
        async move { R::import(&cx, &id).await },
    )
    .await;
    let mut found = operation.take_found();
    let packed = ended.and_then(|(model, private)| {
        Ok((
            convert::encode_new(schema, &model).unknown_to_null(),
            pack(&private)?,
        ))
    });
    match packed {
        Ok((state, private)) => ReadOutcome {
            state,
            private,
            found,
        },
        Err(failure) => {
            found.extend(failure);
            ReadOutcome {
                state: Value::Null,
                private: Vec::new(),
                found,
            }
        }
    }
}

pub(super) fn upgrade<R: Resource>(
    schema: &Schema,
    version: i64,
    raw: &[u8],
) -> Result<Value, Diagnostics> {
    let json = parse::<R>(raw)?;
    if version == R::VERSION {
        return from_json(&json, &schema.ty)
            .map_err(|error| unreadable::<R>(&error.to_string()).into());
    }
    let upgrader = R::upgraders()
        .into_iter()
        .find(|upgrader| upgrader.version == version);
    let upgrader = upgrader
        .ok_or_else(|| unreadable::<R>(&format!("version {version} of its schema is not known")))?;
    let model = (upgrader.convert)(&json).map_err(Diagnostics::from)?;
    Ok(convert::encode_new(schema, &model).unknown_to_null())
}

pub(super) fn take_over<R: Resource>(
    schema: &Schema,
    address: &str,
    type_name: &str,
    raw: &[u8],
) -> Result<(Value, Vec<u8>), Diagnostics> {
    let mover = R::movers()
        .into_iter()
        .find(|mover| mover.matches(address, type_name));
    let mover = mover.ok_or_else(|| {
        let known: Vec<String> = R::movers()
            .iter()
            .map(|mover| format!("{} of {}", mover.type_name, mover.provider))
            .collect();
        let known = if known.is_empty() {
            "It takes over nothing".to_owned()
        } else {
            format!("It takes over {}", known.join(", "))
        };
        Diagnostic::error(
            format!(
                "TS-MOVE-UNSUPPORTED: {} cannot take over {type_name}",
                R::NAME
            ),
            format!("The source is {type_name} of {address}. {known}."),
        )
    })?;
    let (model, private) = (mover.convert)(&parse::<R>(raw)?).map_err(Diagnostics::from)?;
    Ok((
        convert::encode_new(schema, &model).unknown_to_null(),
        pack(&private)?,
    ))
}

fn parse<R: Resource>(raw: &[u8]) -> Result<serde_json::Value, Diagnostic> {
    serde_json::from_slice(raw).map_err(|_| unreadable::<R>("it is no JSON"))
}

fn unreadable<R: Resource>(why: &str) -> Diagnostic {
    Diagnostic::error(
        format!("TS-STATE-UNREADABLE: state of {} cannot be read", R::NAME),
        format!(
            "The cause: {why}. Use the provider version that wrote it, or remove the object from state and import it again."
        ),
    )
}
