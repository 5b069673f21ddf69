//! The plugin process: go-plugin's handshake, its transport, and the end.

mod client;
mod debug;
mod handshake;
mod lifetime;
mod pinning;
mod services;
mod socket;
mod transport;

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use crate::author::Provider;
use crate::server::Shared;
pub(crate) use client::connect;
use handshake::{Handshake, Refusal};
use socket::SocketFolder;

/// Stack of a worker: authors' code recurses through documents that users wrote, and main threads have as much.
const STACK: usize = 8 << 20;

/// Runs the provider as a plugin process until its host ends it.
///
/// With `-debug` it serves without handshake and prints what to set so that Terraform or OpenTofu attaches to it.
pub fn serve<P: Provider>() -> ExitCode {
    crate::operation::install_hook();
    crate::log::install::<P>();
    let debug = std::env::args()
        .skip(1)
        .any(|argument| argument == "-debug" || argument == "--debug");
    let served = if debug {
        debug::serve::<P>()
    } else {
        serve_host::<P>()
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nobody is left to tell when even this fails.
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn serve_host<P: Provider>() -> Result<(), String> {
    let handshake = Handshake::read(|name| std::env::var(name).ok()).map_err(|refusal| match refusal {
        Refusal::NotAPlugin => {
            format!("This is the {} provider {}, a plugin. Terraform and OpenTofu start it; it does nothing by itself.", P::NAME, P::VERSION)
        }
        Refusal::BadCertificate => "PLUGIN_CLIENT_CERT holds no certificate.".to_owned(),
    })?;
    let folder = SocketFolder::create(handshake.socket_folder.as_deref())
        .map_err(|error| format!("No folder for the plugin's socket can be made: {error}."))?;
    let listener = folder
        .listen()
        .map_err(|error| format!("The plugin's socket cannot be opened: {error}."))?;
    let tls = handshake
        .client_certificate
        .clone()
        .map(pinning::server_config)
        .transpose()?;
    let (certificate, acceptor) = match tls {
        Some((certificate, config)) => {
            (Some(certificate), Some(TlsAcceptor::from(Arc::new(config))))
        }
        None => (None, None),
    };
    let mut stdout = std::io::stdout().lock();
    let line = handshake.line(
        &folder.socket(),
        certificate.as_ref().map(|der| der.as_ref()),
    );
    stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("The handshake cannot be written: {error}."))?;
    drop(stdout);
    let runtime = runtime()?;
    runtime.block_on(run::<P>(listener, acceptor))?;
    // Nothing that still runs could be told to anyone.
    runtime.shutdown_background();
    Ok(())
}

/// Two workers: a blocking step of one resource must not stall the other nine that core runs at once.
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let built = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(STACK)
        .enable_all()
        .build();
    built.map_err(|error| format!("No runtime can be started: {error}."))
}

async fn run<P: Provider>(
    listener: UnixListener,
    acceptor: Option<TlsAcceptor>,
) -> Result<(), String> {
    let shared = Shared::<P>::new();
    let lifetime = lifetime::Lifetime::new();
    let incoming = transport::accept(listener, acceptor, lifetime.connections())?;
    let server = tokio::spawn(services::serve(
        Arc::clone(&shared),
        incoming,
        lifetime.shutdown(),
    ));
    lifetime.wait(&shared).await;
    lifetime::finish(&shared, server).await;
    Ok(())
}

#[cfg(test)]
mod tests;
