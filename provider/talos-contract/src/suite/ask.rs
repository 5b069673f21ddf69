//! Questions, in short.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::{Answered, Exchange, Step, Who};

/// How long an answer may take where nobody says.
const PATIENCE: Duration = Duration::from_secs(20);

/// Modes of applying.
pub(super) const MODES: [&str; 5] = ["REBOOT", "AUTO", "NO_REBOOT", "STAGED", "TRY"];

/// A question.
pub(super) fn question(name: &str, who: Who, method: &str, request: Value) -> Exchange {
    Exchange {
        name: name.to_owned(),
        who,
        method: match method.contains('/') {
            true => method.to_owned(),
            false => format!("machine.MachineService/{method}"),
        },
        request,
        headers: Vec::new(),
        take: 100,
        within: PATIENCE,
    }
}

/// A question that is asked once.
pub(super) fn ask(name: &str, who: Who, method: &str, request: Value) -> Step {
    Step::Ask(question(name, who, method, request))
}

/// A call without a request.
pub(super) fn call(name: &str, who: Who, method: &str) -> Step {
    ask(name, who, method, json!({}))
}

/// A resource.
pub(super) fn resource(name: &str, who: Who, namespace: &str, kind: &str, id: &str) -> Exchange {
    let request = json!({ "namespace": namespace, "type": kind, "id": id });
    question(name, who, "cosi.resource.State/Get", request)
}

/// A resource, asked for once.
pub(super) fn get(name: &str, who: Who, namespace: &str, kind: &str, id: &str) -> Step {
    Step::Ask(resource(name, who, namespace, kind, id))
}

/// All resources of a kind.
pub(super) fn list(name: &str, who: Who, namespace: &str, kind: &str) -> Step {
    let request = json!({ "namespace": namespace, "type": kind });
    ask(name, who, "cosi.resource.State/List", request)
}

/// A configuration that is applied.
pub(super) fn apply(name: &str, who: Who, config: &str, mode: &str, dry_run: bool) -> Step {
    let data = STANDARD.encode(config);
    let request = json!({ "data": data, "mode": mode, "dryRun": dry_run });
    ask(name, who, "ApplyConfiguration", request)
}

/// A service in the list of services.
pub(super) fn service<'a>(answered: &'a Answered, name: &str) -> &'a Value {
    const NOTHING: &Value = &Value::Null;
    let all = answered.at("/messages/0/services").as_array();
    all.into_iter()
        .flatten()
        .find(|one| one["id"] == name)
        .unwrap_or(NOTHING)
}

/// Whether a service runs and its check says so.
pub(super) fn healthy(answered: &Answered, name: &str) -> bool {
    service(answered, name)["health"]["healthy"] == true
}
