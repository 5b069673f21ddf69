//! Waiting for a Deployment, with the reason why its pods do not come up.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::client::Client;
use crate::error::{Code, Error, Result};
use crate::object::Id;
use crate::readiness::{Readiness, condition, readiness};
use client_core::{Backoff, Cx};

/// Longest pause between two looks.
const PAUSE: Duration = Duration::from_millis(1000);
/// How long pods may be in trouble before it counts: images are tried again, and containers restart once for nothing.
const PATIENCE: Duration = Duration::from_secs(20);

impl Client {
    /// Waits until all pods of a Deployment are those that it asks for, and available. `tell` hears what is missing.
    ///
    /// # Errors
    /// [`Code::ImagePull`], [`Code::Crash`] or [`Code::NoNode`] once pods have been in that trouble for a while,
    /// [`Code::NotReady`] when the rollout failed or the time is over.
    pub async fn rolled_out(
        &self,
        cx: &Cx,
        id: &Id,
        mut tell: impl FnMut(String),
    ) -> Result<Value> {
        let backoff = Backoff::up_to(PAUSE);
        let mut since: Option<(Code, Instant)> = None;
        loop {
            let attempted = format!("waiting until {id} is ready at {}", self.host());
            let Some(deployment) = self.find(cx, id).await? else {
                return Err(Error::new(
                    Code::Gone,
                    attempted,
                    format!("{id} is not there any more"),
                ));
            };
            let missing = match readiness(&deployment) {
                Readiness::Current => return Ok(deployment),
                Readiness::Failed(why) => return Err(Error::new(Code::NotReady, attempted, why)),
                Readiness::InProgress(why) | Readiness::Terminating(why) => why,
            };
            let mut problem = Error::new(Code::NotReady, &attempted, &missing);
            match self.trouble(cx, &deployment).await? {
                None => since = None,
                Some((code, seen)) => {
                    problem = Error::new(code, &attempted, format!("{missing}; {seen}"));
                    let begun = since
                        .filter(|(last, _)| *last == code)
                        .map_or_else(Instant::now, |(_, begun)| begun);
                    since = Some((code, begun));
                    if begun.elapsed() >= PATIENCE {
                        return Err(problem);
                    }
                }
            }
            tell(problem.seen.clone());
            backoff.pause(cx, problem).await?;
        }
    }

    /// Why the pods of a Deployment do not come up, if anything says so.
    pub async fn trouble(&self, cx: &Cx, deployment: &Value) -> Result<Option<(Code, String)>> {
        let namespace = deployment["metadata"]["namespace"]
            .as_str()
            .unwrap_or_default();
        let labels = deployment["spec"]["selector"]["matchLabels"].as_object();
        let selector: Vec<String> = labels
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)))
            .collect();
        let pods = self
            .list(
                cx,
                &Id::new("v1", "Pod", namespace, ""),
                &selector.join(","),
            )
            .await?;
        Ok(pods.iter().find_map(trouble_of_pod))
    }
}

/// What keeps one pod from running.
fn trouble_of_pod(pod: &Value) -> Option<(Code, String)> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    if let Some(found) = condition(pod, "PodScheduled").filter(|found| found.is("False")) {
        return Some((
            Code::NoNode,
            format!("pod {name} is not scheduled: {}", found.message()),
        ));
    }
    let statuses = ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .filter_map(|list| pod["status"][list].as_array())
        .flatten();
    for status in statuses {
        let waiting = &status["state"]["waiting"];
        let container = status["name"].as_str().unwrap_or_default();
        let message = waiting["message"].as_str().unwrap_or_default();
        match waiting["reason"].as_str().unwrap_or_default() {
            reason @ ("ErrImagePull" | "ImagePullBackOff" | "InvalidImageName") => {
                let image = status["image"].as_str().unwrap_or_default();
                return Some((
                    Code::ImagePull,
                    format!("pod {name}: {reason} of {image}: {message}"),
                ));
            }
            reason @ ("CrashLoopBackOff"
            | "CreateContainerConfigError"
            | "CreateContainerError"
            | "RunContainerError") => {
                let last = &status["lastState"]["terminated"];
                let said = last["message"].as_str().unwrap_or(message);
                let code = last["exitCode"]
                    .as_i64()
                    .map_or(String::new(), |code| format!(", last exit code {code}"));
                return Some((
                    Code::Crash,
                    format!("pod {name}, container {container}: {reason}{code}: {said}"),
                ));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_say_why_they_do_not_run() {
        let waiting = |reason: &str| {
            json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [
            {"name": "manager", "image": "reg/x:1", "state": {"waiting": {"reason": reason, "message": "m"}}}]}})
        };
        let code = |pod: &Value| trouble_of_pod(pod).map(|(code, _)| code);
        assert_eq!(code(&waiting("ImagePullBackOff")), Some(Code::ImagePull));
        assert_eq!(code(&waiting("CrashLoopBackOff")), Some(Code::Crash));
        assert_eq!(code(&waiting("ContainerCreating")), None);
        let unscheduled = json!({"metadata": {"name": "p"}, "status": {"conditions": [
            {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: untolerated taint"}]}});
        assert_eq!(code(&unscheduled), Some(Code::NoNode));
        assert_eq!(
            code(&json!({"metadata": {"name": "p"}, "status": {"phase": "Running"}})),
            None
        );
    }
}
