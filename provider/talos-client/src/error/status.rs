//! From a gRPC status to the taxonomy.
//!
//! The texts compared here are those of Talos 1.11 to 1.14 (internal/app/machined and internal/app/maintenance).

use std::error::Error as _;

use tonic::{Code as Grpc, Status};

use super::{Code, Error, Sent, without_values};
use crate::method::{APPLY, BOOTSTRAP, ETCD_MEMBERS, ETCD_RECOVER, ETCD_STATUS, Effect, Method};
use crate::wire::WireError;

/// What a failed call means. `attempted` names the call and the address.
pub(crate) fn classify(method: &Method, attempted: &str, status: &Status) -> Error {
    if let Some(wire) = wire_error(status) {
        return below_grpc(method, attempted, wire);
    }
    let error = Error::new(code(method, status), attempted, seen(method, status));
    let sent = match status.code() {
        // Nobody knows how far the machine came.
        Grpc::Unavailable
        | Grpc::DeadlineExceeded
        | Grpc::Cancelled
        | Grpc::Internal
        | Grpc::Unknown
            if !is_plain_refusal(&error) =>
        {
            maybe(method)
        }
        _ => Sent::Refused,
    };
    tailored(error, method, status).sent(sent)
}

/// A lost answer to a call with an effect.
pub(crate) fn maybe(method: &Method) -> Sent {
    match method.effect {
        Effect::Read => Sent::Never,
        Effect::Write => Sent::Maybe,
    }
}

fn is_plain_refusal(error: &Error) -> bool {
    matches!(
        error.code,
        Code::ConfigRefused | Code::NodeNotTalos | Code::NodeMaintenance
    )
}

fn wire_error(status: &Status) -> Option<&WireError> {
    let mut source = status.source();
    while let Some(error) = source {
        if let Some(wire) = error.downcast_ref() {
            return Some(wire);
        }
        source = error.source();
    }
    None
}

fn below_grpc(method: &Method, attempted: &str, wire: &WireError) -> Error {
    let (code, sent) = match wire {
        WireError::Unsent => (Code::NodeUnreachable, Sent::Never),
        WireError::Broken => (Code::NodeUnreachable, maybe(method)),
        WireError::NotGrpc { .. } => (Code::NodeNotTalos, Sent::Refused),
    };
    let error = Error::new(code, attempted, wire.to_string()).sent(sent);
    match wire {
        WireError::Broken => error.caused_by("the machine restarted, or the network broke"),
        _ => error,
    }
}

fn seen(method: &Method, status: &Status) -> String {
    match status.message() {
        "" => format!("{:?}", status.code()),
        message if is(method, &APPLY) => without_values(message),
        message => message.to_owned(),
    }
}

fn code(method: &Method, status: &Status) -> Code {
    let says = |text: &str| status.message().contains(text);
    match status.code() {
        Grpc::PermissionDenied if says("is not supported") => Code::NodeUnsupported,
        Grpc::PermissionDenied => Code::NodeRole,
        Grpc::Unavailable if says("unknown authority") => Code::NodeWrongCa,
        Grpc::Unauthenticated => Code::NodeCertRejected,
        Grpc::Unimplemented if says("apply configuration --mode") => Code::NodeUnsupported,
        Grpc::Unimplemented if says("maintenance mode") => Code::NodeMaintenance,
        Grpc::Unimplemented if says("unknown service") => Code::NodeNotTalos,
        Grpc::Unimplemented | Grpc::FailedPrecondition if says("control plane node") => {
            Code::EtcdNotControlPlane
        }
        Grpc::Unimplemented => Code::NodeUnsupported,
        Grpc::AlreadyExists if is(method, &BOOTSTRAP) => Code::EtcdExists,
        Grpc::FailedPrecondition | Grpc::Unknown
            if says("another apply configuration") || says("node is rebooting") =>
        {
            Code::NodeBusy
        }
        Grpc::FailedPrecondition if says("container mode") => Code::NodeUnsupported,
        Grpc::FailedPrecondition => Code::NodeBooting,
        Grpc::InvalidArgument | Grpc::Unknown if is(method, &APPLY) => Code::ConfigRefused,
        Grpc::NotFound => Code::NodeNotFound,
        _ if is(method, &ETCD_MEMBERS) || is(method, &ETCD_STATUS) => Code::EtcdDown,
        Grpc::Unavailable => Code::NodeUnreachable,
        Grpc::DeadlineExceeded => Code::NodeTimeout,
        _ => Code::NodeFailed,
    }
}

fn is(method: &Method, other: &Method) -> bool {
    method.path == other.path
}

/// Causes and cures that only this case knows.
fn tailored(error: Error, method: &Method, status: &Status) -> Error {
    let says = |text: &str| status.message().contains(text);
    match error.code {
        Code::NodeBooting if says("time is not in sync") => error
            .caused_by("the machine's clock is not synchronised yet")
            .cured_by("wait for it; if it stays so, check machine.time and the way to its servers"),
        Code::NodeBooting if is(method, &ETCD_RECOVER) => {
            error.caused_by("the etcd service of the machine has not come to the point where a snapshot can be taken")
        }
        Code::NodeUnreachable if says("dial tcp") => error.caused_by("the endpoint answers but does not reach the node that it was to pass the call to"),
        Code::NodeUnreachable => error.caused_by("the Talos API answers, but what is behind it does not yet: the machine is starting"),
        Code::NodeWrongCa => error
            .caused_by("the endpoint answers, but the node that it was to pass the call to is in maintenance mode or of another cluster")
            .cured_by("ask that node directly to see which; then configure it or correct the address"),
        Code::EtcdDown if says("not supported for learner") => {
            error.caused_by("the machine's member has joined but has no vote yet").cured_by("wait until it is promoted, then run again")
        }
        Code::ConfigRefused if says("immediate mode") => error
            .caused_by("a part of the change takes effect only by a reboot, which the mode forbids; nothing was changed")
            .cured_by("use mode = \"reboot\" when the machine may reboot now, or \"staged\" to have it at the next boot"),
        Code::NodeUnsupported if says("apply configuration --mode") => error
            .caused_by("the machine is in maintenance mode, where a configuration can only be applied as a whole")
            .cured_by("use mode = \"auto\""),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use tonic::{Code as Grpc, Status};

    use super::{Code, Sent, classify};
    use crate::method::{APPLY, BOOTSTRAP, ETCD_MEMBERS, Method, VERSION};
    use crate::wire::WireError;

    #[test]
    fn answers_of_talos() {
        use Sent::{Maybe, Never, Refused};
        let cases: &[(&Method, Grpc, &str, Code, Sent)] = &[
            (
                &APPLY,
                Grpc::Unimplemented,
                "apply configuration --mode='no-reboot' is not supported in maintenance mode",
                Code::NodeUnsupported,
                Refused,
            ),
            (
                &VERSION,
                Grpc::PermissionDenied,
                "not authorized",
                Code::NodeRole,
                Refused,
            ),
            (
                &VERSION,
                Grpc::Unimplemented,
                "API is not implemented in maintenance mode",
                Code::NodeMaintenance,
                Refused,
            ),
            (
                &VERSION,
                Grpc::Unimplemented,
                "unknown service machine.MachineService",
                Code::NodeNotTalos,
                Refused,
            ),
            (
                &VERSION,
                Grpc::Unavailable,
                "error reading from server: EOF",
                Code::NodeUnreachable,
                Never,
            ),
            (
                &APPLY,
                Grpc::Unavailable,
                "error reading from server: EOF",
                Code::NodeUnreachable,
                Maybe,
            ),
            (
                &APPLY,
                Grpc::InvalidArgument,
                "unknown keys found",
                Code::ConfigRefused,
                Refused,
            ),
            (
                &APPLY,
                Grpc::Unknown,
                "failed to parse config: yaml",
                Code::ConfigRefused,
                Refused,
            ),
            (
                &APPLY,
                Grpc::FailedPrecondition,
                "another apply configuration is already in progress",
                Code::NodeBusy,
                Refused,
            ),
            (
                &BOOTSTRAP,
                Grpc::AlreadyExists,
                "etcd data directory is not empty",
                Code::EtcdExists,
                Refused,
            ),
            (
                &BOOTSTRAP,
                Grpc::FailedPrecondition,
                "bootstrap is not available yet",
                Code::NodeBooting,
                Refused,
            ),
            (
                &BOOTSTRAP,
                Grpc::FailedPrecondition,
                "bootstrap can only be performed on a control plane node",
                Code::EtcdNotControlPlane,
                Refused,
            ),
            (
                &VERSION,
                Grpc::PermissionDenied,
                "resource type \"X\" is not supported",
                Code::NodeUnsupported,
                Refused,
            ),
            (
                &ETCD_MEMBERS,
                Grpc::Unknown,
                "failed to create etcd client",
                Code::EtcdDown,
                Never,
            ),
        ];
        for (method, grpc, message, code, sent) in cases {
            let error = classify(method, "x", &Status::new(*grpc, *message));
            assert_eq!(
                (error.code, error.sent),
                (*code, *sent),
                "{grpc:?} {message}"
            );
        }
    }

    #[test]
    fn below_grpc() {
        let lost = classify(&BOOTSTRAP, "x", &Status::from(WireError::Broken));
        assert_eq!((lost.code, lost.sent), (Code::NodeUnreachable, Sent::Maybe));
        let unsent = classify(&BOOTSTRAP, "x", &Status::from(WireError::Unsent));
        assert_eq!(
            (unsent.code, unsent.sent),
            (Code::NodeUnreachable, Sent::Never)
        );
        let web = classify(
            &BOOTSTRAP,
            "x",
            &Status::from(WireError::NotGrpc {
                status: 404,
                server: "pve".into(),
            }),
        );
        assert_eq!(web.code, Code::NodeNotTalos);
        assert!(web.seen.contains("pve"));
    }
}
