//! What Flux says of itself: the state of an instance, and the reason when its sync fails. Pure.
//!
//! Facts: flux-operator 0.58 (FluxInstance v1), source-controller and kustomize-controller 1.7.

use serde_json::Value;

use crate::error::Code;
use crate::object::Id;
use crate::readiness::condition;

/// apiVersion of a FluxInstance.
pub const API_VERSION: &str = "fluxcd.controlplane.io/v1";
/// Its only name: the operator watches no other.
pub const INSTANCE: &str = "flux";
/// Name of the operator's Deployment.
pub const OPERATOR: &str = "flux-operator";
/// Asked for anew whenever it changes.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
/// Set to `disabled`, nothing is reconciled, and a deletion uninstalls nothing.
pub const RECONCILE: &str = "fluxcd.controlplane.io/reconcile";

/// How far an instance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything it holds is ready.
    Ready,
    /// The operator has not looked at the last change.
    Unseen,
    /// The operator works on it.
    Progressing(String),
    /// The last attempt failed; the operator tries again.
    Failed(String),
    /// The operator does not try again before something changes.
    Stalled(String),
    /// Reconciliation is switched off.
    Disabled,
}

/// The state of a FluxInstance. `asked` is the last request to reconcile, empty for none.
pub fn state(instance: &Value, asked: &str) -> State {
    let generation = &instance["metadata"]["generation"];
    let told = |name: &str| {
        condition(instance, name)
            .map(|found| found.told())
            .unwrap_or_default()
    };
    if let Some(stalled) = condition(instance, "Stalled").filter(|found| found.is("True"))
        && (stalled.observed() == generation || stalled.observed().is_null())
    {
        return State::Stalled(format!("{}: {}", stalled.reason(), stalled.message()));
    }
    let Some(ready) = condition(instance, "Ready") else {
        return State::Unseen;
    };
    if ready.reason() == "ReconciliationDisabled" {
        return State::Disabled;
    }
    let handled = instance["status"]["lastHandledReconcileAt"]
        .as_str()
        .unwrap_or_default();
    if ready.observed() != generation || (!asked.is_empty() && handled != asked) {
        return State::Unseen;
    }
    if ready.is("True") {
        State::Ready
    } else if ready.is("False") {
        State::Failed(told("Ready"))
    } else {
        State::Progressing(told("Ready"))
    }
}

/// The source, of a kind, and the Kustomization that an instance makes for its sync.
pub fn sync_objects(namespace: &str, kind: &str, name: &str) -> [Id; 2] {
    [
        Id::new("source.toolkit.fluxcd.io/v1", kind, namespace, name),
        Id::new(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            namespace,
            name,
        ),
    ]
}

/// What a sync was asked for last: what its objects say of anything else is old.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Address of the source.
    pub url: &'a str,
    /// Its reference.
    pub reference: &'a str,
    /// Path in it.
    pub path: &'a str,
    /// The last request to reconcile, empty for none.
    pub at: &'a str,
}

impl<'a> Asked<'a> {
    /// What a FluxInstance asks for. `at` is the last request to reconcile, empty for none.
    pub fn by(instance: &'a Value, at: &'a str) -> Self {
        let sync = &instance["spec"]["sync"];
        let text = |name: &str| sync[name].as_str().unwrap_or_default();
        Self {
            url: text("url"),
            reference: text("ref"),
            path: text("path"),
            at,
        }
    }

    /// Whether an object of a sync has taken this up.
    fn is_seen_by(&self, object: &Value) -> bool {
        let spec = &object["spec"];
        let handled = object["status"]["lastHandledReconcileAt"].as_str();
        let taken = match object["kind"].as_str().unwrap_or_default() {
            "Kustomization" => plain_path(spec["path"].as_str()) == plain_path(Some(self.path)),
            "GitRepository" => spec["url"] == self.url && spec["ref"]["name"] == self.reference,
            _ => true,
        };
        taken && (self.at.is_empty() || handled == Some(self.at))
    }
}

/// `./a/` and `a` are one path.
fn plain_path(path: Option<&str>) -> &str {
    let path = path.unwrap_or_default();
    path.trim_start_matches("./").trim_matches('/')
}

/// Why a sync fails, from its source or its Kustomization, and whether waiting may still help.
pub struct Trouble {
    /// What it is.
    pub code: Code,
    /// What was said.
    pub seen: String,
    /// The cluster's own network may be on its way up.
    pub may_pass: bool,
}

/// Fragments of what source-controller says, and what they mean. The first that fits counts.
const SOURCE: &[(&str, Code)] = &[
    ("repository not found", Code::SourceUnknown),
    ("couldn't find remote ref", Code::SourceUnknown),
    ("reference not found", Code::SourceUnknown),
    ("unable to resolve ref", Code::SourceUnknown),
    ("Repository not found", Code::SourceUnknown),
    ("404", Code::SourceUnknown),
    ("MANIFEST_UNKNOWN", Code::SourceUnknown),
    ("NAME_UNKNOWN", Code::SourceUnknown),
    ("authentication required", Code::SourceAuth),
    ("authorization failed", Code::SourceAuth),
    ("UNAUTHORIZED", Code::SourceAuth),
    ("unable to authenticate", Code::SourceAuth),
    ("knownhosts", Code::SourceAuth),
    ("secrets \"", Code::SourceAuth),
    ("no such host", Code::SourceUnreachable),
    ("dial tcp", Code::SourceUnreachable),
    ("connection refused", Code::SourceUnreachable),
    ("network is unreachable", Code::SourceUnreachable),
    ("deadline exceeded", Code::SourceUnreachable),
    ("x509", Code::SourceUnreachable),
];

/// Fragments of what kustomize-controller says, and what they mean.
const KUSTOMIZATION: &[(&str, Code)] = &[
    ("kustomization path not found", Code::Path),
    ("cannot get decryption Secret", Code::SopsMissing),
    ("no identity matched", Code::SopsKey),
    ("cannot get sops data key", Code::SopsKey),
    ("Error getting data key", Code::SopsKey),
    ("failed to decrypt", Code::SopsKey),
    ("sops", Code::SopsKey),
];

/// The trouble of one object of a sync; `None` while it works on what was asked, or all is well.
pub fn trouble(object: &Value, asked: &Asked<'_>) -> Option<Trouble> {
    let ready = condition(object, "Ready").filter(|found| found.is("False"))?;
    if ready.observed() != &object["metadata"]["generation"] || !asked.is_seen_by(object) {
        return None;
    }
    let message = ready.message();
    let is_kustomization = object["kind"] == "Kustomization";
    // It waits for its source, which speaks for itself.
    if is_kustomization
        && matches!(ready.reason(), "DependencyNotReady" | "ArtifactFailed")
        && !message.contains("path not found")
    {
        return None;
    }
    let (table, other) = if is_kustomization {
        (KUSTOMIZATION, Code::Sync)
    } else {
        (SOURCE, Code::Source)
    };
    let code = table
        .iter()
        .find(|(part, _)| message.contains(part))
        .map_or(other, |(_, code)| *code);
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    Some(Trouble {
        code,
        seen: format!("{kind} {name}: {}: {message}", ready.reason()),
        may_pass: matches!(code, Code::SourceUnreachable | Code::Source | Code::Sync),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ASKED: Asked<'_> = Asked {
        url: "http://x",
        reference: "refs/heads/main",
        path: "a/b",
        at: "",
    };

    fn object(kind: &str, reason: &str, message: &str) -> Value {
        json!({"kind": kind, "metadata": {"name": "flux-system", "generation": 1},
            "spec": {"url": "http://x", "ref": {"name": "refs/heads/main"}, "path": "./a/b"},
            "status": {"lastHandledReconcileAt": "1", "conditions": [
                {"type": "Ready", "status": "False", "reason": reason, "message": message, "observedGeneration": 1}]}})
    }

    #[test]
    fn what_is_said_of_an_earlier_sync_does_not_count() {
        for kind in ["GitRepository", "Kustomization"] {
            let failed = object(kind, "Failed", "sops");
            let told = |asked: Asked<'_>| trouble(&failed, &asked).is_some();
            assert!(told(ASKED) && told(Asked { at: "1", ..ASKED }));
            assert!(!told(Asked { at: "2", ..ASKED }));
            let other = Asked {
                path: "a/c",
                reference: "refs/heads/b",
                ..ASKED
            };
            assert!(!told(other), "{kind}");
        }
    }

    #[test]
    fn a_failed_sync_has_a_cause() {
        let cases = [
            (
                "GitRepository",
                "failed to checkout and determine revision: unable to clone 'http://x': repository not found",
                Code::SourceUnknown,
            ),
            (
                "GitRepository",
                "failed to checkout and determine revision: unable to resolve ref 'refs/heads/x' to a specific commit",
                Code::SourceUnknown,
            ),
            (
                "GitRepository",
                "failed to checkout and determine revision: unable to list remote for 'http://x': authentication required",
                Code::SourceAuth,
            ),
            (
                "GitRepository",
                "unable to list remote for 'https://x': dial tcp: lookup x: no such host",
                Code::SourceUnreachable,
            ),
            (
                "Kustomization",
                "kustomization path not found: stat /tmp/k/nowhere: no such file or directory",
                Code::Path,
            ),
            (
                "Kustomization",
                "cannot get decryption Secret 'flux-system/sops-age': secrets \"sops-age\" not found",
                Code::SopsMissing,
            ),
            (
                "Kustomization",
                "secret.yaml: failed to decrypt: no identity matched any of the recipients",
                Code::SopsKey,
            ),
            (
                "Kustomization",
                "ConfigMap/a/b dry-run failed: namespaces \"a\" not found",
                Code::Sync,
            ),
        ];
        for (kind, message, code) in cases {
            assert_eq!(
                trouble(&object(kind, "BuildFailed", message), &ASKED).map(|trouble| trouble.code),
                Some(code),
                "{message}"
            );
        }
        assert!(
            trouble(
                &object(
                    "Kustomization",
                    "ArtifactFailed",
                    "Source is not ready, artifact not found"
                ),
                &ASKED
            )
            .is_none()
        );
    }

    #[test]
    fn an_old_answer_does_not_count() {
        let mut instance = json!({"metadata": {"generation": 2}, "status": {"lastHandledReconcileAt": "a",
            "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "observedGeneration": 2}]}});
        assert_eq!(state(&instance, ""), State::Ready);
        assert_eq!(state(&instance, "a"), State::Ready);
        assert_eq!(state(&instance, "b"), State::Unseen);
        instance["metadata"]["generation"] = 3.into();
        assert_eq!(state(&instance, ""), State::Unseen);
    }

    #[test]
    fn what_is_not_tried_again_is_told_apart() {
        let with = |kind: &str, status: &str, reason: &str| {
            json!({"metadata": {"generation": 1}, "status": {"conditions": [
            {"type": kind, "status": status, "reason": reason, "message": "m", "observedGeneration": 1}]}})
        };
        assert_eq!(
            state(&with("Stalled", "True", "BuildFailed"), ""),
            State::Stalled("BuildFailed: m".to_owned())
        );
        assert!(matches!(
            state(&with("Ready", "False", "ReconciliationFailed"), ""),
            State::Failed(_)
        ));
        assert!(matches!(
            state(&with("Ready", "Unknown", "Progressing"), ""),
            State::Progressing(_)
        ));
        assert_eq!(
            state(&json!({"metadata": {"generation": 1}}), ""),
            State::Unseen
        );
    }
}
