//! Kubernetes in operations: limits, and errors as diagnostics.

use std::collections::BTreeMap;
use std::time::Duration;

use framework::prelude::*;
use kubernetes::{Client, Code, Cx, Id, Mode, difference};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::kubernetes_access::KubernetesAccess;
use super::left_behind::{Left, Undone};
use super::{announce, report};
use crate::provider::{Data, TalosStack};

/// How long a refresh waits for the first answer before it keeps what it knows.
pub const ANSWER: Duration = Duration::from_secs(8);
/// How long it may take in all: a server that answers late is no silent one.
const REFRESH: Duration = Duration::from_secs(40);
/// How long apply tries to reach anybody before it says so.
pub const REACH: Duration = Duration::from_secs(9);

/// Limits that end with the operation.
pub fn during(remaining: Duration, token: &CancellationToken) -> Cx {
    Cx::new(remaining).with_cancel(token.clone())
}

/// The client for apply, once the cluster answers and is the one of this UID (any where it is empty), and the UID.
pub async fn reach(
    data: &Data,
    own: &Field<KubernetesAccess>,
    about: &str,
    calls: &Cx,
    uid: &str,
) -> Result<(Client, String), Undone> {
    let client = data.kubernetes.client(own).await;
    let client = client.map_err(|problem| Error::from(problem.diagnostic(about)))?;
    let found = client.expect_cluster(&calls.capped(REACH), uid).await;
    let found =
        found.map_err(|problem| Undone::new(error(about, &problem), problem.code.is_silence()))?;
    Ok((client, found))
}

/// What stays of a cluster that destroy did not reach.
pub fn left(about: &str) -> Left<'_> {
    Left {
        about,
        undone: "it was not removed",
        there: "Whatever is in the cluster stays.",
    }
}

/// What applying `object` would change on the live one, by path; nothing is seen with access that may only read.
///
/// # Errors
/// Why the API server did not say.
pub async fn would_change(
    client: &Client,
    calls: &Cx,
    object: &Value,
    live: &Value,
) -> kubernetes::Result<BTreeMap<String, String>> {
    match client.apply(calls, object, Mode::DryRun).await {
        Ok(wanted) => Ok(difference(live, &wanted)),
        Err(error) if error.code == Code::Permission => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// What differs between two sets of objects, by object and path.
pub fn between(before: &[Value], after: &[Value]) -> BTreeMap<String, String> {
    let named = |objects: &[Value]| -> BTreeMap<String, Value> {
        let pairs = objects
            .iter()
            .filter_map(|object| Some((Id::of(object).ok()?.to_string(), object.clone())));
        pairs.collect()
    };
    let (before, after) = (named(before), named(after));
    let mut changes = BTreeMap::new();
    for (name, object) in &after {
        match before.get(name) {
            None => {
                changes.insert(name.clone(), "(absent) -> applied".to_owned());
            }
            Some(old) => {
                let paths = difference(old, object);
                changes.extend(
                    paths
                        .into_iter()
                        .map(|(path, line)| (format!("{name} {path}"), line)),
                );
            }
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        changes.insert(name.clone(), "applied -> (absent)".to_owned());
    }
    changes
}

/// An error for apply. `about` names the object.
pub fn error(about: &str, error: &kubernetes::Error) -> Error {
    Error::new(summary(about, error), error.detail())
}

/// One line: code, name, meaning.
pub fn summary(about: &str, error: &kubernetes::Error) -> String {
    format!(
        "{}: {about}: {}",
        error.code.as_str(),
        error.code.entry().meaning
    )
}

/// The client and the limits of a refresh; `None` where there is no access, which is told: what state holds is kept.
pub async fn refreshing<R: Resource<Provider = TalosStack>>(
    cx: &ReadCx<R>,
    own: &Field<KubernetesAccess>,
    about: &str,
) -> Option<(Client, Cx)> {
    match cx.provider().kubernetes.client(own).await {
        Ok(client) => Some((client, during(REFRESH.min(cx.remaining()), cx.token()))),
        Err(problem) => {
            cx.warn(
                report::skipped(about),
                format!("{}; what state holds is kept.", problem.reason()),
            );
            None
        }
    }
}

/// Tells that a refresh saw nothing. Gives the UID of the cluster that answered where it is another one; empty otherwise.
pub async fn saw_nothing<R: Resource>(
    cx: &ReadCx<R>,
    client: &Client,
    calls: &Cx,
    about: &str,
    error: &kubernetes::Error,
) -> String {
    let other = if error.code == Code::OtherCluster {
        client.cluster_uid(calls).await.unwrap_or_default()
    } else {
        String::new()
    };
    cx.warn(kept(about, error), error.detail());
    other
}

/// Summary of a refresh that saw nothing.
fn kept(about: &str, error: &kubernetes::Error) -> String {
    format!(
        "TS-REFRESH-KEPT: {about}: {} ({})",
        error.code.entry().meaning,
        error.code.as_str()
    )
}

/// Tells a plan's reader of a placeholder in the access.
pub fn announce_placeholder<R: Resource>(
    plan: &mut Plan<R>,
    data: Option<&Data>,
    own: &Field<KubernetesAccess>,
    about: &str,
) {
    use super::access::Unusable;
    let Some(Err(Unusable::Placeholder(attribute))) = data.map(|data| data.kubernetes.check(own))
    else {
        return;
    };
    plan.warn(
        announce::placeholder(about, attribute),
        "The cluster is not known yet; what will change is not known before. Apply refuses it.",
    );
}

/// Refuses a plan for a cluster that is not the one in state; `other` is what the refresh found, empty for the right one.
pub fn refuse_other_cluster<R: Resource>(plan: &mut Plan<R>, about: &str, other: &str) {
    if other.is_empty() {
        return;
    }
    let entry = Code::OtherCluster.entry();
    plan.error(
        format!("{}: {about}: {}", entry.text, entry.meaning),
        format!(
            "The kubeconfig leads to cluster {other}, which is not the one in state.\nCause: {}.\nCure: {}.",
            entry.cause, entry.cure
        ),
    );
}

/// What the API server warned of, for people.
pub fn pass_warnings<R: Resource>(client: &Client, about: &str, slot: &mut Slot<R>) {
    for text in client.take_warnings() {
        slot.warn(
            format!("TS-K8S-WARNING: {about}: the API server warns"),
            text,
        );
    }
}
