//! Creates, updates or destroys one object.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{ApplyOutcome, ApplyRequest, Start, convert, pack, unpack};
use crate::author::{Provider, Resource};
use crate::cty::Value;
use crate::diag::{Diagnostic, Diagnostics};
use crate::operation::{Cx, OpState, Slot, SlotContent, drive, lock};
use crate::plan::applied;
use crate::schema::Schema;

pub(super) async fn apply<R: Resource>(
    schema: &'static Schema,
    start: Start<R::Provider>,
    request: ApplyRequest,
) -> ApplyOutcome {
    let private = request.private.clone();
    let prior = request.prior.clone();
    let outcome = if request.prior.is_null() {
        create::<R>(schema, start, request).await
    } else if request.planned.is_null() {
        delete::<R>(schema, start, request).await
    } else {
        update::<R>(schema, start, request).await
    };
    // Only what never reached the author comes here: nothing has changed.
    outcome.unwrap_or_else(|found| ApplyOutcome {
        state: prior,
        private,
        found,
    })
}

/// The common parts of one running operation.
struct Running<R: Resource> {
    operation: Arc<OpState>,
    content: Arc<Mutex<SlotContent<R>>>,
    slot: Slot<R>,
    cx: Cx<R::Provider, R::Private>,
    private: R::Private,
}

fn begin<R: Resource>(
    start: Start<R::Provider>,
    verb: &str,
    member: &'static str,
    allowed: Duration,
    private: &[u8],
) -> Result<Running<R>, Diagnostics> {
    let private: R::Private = unpack(private)?;
    let operation = OpState::new(
        &start.stop,
        format!("{verb} of {}", R::NAME),
        member,
        allowed,
    );
    let (slot, content) = Slot::new(Arc::clone(&operation));
    let data: <R::Provider as Provider>::Data = start.data;
    let cx = Cx::new(data, private.clone(), Arc::clone(&operation));
    Ok(Running {
        operation,
        content,
        slot,
        cx,
        private,
    })
}

async fn create<R: Resource>(
    schema: &'static Schema,
    start: Start<R::Provider>,
    request: ApplyRequest,
) -> Result<ApplyOutcome, Diagnostics> {
    let allowed = R::TIMEOUTS.configured(&request.planned).create;
    let planned: R::Model = convert::decode(&request.planned)?;
    let config: R::Model = convert::decode(&request.config)?;
    let Running {
        operation,
        content,
        mut slot,
        cx,
        private,
    } = begin::<R>(start, "create", "create", allowed, &request.private)?;
    let ended = drive(Arc::clone(&operation), async move {
        R::create(&cx, planned, config, &mut slot).await
    })
    .await;
    Ok(finish(
        schema,
        Finish {
            request,
            content,
            operation,
            private,
        },
        ended,
    ))
}

async fn update<R: Resource>(
    schema: &'static Schema,
    start: Start<R::Provider>,
    request: ApplyRequest,
) -> Result<ApplyOutcome, Diagnostics> {
    let allowed = R::TIMEOUTS.configured(&request.planned).update;
    let prior: R::Model = convert::decode(&request.prior)?;
    let planned: R::Model = convert::decode(&request.planned)?;
    let config: R::Model = convert::decode(&request.config)?;
    let Running {
        operation,
        content,
        mut slot,
        cx,
        private,
    } = begin::<R>(start, "update", "update", allowed, &request.private)?;
    let ended = drive(Arc::clone(&operation), async move {
        R::update(&cx, prior, planned, config, &mut slot).await
    })
    .await;
    Ok(finish(
        schema,
        Finish {
            request,
            content,
            operation,
            private,
        },
        ended,
    ))
}

async fn delete<R: Resource>(
    schema: &'static Schema,
    start: Start<R::Provider>,
    request: ApplyRequest,
) -> Result<ApplyOutcome, Diagnostics> {
    let allowed = R::TIMEOUTS.configured(&request.prior).delete;
    let prior: R::Model = convert::decode(&request.prior)?;
    let Running {
        operation,
        content,
        mut slot,
        cx,
        private,
    } = begin::<R>(start, "delete", "delete", allowed, &request.private)?;
    let ended = drive(Arc::clone(&operation), async move {
        R::delete(&cx, prior, &mut slot).await
    })
    .await;
    if ended.is_ok() {
        return Ok(ApplyOutcome {
            state: Value::Null,
            private: Vec::new(),
            found: operation.take_found(),
        });
    }
    Ok(finish(
        schema,
        Finish {
            request,
            content,
            operation,
            private,
        },
        ended,
    ))
}

struct Finish<R: Resource> {
    request: ApplyRequest,
    content: Arc<Mutex<SlotContent<R>>>,
    operation: Arc<OpState>,
    private: R::Private,
}

/// What goes into state: what the slot holds, or what was there before when it holds nothing.
fn finish<R: Resource>(
    schema: &Schema,
    run: Finish<R>,
    ended: Result<(), Diagnostics>,
) -> ApplyOutcome {
    let mut found = run.operation.take_found();
    let content = lock(&run.content);
    let spared = content.irreversible && content.state.is_some() && run.request.prior.is_null();
    let failed = ended.is_err();
    match ended {
        // An error would taint the new object, and core would destroy it next.
        Err(failure) if spared => found.extend(failure.downgraded()),
        Err(failure) => found.extend(failure),
        Ok(()) => (),
    }
    let state = match &content.state {
        Some(model) => {
            let state = convert::encode_from(schema, &run.request.planned, model);
            let state = if failed {
                state.unknown_to_null()
            } else {
                state
            };
            if !failed || spared {
                let broken = applied(&run.request.planned, &state);
                found.extend(convert::violations(R::NAME, "returned", broken));
            }
            state
        }
        None => {
            if !failed {
                found.push(nothing_reported::<R>());
            }
            run.request.prior
        }
    };
    let private = match pack(content.private.as_ref().unwrap_or(&run.private)) {
        Ok(private) => private,
        Err(diagnostic) => {
            found.push(diagnostic);
            run.request.private
        }
    };
    ApplyOutcome {
        state: state.unknown_to_null(),
        private,
        found,
    }
}

fn nothing_reported<R: Resource>() -> Diagnostic {
    Diagnostic::error(
        format!("TS-PROVIDER-BUG {} reported no object", R::NAME),
        "The operation succeeded and left nothing to store. This is a bug of the provider; please report it.",
    )
}
