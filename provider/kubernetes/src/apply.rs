//! Server-side apply of one object, and of a set in an order in which each part finds what it needs.

use std::time::Duration;

use http::Method;
use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::{Code, Error, Result};
use crate::object::Id;
use crate::readiness::{Readiness, readiness};
use client_core::{Backoff, Cx};

/// Our field manager. A name for ever: fields are owned under it.
pub const MANAGER: &str = "talos-stack";

/// How long a definition may take until the API server serves its kind; with several API servers that is seconds.
const DEFINED: Duration = Duration::from_secs(60);
/// Longest pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// How an object is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A field that somebody else owns with another value is an error.
    Careful,
    /// Such a field is taken over.
    Force,
    /// As [`Mode::Force`], and only to see what would come of it: nothing is written.
    DryRun,
}

impl Client {
    /// Applies one object and returns it as it is then. The object must not hold what the server sets.
    ///
    /// # Errors
    /// [`Code::Conflict`] with the owner of each field, and whatever else the server says. Values of secrets are not told.
    pub async fn apply(&self, cx: &Cx, object: &Value, mode: Mode) -> Result<Value> {
        let id = Id::of(object)?;
        let path = self.path(cx, &id).await?;
        let force = mode != Mode::Careful;
        let dry_run = if mode == Mode::DryRun {
            "&dryRun=All"
        } else {
            ""
        };
        let call = Call {
            method: Method::PATCH,
            target: format!(
                "{path}?fieldManager={MANAGER}&fieldValidation=Strict&force={force}{dry_run}"
            ),
            content_type: "application/apply-patch+yaml",
            body: Some(object),
        };
        self.call(cx, &call)
            .await
            .map_err(|error| named(error, &id))
    }

    /// Changes members of an object by a merge patch.
    ///
    /// # Errors
    /// Whatever the server says.
    pub async fn merge(&self, cx: &Cx, id: &Id, patch: &Value) -> Result<Value> {
        let call = Call {
            method: Method::PATCH,
            target: format!("{}?fieldManager={MANAGER}", self.path(cx, id).await?),
            content_type: "application/merge-patch+json",
            body: Some(patch),
        };
        self.call(cx, &call).await.map_err(|error| named(error, id))
    }

    /// An object; `None` where there is none, also where its kind is not served.
    ///
    /// # Errors
    /// Whatever the server says.
    pub async fn find(&self, cx: &Cx, id: &Id) -> Result<Option<Value>> {
        let path = match self.path(cx, id).await {
            Ok(path) => path,
            Err(error) if error.code == Code::KindUnknown => return Ok(None),
            Err(error) => return Err(error),
        };
        match self.get(cx, &path).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if matches!(error.code, Code::Gone | Code::KindUnknown) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All objects of a kind, in the namespace of `like` where it names one; none where the kind is not served.
    /// `selector` chooses by label.
    ///
    /// # Errors
    /// Whatever the server says.
    pub async fn list(&self, cx: &Cx, like: &Id, selector: &str) -> Result<Vec<Value>> {
        let path = match self.collection(cx, like).await {
            Ok(path) => path,
            Err(error) if error.code == Code::KindUnknown => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let selector: String = selector
            .bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect();
        let target = if selector.is_empty() {
            path
        } else {
            format!("{path}?labelSelector={selector}")
        };
        let mut list = match self.get(cx, &target).await {
            Ok(list) => list,
            Err(error) if matches!(error.code, Code::Gone | Code::KindUnknown) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    /// Applies an object whose kind may have been defined a moment ago; a definition is waited for until it is served.
    ///
    /// # Errors
    /// As [`Client::apply`]; [`Code::KindUnknown`] when the kind does not appear.
    pub async fn settle(&self, cx: &Cx, object: &Value, mode: Mode) -> Result<Value> {
        let patience = cx.capped(DEFINED);
        let backoff = Backoff::up_to(PAUSE);
        let applied = loop {
            match self.apply(cx, object, mode).await {
                Err(error) if matches!(error.code, Code::KindUnknown | Code::Terminating) => {
                    backoff.pause(&patience, error).await?;
                }
                other => break other?,
            }
        };
        if applied["kind"] == "CustomResourceDefinition" {
            self.established(&patience, applied).await
        } else {
            Ok(applied)
        }
    }

    /// Waits until a definition is established.
    async fn established(&self, cx: &Cx, mut definition: Value) -> Result<Value> {
        let id = Id::of(&definition)?;
        let backoff = Backoff::up_to(PAUSE);
        loop {
            let state = readiness(&definition);
            let problem = match state {
                Readiness::Current => return Ok(definition),
                Readiness::Failed(why) => {
                    return Err(Error::new(Code::NotReady, format!("defining {id}"), why));
                }
                Readiness::InProgress(why) | Readiness::Terminating(why) => {
                    Error::new(Code::NotReady, format!("waiting until {id} is served"), why)
                }
            };
            backoff.pause(cx, problem).await?;
            definition = self.get(cx, &self.path(cx, &id).await?).await?;
        }
    }
}

/// Which object it was; what a server says of a secret may quote it.
fn named(mut error: Error, id: &Id) -> Error {
    error.attempted = format!("applying {id} ({})", error.attempted);
    let quotes = matches!(
        error.code,
        Code::Invalid | Code::UnknownField | Code::Immutable | Code::Admission | Code::Failed
    );
    if id.kind == "Secret" && quotes {
        "the server's words are not repeated here, because they may quote the secret"
            .clone_into(&mut error.seen);
    }
    error
}

/// The objects in the order in which they are applied; those of one rank keep theirs.
pub fn ordered(mut objects: Vec<Value>) -> Vec<Value> {
    objects.sort_by_key(|object| rank(object["kind"].as_str().unwrap_or_default()));
    objects
}

/// What others need comes first: places and definitions, then rights, then what runs, then what judges requests.
fn rank(kind: &str) -> u8 {
    match kind {
        "Namespace" => 0,
        "CustomResourceDefinition" => 1,
        "PriorityClass" | "StorageClass" | "IngressClass" | "RuntimeClass" => 2,
        "ServiceAccount" | "Secret" | "ConfigMap" | "LimitRange" | "ResourceQuota" => 3,
        "ClusterRole" | "Role" => 4,
        "ClusterRoleBinding" | "RoleBinding" => 5,
        "Service" | "NetworkPolicy" | "PersistentVolume" | "PersistentVolumeClaim" => 6,
        "Deployment" | "DaemonSet" | "StatefulSet" | "Job" | "CronJob" | "Pod" => 7,
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" | "APIService" => 9,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_part_comes_after_what_it_needs() {
        let kinds = [
            "FluxInstance",
            "Deployment",
            "ClusterRoleBinding",
            "Secret",
            "CustomResourceDefinition",
            "Namespace",
        ];
        let objects = kinds.map(|kind| json!({"kind": kind})).to_vec();
        let order: Vec<String> = ordered(objects)
            .iter()
            .map(|object| object["kind"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            order,
            [
                "Namespace",
                "CustomResourceDefinition",
                "Secret",
                "ClusterRoleBinding",
                "Deployment",
                "FluxInstance"
            ]
        );
    }

    #[test]
    fn what_is_said_of_a_secret_is_not_repeated() {
        let error = || Error::new(Code::Invalid, "PATCH x", "Invalid value: \"hunter2\"");
        let told = named(error(), &Id::new("v1", "Secret", "a", "b"));
        assert!(!told.to_string().contains("hunter2"), "{told}");
        assert!(told.attempted.contains("Secret/a/b"));
        assert!(
            named(error(), &Id::new("v1", "ConfigMap", "a", "b"))
                .seen
                .contains("hunter2")
        );
    }
}
