//! Waits for Flux, and ends as soon as something says that it will not come.

use std::time::Duration;

use kubernetes::{Backoff, Client, Code, Cx, Error, Id, Readiness, Result, flux, readiness};
use serde_json::Value;
use tokio::time::Instant;

use super::model::FluxInstance;
use super::observe::{instance_id, sync_objects};

/// Longest pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the same failure must stand: controllers try again at once after a change.
const SETTLED: Duration = Duration::from_secs(4);
/// How long what the cluster's own network may cause must stand.
const NETWORK: Duration = Duration::from_secs(30);
/// How long an operator may take to look at a change: a lease of a dead one holds for 35 s.
const SILENT: Duration = Duration::from_secs(50);
/// How long an operator that was just installed may take to come up, when nothing says why it does not.
const STARTING: Duration = Duration::from_secs(60);
/// How long its pods may be in a trouble that was seen.
const TROUBLED: Duration = Duration::from_secs(6);

/// Waits until the operator of this namespace runs.
///
/// # Errors
/// That there is none, that it watches another namespace, or that it does not run.
pub async fn operator(client: &Client, calls: &Cx, namespace: &str) -> Result<()> {
    let begun = Instant::now();
    let id = Id::new("apps/v1", "Deployment", namespace, flux::OPERATOR);
    let attempted = || format!("looking for flux-operator at {}", client.host());
    let backoff = Backoff::up_to(PAUSE);
    loop {
        let Some(deployment) = client.find(calls, &id).await? else {
            return Err(elsewhere(client, calls, namespace)
                .await?
                .unwrap_or_else(|| {
                    Error::new(Code::OperatorAbsent, attempted(), format!("no {id}"))
                }));
        };
        if is_available(&deployment) {
            return Ok(());
        }
        let (patience, why) = match client.trouble(calls, &deployment).await? {
            Some((_, why)) => (TROUBLED, why),
            None if deployment["spec"]["replicas"] == 0 => {
                (Duration::ZERO, "it is scaled to no pod".to_owned())
            }
            None => (STARTING, "no pod is available".to_owned()),
        };
        let dead = Error::new(Code::OperatorDead, attempted(), why);
        if begun.elapsed() >= patience {
            return Err(dead);
        }
        backoff.pause(calls, dead).await?;
    }
}

/// Whether a pod of the operator serves; a rollout may still go on beside it.
pub fn is_available(deployment: &Value) -> bool {
    deployment["status"]["availableReplicas"]
        .as_u64()
        .unwrap_or(0)
        > 0
        && deployment["spec"]["replicas"] != 0
}

async fn elsewhere(client: &Client, calls: &Cx, namespace: &str) -> Result<Option<Error>> {
    let all = Id::new("apps/v1", "Deployment", "", "");
    let operators = client
        .list(
            calls,
            &all,
            &format!("app.kubernetes.io/name={}", flux::OPERATOR),
        )
        .await?;
    let other = operators
        .iter()
        .find_map(|found| found["metadata"]["namespace"].as_str());
    Ok(other.filter(|other| *other != namespace).map(|other| {
        let seen = format!("flux-operator runs in {other}, the instance shall be in {namespace}");
        Error::new(
            Code::OperatorElsewhere,
            format!("looking for flux-operator at {}", client.host()),
            seen,
        )
    }))
}

/// Waits until the instance is what `wait` asks for, and returns it. `asked` is the request to reconcile that must be answered.
///
/// # Errors
/// What keeps it from getting there, from whoever says it most exactly.
pub async fn instance(
    client: &Client,
    calls: &Cx,
    model: &FluxInstance,
    asked: &str,
    mut tell: impl FnMut(String),
) -> Result<Value> {
    let id = instance_id(model.namespace.text());
    let attempted = format!("waiting until Flux is ready at {}", client.host());
    let backoff = Backoff::up_to(PAUSE);
    let mut standing: Option<(Code, Instant)> = None;
    let begun = Instant::now();
    loop {
        let Some(found) = client.find(calls, &id).await? else {
            return Err(Error::new(
                Code::Gone,
                attempted,
                format!("{id} is not there any more"),
            ));
        };
        let state = flux::state(&found, asked);
        if is_done(client, calls, model, &found, &state).await? {
            return Ok(found);
        }
        let (problem, patience) = match judge(
            client,
            calls,
            model,
            &state,
            &flux::Asked::by(&found, asked),
            begun,
        )
        .await?
        {
            Ok(waiting) => {
                standing = None;
                (Error::new(Code::Instance, &attempted, waiting), None)
            }
            Err((code, seen, patience)) => (Error::new(code, &attempted, seen), Some(patience)),
        };
        if let Some(patience) = patience {
            let since = standing
                .filter(|(code, _)| *code == problem.code)
                .map_or_else(Instant::now, |(_, since)| since);
            standing = Some((problem.code, since));
            if since.elapsed() >= patience {
                return Err(problem);
            }
        }
        tell(problem.seen.clone());
        backoff.pause(calls, problem).await?;
    }
}

async fn is_done(
    client: &Client,
    calls: &Cx,
    model: &FluxInstance,
    found: &Value,
    state: &flux::State,
) -> Result<bool> {
    match model.wait.text() {
        "none" => Ok(true),
        "controllers" if *state != flux::State::Unseen => {
            controllers(client, calls, model, found).await
        }
        "controllers" => Ok(false),
        _ => Ok(matches!(state, flux::State::Ready | flux::State::Disabled)),
    }
}

/// Whether every controller that the instance lists is up.
async fn controllers(
    client: &Client,
    calls: &Cx,
    model: &FluxInstance,
    found: &Value,
) -> Result<bool> {
    let components = found["status"]["components"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for component in components {
        let name = component["name"].as_str().unwrap_or_default();
        let id = Id::new("apps/v1", "Deployment", model.namespace.text(), name);
        match client.find(calls, &id).await? {
            Some(deployment) if readiness(&deployment) == Readiness::Current => {}
            _ => return Ok(false),
        }
    }
    Ok(!components.is_empty())
}

type Verdict = std::result::Result<String, (Code, String, Duration)>;

/// What is waited for, or what fails and how long that must stand. The sync speaks before the instance, which only repeats it later.
async fn judge(
    client: &Client,
    calls: &Cx,
    model: &FluxInstance,
    state: &flux::State,
    asked: &flux::Asked<'_>,
    begun: Instant,
) -> Result<Verdict> {
    if let flux::State::Stalled(why) = state {
        return Ok(Err((Code::Build, why.clone(), Duration::ZERO)));
    }
    if model.wait.text() == "ready" {
        for object in sync_objects(client, calls, model).await? {
            if let Some(trouble) = flux::trouble(&object, asked) {
                let patience = if trouble.may_pass { NETWORK } else { SETTLED };
                return Ok(Err((trouble.code, trouble.seen, patience)));
            }
        }
    }
    Ok(match state {
        flux::State::Unseen if begun.elapsed() >= SILENT => {
            let seen = format!(
                "it has not looked at the instance for {} s",
                begun.elapsed().as_secs()
            );
            Err((Code::OperatorDead, seen, Duration::ZERO))
        }
        flux::State::Unseen => Ok("the operator has not looked at it yet".to_owned()),
        flux::State::Failed(why) => Err((Code::Instance, why.clone(), NETWORK)),
        flux::State::Progressing(why) => Ok(why.clone()),
        flux::State::Ready | flux::State::Disabled | flux::State::Stalled(_) => {
            Ok("its controllers".to_owned())
        }
    })
}
