//! Plans one resource.

use std::time::Duration;

use super::{PlanOutcome, PlanRequest, convert, pack, unpack};
use crate::author::RawPlan;
use crate::author::{Action, Plan, PlanCx, Provider, Resource};
use crate::cty::{Path, Value};
use crate::diag::Diagnostics;
use crate::operation::guarded;
use crate::plan::{planned, prepare, replacements};
use crate::schema::Schema;

type Data<R> = <<R as Resource>::Provider as Provider>::Data;

pub(super) fn plan<R: Resource>(
    schema: &'static Schema,
    data: Option<Data<R>>,
    request: PlanRequest,
) -> PlanOutcome {
    let (fallback, private) = (request.proposed.clone(), request.private.clone());
    let outcome = guarded(|| try_plan::<R>(schema, data, request)).and_then(|result| result);
    outcome.unwrap_or_else(|found| PlanOutcome {
        planned: fallback,
        replace: Vec::new(),
        private,
        found,
    })
}

/// How long a look before a create may take.
const PREVIEW: Duration = Duration::from_secs(5);

/// Warnings of a planned create; a look that panics or takes too long says nothing.
pub(super) async fn preview<R: Resource>(data: Data<R>, config: Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    let Ok(config) = convert::decode::<R::Model>(&config) else {
        return found;
    };
    let look = tokio::spawn(async move { R::preview(&data, config).await });
    let abort = look.abort_handle();
    match tokio::time::timeout(PREVIEW, look).await {
        Ok(Ok(seen)) => seen
            .into_iter()
            .for_each(|seen| found.push(seen.as_warning())),
        Ok(Err(_)) => {}
        Err(_) => abort.abort(),
    }
    found
}

fn try_plan<R: Resource>(
    schema: &'static Schema,
    data: Option<Data<R>>,
    request: PlanRequest,
) -> Result<PlanOutcome, Diagnostics> {
    let PlanRequest {
        prior,
        proposed,
        config,
        private,
    } = request;
    let action = match (&prior, &proposed) {
        (_, Value::Null) => Action::Destroy,
        (Value::Null, _) => Action::Create,
        _ => Action::Update,
    };
    // On destroy there is neither configuration nor proposal: the prior object stands in.
    let (proposed, config) = match action {
        Action::Destroy => (prior.clone(), prior.clone()),
        Action::Create | Action::Update => (prepare(schema, &prior, proposed, &config), config),
    };
    let mut plan = typed::<R>(schema, action, &prior, &proposed, &config, &private)?;
    if let Err(found) = R::plan(&PlanCx { data }, &mut plan) {
        plan.found.extend(found);
    }
    let mut found = std::mem::take(&mut plan.found);
    let private = pack(&plan.private)?;
    if action == Action::Destroy {
        return Ok(PlanOutcome {
            planned: Value::Null,
            replace: Vec::new(),
            private,
            found,
        });
    }
    let value = convert::encode_from(schema, &proposed, &plan.proposed);
    if !found.has_errors() {
        found.extend(convert::violations(
            R::NAME,
            "planned",
            planned(schema, &prior, &config, &value),
        ));
    }
    let replace = if action == Action::Update {
        merged(
            plan.replace,
            replacements(&schema.attributes, &prior, &value),
        )
    } else {
        Vec::new()
    };
    Ok(PlanOutcome {
        planned: value,
        replace,
        private,
        found,
    })
}

fn typed<R: Resource>(
    schema: &'static Schema,
    action: Action,
    prior: &Value,
    proposed: &Value,
    config: &Value,
    private: &[u8],
) -> Result<Plan<R>, Diagnostics> {
    let private: R::Private = unpack(private)?;
    Ok(Plan {
        action,
        config: convert::decode(config)?,
        prior: if prior.is_null() {
            None
        } else {
            Some(convert::decode(prior)?)
        },
        proposed: convert::decode(proposed)?,
        prior_private: private.clone(),
        private,
        replace: Vec::new(),
        found: Diagnostics::new(),
        raw: RawPlan {
            schema,
            prior: prior.clone(),
            config: config.clone(),
        },
    })
}

fn merged(mut asked: Vec<Path>, declared: Vec<Path>) -> Vec<Path> {
    for path in declared {
        if !asked.contains(&path) {
            asked.push(path);
        }
    }
    asked
}
