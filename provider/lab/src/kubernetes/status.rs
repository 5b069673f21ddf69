//! The status of a pod, from what its containers do.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::moment;

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    pub name: String,
    pub image: String,
    pub doing: Doing,
    /// How often it was started again.
    pub restarts: u32,
    /// How it ended the last time.
    pub ended: Option<i32>,
}

/// What it does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doing {
    /// It runs and answers.
    Ready,
    /// It runs and does not answer yet.
    Starting,
    /// It waits: reason and message.
    Waiting(&'static str, String),
    /// It is done.
    Done,
}

/// Where a pod runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub host: Vec<IpAddr>,
    pub pod: Vec<IpAddr>,
}

/// The status of a pod whose containers do this.
pub(super) fn status(pod: &Value, containers: &[Container], place: &Place) -> Value {
    let done = containers
        .iter()
        .all(|container| container.doing == Doing::Done);
    let started = containers
        .iter()
        .all(|container| !matches!(container.doing, Doing::Waiting(..)) || container.restarts > 0);
    let ready = !done
        && containers
            .iter()
            .all(|container| container.doing == Doing::Ready);
    let phase = match (done, started) {
        (true, _) => "Succeeded",
        (_, true) => "Running",
        _ => "Pending",
    };
    let unready = if done {
        "PodCompleted"
    } else {
        "ContainersNotReady"
    };
    let conditions = [
        ("PodReadyToStartContainers", true),
        ("Initialized", true),
        ("Ready", ready),
        ("ContainersReady", ready),
        ("PodScheduled", true),
    ];
    let addresses = |addresses: &[IpAddr]| {
        addresses
            .iter()
            .map(|address| json!({ "ip": address }))
            .collect::<Vec<_>>()
    };
    let initial = pod["spec"]["initContainers"].as_array().into_iter().flatten().map(|container| {
        let ended = json!({ "terminated": { "exitCode": 0, "reason": "Completed", "startedAt": moment::now(), "finishedAt": moment::now() } });
        container_status(&container["name"], &container["image"], ended, true, 0)
    });
    json!({
        "phase": phase,
        "conditions": conditions.map(|(name, is)| condition(pod, name, is, unready)),
        "hostIP": place.host.first(),
        "hostIPs": addresses(&place.host),
        "podIP": place.pod.first(),
        "podIPs": addresses(&place.pod),
        "startTime": pod["status"]["startTime"].as_str().map_or_else(moment::now, str::to_owned),
        "initContainerStatuses": initial.collect::<Vec<_>>(),
        "containerStatuses": containers.iter().map(|container| of_container(pod, container)).collect::<Vec<_>>(),
    })
}

fn condition(pod: &Value, name: &str, is: bool, why: &str) -> Value {
    let status = if is { "True" } else { "False" };
    let mut before = pod["status"]["conditions"].as_array().into_iter().flatten();
    let same = before.find(|condition| condition["type"] == name && condition["status"] == status);
    let since = same
        .and_then(|condition| condition["lastTransitionTime"].as_str())
        .map_or_else(moment::now, str::to_owned);
    match is {
        true => json!({ "type": name, "status": status, "lastTransitionTime": since }),
        false => {
            json!({ "type": name, "status": status, "lastTransitionTime": since, "reason": why })
        }
    }
}

fn of_container(pod: &Value, container: &Container) -> Value {
    let before = pod["status"]["containerStatuses"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|status| status["name"] == *container.name);
    let since = before.filter(|status| status["restartCount"] == container.restarts);
    let since = since.and_then(|status| status["state"]["running"]["startedAt"].as_str());
    let since = since.map_or_else(moment::now, str::to_owned);
    let state = match &container.doing {
        Doing::Ready | Doing::Starting => json!({ "running": { "startedAt": since } }),
        Doing::Waiting(reason, message) => {
            json!({ "waiting": { "reason": reason, "message": message } })
        }
        Doing::Done => {
            json!({ "terminated": { "exitCode": 0, "reason": "Completed", "startedAt": since, "finishedAt": moment::now() } })
        }
    };
    let ready = container.doing == Doing::Ready;
    let mut status = container_status(
        &json!(container.name),
        &json!(container.image),
        state,
        ready,
        container.restarts,
    );
    if let Some(code) = container.ended {
        let reason = if code == 0 { "Completed" } else { "Error" };
        status["lastState"] = json!({ "terminated": { "exitCode": code, "reason": reason, "startedAt": since, "finishedAt": since } });
    }
    status
}

fn container_status(
    name: &Value,
    image: &Value,
    state: Value,
    ready: bool,
    restarts: u32,
) -> Value {
    let started = state.get("running").is_some();
    json!({
        "name": name,
        "image": image,
        "imageID": image,
        "containerID": format!("containerd://{}", name.as_str().unwrap_or_default()),
        "ready": ready,
        "restartCount": restarts,
        "started": started,
        "state": state,
        "lastState": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(doing: Doing, restarts: u32) -> Container {
        Container {
            name: "manager".to_owned(),
            image: "i:1".to_owned(),
            doing,
            restarts,
            ended: (restarts > 0).then_some(1),
        }
    }

    fn of(doing: Doing, restarts: u32) -> (String, String) {
        let place = Place {
            host: Vec::new(),
            pod: Vec::new(),
        };
        let status = status(&json!({}), &[container(doing, restarts)], &place);
        let ready = status["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|condition| condition["type"] == "Ready")
            .unwrap()["status"]
            .clone();
        (
            status["phase"].as_str().unwrap().to_owned(),
            ready.as_str().unwrap().to_owned(),
        )
    }

    #[test]
    fn a_pod_is_what_its_containers_do() {
        let pair = |phase: &str, ready: &str| (phase.to_owned(), ready.to_owned());
        assert_eq!(of(Doing::Ready, 0), pair("Running", "True"));
        assert_eq!(of(Doing::Starting, 0), pair("Running", "False"));
        assert_eq!(
            of(Doing::Waiting("ErrImagePull", String::new()), 0),
            pair("Pending", "False")
        );
        assert_eq!(
            of(Doing::Waiting("CrashLoopBackOff", String::new()), 2),
            pair("Running", "False")
        );
        assert_eq!(of(Doing::Done, 0), pair("Succeeded", "False"));
    }
}
