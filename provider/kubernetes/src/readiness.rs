//! Whether an object has reached what its spec asks for. Pure; the rules are those of kstatus.

use serde_json::Value;

/// How far an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is as asked for.
    Current,
    /// Somebody works on it; what is missing.
    InProgress(String),
    /// It does not get there by itself; why.
    Failed(String),
    /// It is being deleted; what holds it.
    Terminating(String),
}

/// Judges an object as the server returned it.
pub fn readiness(object: &Value) -> Readiness {
    let metadata = &object["metadata"];
    if !metadata["deletionTimestamp"].is_null() {
        return Readiness::Terminating(finalizers(object));
    }
    let observed = &object["status"]["observedGeneration"];
    if observed.is_number() && *observed != metadata["generation"] {
        return Readiness::InProgress("its last change is not seen yet".to_owned());
    }
    if let Some(stalled) = condition(object, "Stalled").filter(|found| found.is("True")) {
        return Readiness::Failed(stalled.told());
    }
    match object["kind"].as_str().unwrap_or_default() {
        "Deployment" => deployment(object),
        "StatefulSet" => stateful_set(object),
        "DaemonSet" => daemon_set(object),
        "CustomResourceDefinition" => definition(object),
        "Job" => job(object),
        "Pod" => pod(object),
        "Namespace" => phase(object, "Active"),
        "PersistentVolumeClaim" => phase(object, "Bound"),
        "FluxInstance" | "ResourceSet" => flux_instance(object),
        _ => generic(object),
    }
}

/// One condition of a status.
#[derive(Clone, Debug)]
pub struct Condition<'a> {
    object: &'a Value,
}

impl Condition<'_> {
    /// Whether its status is this.
    pub fn is(&self, status: &str) -> bool {
        self.object["status"] == status
    }

    /// A word for why.
    pub fn reason(&self) -> &str {
        self.object["reason"].as_str().unwrap_or_default()
    }

    /// Text for people.
    pub fn message(&self) -> &str {
        self.object["message"].as_str().unwrap_or_default()
    }

    /// The generation that it speaks of.
    pub fn observed(&self) -> &Value {
        &self.object["observedGeneration"]
    }

    /// `Ready=False Reason: message`.
    pub fn told(&self) -> String {
        let text = |name: &str| self.object[name].as_str().unwrap_or_default();
        format!(
            "{}={} {}: {}",
            text("type"),
            text("status"),
            self.reason(),
            self.message()
        )
    }
}

/// A condition by its type.
pub fn condition<'a>(object: &'a Value, name: &str) -> Option<Condition<'a>> {
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == name)?;
    Some(Condition { object: found })
}

fn generic(object: &Value) -> Readiness {
    if let Some(found) = condition(object, "Reconciling").filter(|found| found.is("True")) {
        return Readiness::InProgress(found.told());
    }
    match condition(object, "Ready") {
        Some(found) if !found.is("True") => Readiness::InProgress(found.told()),
        _ => Readiness::Current,
    }
}

/// Their Ready speaks of a generation of its own, and there is no other: without it a new object would count as ready.
fn flux_instance(object: &Value) -> Readiness {
    match condition(object, "Ready") {
        None => Readiness::InProgress("the operator has not looked at it yet".to_owned()),
        Some(found) if *found.observed() != object["metadata"]["generation"] => {
            Readiness::InProgress("its last change is not seen yet".to_owned())
        }
        Some(found) if found.is("True") => Readiness::Current,
        Some(found) => Readiness::InProgress(found.told()),
    }
}

fn number(object: &Value, pointer: &str, default: u64) -> u64 {
    object
        .pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or(default)
}

fn missing(what: &str, have: u64, want: u64) -> Readiness {
    Readiness::InProgress(format!("{have} of {want} {what}"))
}

fn deployment(object: &Value) -> Readiness {
    if let Some(found) = condition(object, "Progressing")
        .filter(|found| found.reason() == "ProgressDeadlineExceeded")
    {
        return Readiness::Failed(found.told());
    }
    let want = number(object, "/spec/replicas", 1);
    let status = |name: &str| number(object, &format!("/status/{name}"), 0);
    let total = status("replicas");
    if status("updatedReplicas") < want {
        return missing(
            "pods are of the new version",
            status("updatedReplicas"),
            want,
        );
    }
    if total > status("updatedReplicas") {
        return Readiness::InProgress(format!("{} old pods go", total - status("updatedReplicas")));
    }
    if status("availableReplicas") < want {
        return missing("pods are available", status("availableReplicas"), want);
    }
    match condition(object, "Available") {
        Some(found) if found.is("True") => Readiness::Current,
        _ if want == 0 => Readiness::Current,
        _ => Readiness::InProgress("it is not available".to_owned()),
    }
}

fn stateful_set(object: &Value) -> Readiness {
    if object["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return Readiness::Current;
    }
    let want = number(object, "/spec/replicas", 1);
    let ready = number(object, "/status/readyReplicas", 0);
    if ready < want {
        return missing("pods are ready", ready, want);
    }
    if object["status"]["updateRevision"] != object["status"]["currentRevision"]
        && number(object, "/spec/updateStrategy/rollingUpdate/partition", 0) == 0
    {
        return Readiness::InProgress("some pods are of the old version".to_owned());
    }
    Readiness::Current
}

fn daemon_set(object: &Value) -> Readiness {
    if object["status"]["observedGeneration"].is_null() {
        return Readiness::InProgress("its last change is not seen yet".to_owned());
    }
    let want = number(object, "/status/desiredNumberScheduled", 0);
    for (member, what) in [
        ("updatedNumberScheduled", "pods are of the new version"),
        ("numberAvailable", "pods are available"),
    ] {
        let have = number(object, &format!("/status/{member}"), 0);
        if have < want {
            return missing(what, have, want);
        }
    }
    Readiness::Current
}

fn definition(object: &Value) -> Readiness {
    if let Some(found) = condition(object, "NamesAccepted").filter(|found| found.is("False")) {
        return Readiness::Failed(found.told());
    }
    match condition(object, "Established") {
        Some(found) if found.is("True") => Readiness::Current,
        Some(found) if found.is("False") && found.reason() != "Installing" => {
            Readiness::Failed(found.told())
        }
        _ => Readiness::InProgress("it is not established".to_owned()),
    }
}

fn job(object: &Value) -> Readiness {
    if let Some(found) = condition(object, "Failed").filter(|found| found.is("True")) {
        return Readiness::Failed(found.told());
    }
    match condition(object, "Complete") {
        Some(found) if found.is("True") => Readiness::Current,
        _ => Readiness::InProgress("it has not completed".to_owned()),
    }
}

fn pod(object: &Value) -> Readiness {
    match object["status"]["phase"].as_str() {
        Some("Succeeded") => Readiness::Current,
        Some("Failed") => Readiness::Failed(
            object["status"]["message"]
                .as_str()
                .unwrap_or("it failed")
                .to_owned(),
        ),
        _ => match condition(object, "Ready") {
            Some(found) if found.is("True") => Readiness::Current,
            _ => Readiness::InProgress("it is not ready".to_owned()),
        },
    }
}

fn phase(object: &Value, wanted: &str) -> Readiness {
    match object["status"]["phase"].as_str() {
        Some(phase) if phase == wanted => Readiness::Current,
        other => Readiness::InProgress(format!("its phase is {}", other.unwrap_or("unknown"))),
    }
}

/// What a deletion waits for.
pub fn finalizers(object: &Value) -> String {
    let list = object["metadata"]["finalizers"].as_array();
    let names: Vec<&str> = list
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut told = if names.is_empty() {
        "it is being deleted".to_owned()
    } else {
        format!("waits for {}", names.join(", "))
    };
    // Conditions of a namespace that say what is left in it.
    for name in [
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
        "NamespaceDeletionContentFailure",
        "NamespaceDeletionDiscoveryFailure",
        "Terminating",
    ] {
        if let Some(found) = condition(object, name).filter(|found| found.is("True")) {
            told = format!("{told}; {}", found.message());
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn in_progress(object: &Value) -> bool {
        matches!(readiness(object), Readiness::InProgress(_))
    }

    #[test]
    fn a_deployment_is_current_when_all_new_pods_are_available_and_no_old_one_is_left() {
        let with = |updated: u64, available: u64, total: u64| {
            json!({"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2},
                "status": {"observedGeneration": 2, "replicas": total, "updatedReplicas": updated, "availableReplicas": available,
                    "conditions": [{"type": "Available", "status": "True"}]}})
        };
        assert_eq!(readiness(&with(2, 2, 2)), Readiness::Current);
        assert!(in_progress(&with(1, 2, 2)));
        assert!(in_progress(&with(2, 1, 2)));
        assert!(in_progress(&with(2, 2, 3)));
        let mut unseen = with(2, 2, 2);
        unseen["metadata"]["generation"] = 3.into();
        assert!(in_progress(&unseen));
        let mut late = with(1, 1, 2);
        late["status"]["conditions"] = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too long"}]);
        assert!(matches!(readiness(&late), Readiness::Failed(why) if why.contains("too long")));
    }

    #[test]
    fn a_new_flux_instance_is_not_ready() {
        let mut instance = json!({"kind": "FluxInstance", "metadata": {"generation": 2}});
        assert!(in_progress(&instance));
        instance["status"] =
            json!({"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]});
        assert!(in_progress(&instance));
        instance["status"]["conditions"][0]["observedGeneration"] = 2.into();
        assert_eq!(readiness(&instance), Readiness::Current);
        instance["status"]["conditions"] = json!([{"type": "Stalled", "status": "True", "reason": "BuildFailed", "message": "no such version"}]);
        assert!(
            matches!(readiness(&instance), Readiness::Failed(why) if why.contains("no such version"))
        );
    }

    #[test]
    fn what_is_being_deleted_says_what_holds_it() {
        let namespace = json!({"kind": "Namespace", "metadata": {"deletionTimestamp": "x", "finalizers": ["a/b"]},
            "status": {"conditions": [{"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 1 resource instances"}]}});
        let Readiness::Terminating(why) = readiness(&namespace) else {
            panic!()
        };
        assert!(why.contains("a/b") && why.contains("pods. has 1"), "{why}");
    }

    #[test]
    fn what_has_no_status_is_current_and_what_is_not_ready_is_not() {
        assert_eq!(
            readiness(&json!({"kind": "ConfigMap", "metadata": {}})),
            Readiness::Current
        );
        let source = json!({"kind": "GitRepository", "metadata": {"generation": 1}, "status": {"observedGeneration": -1}});
        assert!(in_progress(&source));
        let source = json!({"kind": "GitRepository", "metadata": {"generation": 1}, "status": {"observedGeneration": 1,
            "conditions": [{"type": "Ready", "status": "False", "reason": "A", "message": "b"}]}});
        assert_eq!(
            readiness(&source),
            Readiness::InProgress("Ready=False A: b".to_owned())
        );
    }
}
