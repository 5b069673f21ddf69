//! Which call is which.

use proto_talos::machine as api;
use tonic::Status;

use super::{Call, Reply, decode, one, roles};
use crate::talos::calls;
use crate::talos::fleet::Fleet;
use crate::talos::machine::Key;

/// Answers a call of a machine that has a configuration.
pub(super) async fn answer(fleet: &Fleet, key: &Key, call: &Call) -> Result<Reply, Status> {
    strange(&call.path)?;
    if !call.roles.allow(&call.path) {
        return Err(Status::permission_denied("not authorized"));
    }
    let messages = &call.messages;
    match call.path.as_str() {
        "/machine.MachineService/ApplyConfiguration" => {
            calls::apply::apply(fleet, key, &decode(messages)?)
        }
        "/machine.MachineService/Bootstrap" => calls::etcd::bootstrap(fleet, key),
        "/machine.MachineService/Version" => calls::about::version(fleet, key),
        "/machine.MachineService/Hostname" => calls::about::hostname(fleet, key),
        "/machine.MachineService/Memory" => calls::about::memory(fleet, key),
        "/machine.MachineService/SystemStat" => calls::about::system(fleet, key),
        "/machine.MachineService/ServiceList" => calls::services::list(fleet, key),
        "/machine.MachineService/Read" => calls::files::read(fleet, key, &decode(messages)?),
        "/machine.MachineService/Events" => calls::events::follow(fleet, key, &decode(messages)?),
        "/machine.MachineService/Reboot" => calls::power::reboot(fleet, key, &decode(messages)?),
        "/machine.MachineService/Shutdown" => calls::power::shut_down(fleet, key),
        "/machine.MachineService/Reset" => calls::power::reset(fleet, key, &decode(messages)?),
        "/machine.MachineService/EtcdMemberList" => {
            calls::etcd::members(fleet, key, &decode(messages)?).await
        }
        "/machine.MachineService/EtcdStatus" => calls::etcd::status(fleet, key),
        "/machine.MachineService/EtcdAlarmList" => calls::etcd::alarms(fleet, key),
        "/machine.MachineService/EtcdRemoveMemberByID" => {
            calls::etcd::remove(fleet, key, &decode(messages)?).await
        }
        "/machine.MachineService/EtcdLeaveCluster" => calls::etcd::leave(fleet, key).await,
        "/machine.MachineService/EtcdForfeitLeadership" => calls::etcd::forfeit(fleet, key).await,
        "/machine.MachineService/Kubeconfig" => calls::credentials::kubeconfig(fleet, key),
        "/machine.MachineService/GenerateClientConfiguration" => {
            calls::credentials::client(fleet, key, &decode(messages)?)
        }
        "/storage.StorageService/Disks" => calls::about::disks(fleet, key),
        "/cluster.ClusterService/HealthCheck" => {
            calls::health::check(fleet, key, &decode(messages)?)
        }
        _ => state(fleet, key, call),
    }
}

/// Calls of the state API; others do not exist.
fn state(fleet: &Fleet, key: &Key, call: &Call) -> Result<Reply, Status> {
    let messages = &call.messages;
    match call.path.as_str() {
        "/cosi.resource.State/Get" => {
            calls::state::get(fleet, key, &call.roles, decode(messages)?).map(|found| one(&found))
        }
        "/cosi.resource.State/List" => {
            calls::state::list(fleet, key, &call.roles, &decode(messages)?)
        }
        "/cosi.resource.State/Watch" => {
            calls::state::watch(fleet, key, &call.roles, decode(messages)?)
        }
        "/cosi.resource.State/Create"
        | "/cosi.resource.State/Update"
        | "/cosi.resource.State/Destroy" => {
            Err(Status::permission_denied("write access is not allowed"))
        }
        path => Err(unknown(path)),
    }
}

/// Refuses calls that the machine service does not have, whoever asks.
fn strange(path: &str) -> Result<(), Status> {
    match path.strip_prefix("/machine.MachineService/") {
        Some(method) if !roles::exists(path) => Err(Status::unimplemented(format!(
            "unknown method {method} for service machine.MachineService"
        ))),
        _ => Ok(()),
    }
}

/// Services of Talos 1.12, of which the lab serves a part.
const SERVICES: [&str; 6] = [
    "machine.MachineService",
    "cosi.resource.State",
    "storage.StorageService",
    "cluster.ClusterService",
    "inspect.InspectService",
    "time.TimeService",
];

fn unknown(path: &str) -> Status {
    let (service, method) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or((path, ""));
    match SERVICES.contains(&service) {
        true => Status::unimplemented(format!("method {method} not implemented in the lab")),
        false => Status::unimplemented(format!("unknown service {service}")),
    }
}

/// Answers a call in maintenance mode: up to 1.12 a server of its own
/// (`internal/app/maintenance/server.go`), since then apid for readers.
pub(super) async fn maintenance(
    fleet: &Fleet,
    key: &Key,
    call: &Call,
    minor: u32,
) -> Result<Reply, Status> {
    strange(&call.path)?;
    match call.path.as_str() {
        "/machine.MachineService/ApplyConfiguration" => {
            calls::apply::first(fleet, key, &decode(&call.messages)?)
        }
        path if minor >= 13 && call.roles.allow(path) => answer(fleet, key, call).await,
        "/storage.StorageService/Disks" => calls::about::disks(fleet, key),
        path if path.starts_with("/cosi.resource.State/") => state(fleet, key, call),
        "/machine.MachineService/Version"
        | "/machine.MachineService/Upgrade"
        | "/machine.MachineService/Reset"
        | "/machine.MachineService/MetaWrite"
        | "/machine.MachineService/MetaDelete" => Err(Status::unimplemented(
            "API is not implemented in maintenance mode",
        )),
        "/machine.MachineService/GenerateClientConfiguration" => Err(Status::unimplemented(
            "client configuration (talosconfig) can't be generated in the maintenance mode",
        )),
        path => match path.strip_prefix("/machine.MachineService/") {
            Some(method) => Err(Status::unimplemented(format!(
                "method {method} not implemented"
            ))),
            None => {
                let service = path.trim_start_matches('/').split('/').next();
                let service = service.unwrap_or_default();
                Err(Status::unimplemented(format!("unknown service {service}")))
            }
        },
    }
}

/// Whether a call is one that changes something.
pub(super) fn writes(call: &Call) -> bool {
    let Some(method) = call.path.strip_prefix("/machine.MachineService/") else {
        return false;
    };
    match method {
        "ApplyConfiguration" => {
            let request = decode::<api::ApplyConfigurationRequest>(&call.messages);
            request.is_ok_and(|request| !request.dry_run)
        }
        "Bootstrap"
        | "Reboot"
        | "Shutdown"
        | "Reset"
        | "EtcdRemoveMemberByID"
        | "EtcdLeaveCluster"
        | "EtcdForfeitLeadership" => true,
        _ => false,
    }
}
