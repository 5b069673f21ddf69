use serde_json::json;

use super::classify::of_status;
use super::*;

#[test]
fn each_code_has_one_text_and_words_that_no_wrapper_retries_on() {
    let faults = client_core::faults(CATALOGUE, &["TS-K8S-", "TS-FLUX-"]);
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn answers_of_the_api_server_have_codes() {
    let cases = [
        (401, "Unauthorized", "Unauthorized", Code::Auth),
        (
            403,
            "Forbidden",
            "namespaces is forbidden: User \"x\" cannot get resource",
            Code::Permission,
        ),
        (
            403,
            "Forbidden",
            "unable to create new content in namespace a because it is being terminated",
            Code::Terminating,
        ),
        (
            404,
            "NotFound",
            "the server could not find the requested resource",
            Code::KindUnknown,
        ),
        (404, "NotFound", "configmaps \"a\" not found", Code::Gone),
        (
            409,
            "Conflict",
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified",
            Code::Exists,
        ),
        (
            422,
            "Invalid",
            "Deployment.apps \"a\" is invalid: spec.selector: Invalid value: field is immutable",
            Code::Immutable,
        ),
        (
            422,
            "Invalid",
            "FluxInstance \"a\" is invalid: the only accepted name is 'flux'",
            Code::Invalid,
        ),
        (
            500,
            "",
            "failed to create typed patch object (a; v1): .spec.x: field not declared in schema",
            Code::UnknownField,
        ),
        (
            500,
            "InternalError",
            "failed calling webhook \"a\": no endpoints available",
            Code::Webhook,
        ),
        (
            500,
            "InternalError",
            "etcdserver: leader changed",
            Code::Busy,
        ),
        (
            503,
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
            Code::Busy,
        ),
    ];
    for (status, reason, message, code) in cases {
        let body = json!({"kind": "Status", "reason": reason, "message": message});
        assert_eq!(of_status("x", status, &body).code, code, "{message}");
    }
    assert_eq!(of_status("x", 200, &json!(null)).code, Code::NotKubernetes);
}

#[test]
fn a_conflict_says_who_owns_which_field() {
    let body = json!({"kind": "Status", "reason": "Conflict",
        "message": "Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.replicas",
        "details": {"causes": [{"reason": "FieldManagerConflict", "message": "conflict with \"kubectl\" using apps/v1", "field": ".spec.replicas"}]}});
    let error = of_status("x", 409, &body);
    assert_eq!(error.code, Code::Conflict);
    assert_eq!(error.seen, ".spec.replicas is owned by kubectl");
}
