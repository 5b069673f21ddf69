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

/// One running operation.
struct Running<R: Resource> {
    operation: Arc<OpState>,
    content: Arc<Mutex<SlotContent<R>>>,
    private: R::Private,
}

/// What the author gets of it.
type Tools<R> = (
    Cx<<R as Resource>::Provider, <R as Resource>::Private>,
    Slot<R>,
);

fn begin<R: Resource>(
    start: Start<R::Provider>,
    verb: &'static str,
    allowed: Duration,
    private: &[u8],
) -> Result<(Running<R>, Tools<R>), Diagnostics> {
    let private: R::Private = unpack(private)?;
    let operation = OpState::new(&start.stop, format!("{verb} of {}", R::NAME), verb, allowed);
    let (slot, content) = Slot::new(Arc::clone(&operation));
    let data: <R::Provider as Provider>::Data = start.data;
    let cx = Cx::new(data, private.clone(), Arc::clone(&operation));
    let running = Running {
        operation,
        content,
        private,
    };
    Ok((running, (cx, slot)))
}

async fn create<R: Resource>(
    schema: &'static Schema,
    start: Start<R::Provider>,
    request: ApplyRequest,
) -> Result<ApplyOutcome, Diagnostics> {
    let allowed = R::TIMEOUTS.configured(&request.planned).create;
    let planned: R::Model = convert::decode(&request.planned)?;
    let config: R::Model = convert::decode(&request.config)?;
    let (running, (cx, mut slot)) = begin::<R>(start, "create", allowed, &request.private)?;
    let ended = drive(Arc::clone(&running.operation), async move {
        R::create(&cx, planned, config, &mut slot).await
    })
    .await;
    Ok(running.finish(schema, request, ended))
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
    let (running, (cx, mut slot)) = begin::<R>(start, "update", allowed, &request.private)?;
    let ended = drive(Arc::clone(&running.operation), async move {
        R::update(&cx, prior, planned, config, &mut slot).await
    })
    .await;
    Ok(running.finish(schema, request, ended))
}

async fn delete<R: Resource>(
    schema: &'static Schema,
    start: Start<R::Provider>,
    request: ApplyRequest,
) -> Result<ApplyOutcome, Diagnostics> {
    let allowed = R::TIMEOUTS.configured(&request.prior).delete;
    let prior: R::Model = convert::decode(&request.prior)?;
    let (running, (cx, mut slot)) = begin::<R>(start, "delete", allowed, &request.private)?;
    let ended = drive(Arc::clone(&running.operation), async move {
        R::delete(&cx, prior, &mut slot).await
    })
    .await;
    if ended.is_ok() {
        return Ok(ApplyOutcome {
            state: Value::Null,
            private: Vec::new(),
            found: running.operation.take_found(),
        });
    }
    Ok(running.finish(schema, request, ended))
}

impl<R: Resource> Running<R> {
    /// What goes into state: what the slot holds, or what was there before when it holds nothing.
    fn finish(
        self,
        schema: &Schema,
        request: ApplyRequest,
        ended: Result<(), Diagnostics>,
    ) -> ApplyOutcome {
        let mut found = self.operation.take_found();
        let content = lock(&self.content);
        let spared = content.irreversible && content.state.is_some() && request.prior.is_null();
        let failed = ended.is_err();
        match ended {
            // An error would taint the new object, and core would destroy it next.
            Err(failure) if spared => found.extend(failure.downgraded()),
            Err(failure) => found.extend(failure),
            Ok(()) => (),
        }
        let state = match &content.state {
            Some(model) => {
                let state = convert::encode_from(schema, &request.planned, model);
                let state = if failed {
                    state.unknown_to_null()
                } else {
                    state
                };
                if !failed || spared {
                    let broken = applied(&request.planned, &state);
                    found.extend(convert::violations(R::NAME, "returned", broken));
                }
                state
            }
            None => {
                if !failed {
                    found.push(nothing_reported::<R>());
                }
                request.prior
            }
        };
        let private = match pack(content.private.as_ref().unwrap_or(&self.private)) {
            Ok(private) => private,
            Err(diagnostic) => {
                found.push(diagnostic);
                request.private
            }
        };
        ApplyOutcome {
            state: state.unknown_to_null(),
            private,
            found,
        }
    }
}

fn nothing_reported<R: Resource>() -> Diagnostic {
    Diagnostic::error(
        format!("TS-PROVIDER-BUG: {} reported no object", R::NAME),
        "The operation succeeded and left nothing to store. This is a bug of the provider; please report it.",
    )
}
