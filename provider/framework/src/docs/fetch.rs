//! Asks a built provider for its schema: what is documented is what it serves.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use proto_tfplugin::tfplugin6::get_provider_schema::Request;
use proto_tfplugin::tfplugin6::provider_client::ProviderClient;

use super::ProviderSchema;
use crate::server::MAX_MESSAGE;

/// Why a provider could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It does not start.
    #[error("the provider does not start: {0}")]
    Start(#[from] std::io::Error),
    /// It said nothing that one could attach to.
    #[error("the provider did not say where it listens; it must be built with this framework")]
    Silent,
    /// It does not answer.
    #[error("the provider does not answer: {0}")]
    Answer(String),
}

/// Stops the provider when the answer is there.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It holds nothing that a hard end could damage.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The schema that the provider binary at `binary` serves.
pub fn schema_of(binary: &Path) -> Result<ProviderSchema, FetchError> {
    let mut running = Running(
        Command::new(binary)
            .arg("-debug")
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()?,
    );
    let stdout = running.0.stdout.take().ok_or(FetchError::Silent)?;
    let socket = BufReader::new(stdout)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| socket(&line))
        .ok_or(FetchError::Silent)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(ask(socket))
}

/// The socket in the line that says how to attach.
fn socket(line: &str) -> Option<String> {
    let json = line
        .trim()
        .strip_prefix("TF_REATTACH_PROVIDERS='")?
        .strip_suffix('\'')?;
    let entries: serde_json::Value = serde_json::from_str(json).ok()?;
    let entry = entries.as_object()?.values().next()?;
    entry["Addr"]["String"].as_str().map(str::to_owned)
}

async fn ask(socket: String) -> Result<ProviderSchema, FetchError> {
    let channel = crate::host::connect(socket)
        .await
        .map_err(FetchError::Answer)?;
    let mut client = ProviderClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
    let answer = client
        .get_provider_schema(Request {})
        .await
        .map_err(|status| FetchError::Answer(status.message().to_owned()))?;
    Ok(ProviderSchema(answer.into_inner()))
}
