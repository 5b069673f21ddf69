//! `-debug`: a provider that was started by hand, for debuggers and tests.

use std::io::Write;
use std::sync::Arc;

use super::lifetime::{Lifetime, finish, terminated};
use super::socket::SocketFolder;
use super::{runtime, services, transport};
use crate::author::Provider;
use crate::server::Shared;

/// The host name under which OpenTofu looks up addresses without one.
const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// Serves in plain text until SIGTERM or SIGINT.
pub(super) fn serve<P: Provider>() -> Result<(), String> {
    let folder = SocketFolder::create(None)
        .map_err(|error| format!("No folder for the plugin's socket can be made: {error}."))?;
    let listener = folder
        .listen()
        .map_err(|error| format!("The plugin's socket cannot be opened: {error}."))?;
    let attach = reattach(
        P::ADDRESS,
        &folder.socket().display().to_string(),
        std::process::id(),
    );
    let mut stdout = std::io::stdout().lock();
    let told = writeln!(
        stdout,
        "Set this where terraform or tofu runs:\n\n\tTF_REATTACH_PROVIDERS='{attach}'\n"
    )
    .and_then(|()| stdout.flush());
    told.map_err(|error| format!("Standard output cannot be written: {error}."))?;
    drop(stdout);
    let runtime = runtime()?;
    runtime.block_on(async {
        let shared = Shared::<P>::new();
        let lifetime = Lifetime::new();
        let incoming = transport::accept(listener, None, lifetime.connections())?;
        let server = tokio::spawn(services::serve(
            Arc::clone(&shared),
            incoming,
            lifetime.shutdown(),
        ));
        tokio::select! {
            () = terminated() => (),
            _ = tokio::signal::ctrl_c() => (),
        }
        lifetime.shutdown().cancel();
        finish(&shared, server).await;
        Ok(())
    })
}

/// The variable's value: the provider under the address each core would look up.
fn reattach(address: &str, socket: &str, pid: u32) -> String {
    let entry = serde_json::json!({
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": pid,
        "Test": true,
        "Addr": { "Network": "unix", "String": socket },
    });
    let path = address.split_once('/').map_or(address, |(_, path)| path);
    let entries: serde_json::Map<_, _> = REGISTRIES
        .iter()
        .map(|registry| (format!("{registry}/{path}"), entry.clone()))
        .collect();
    serde_json::Value::Object(entries).to_string()
}
