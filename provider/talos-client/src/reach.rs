//! Which kind of machine answers: configured, or in maintenance mode.

use crate::client::Client;
use crate::cx::Cx;
use crate::endpoint::Endpoint;
use crate::error::{Code, Result};
use crate::facts::MachineStatus;
use crate::identity::Identity;
use crate::pool::Pool;

/// A machine that answers.
#[derive(Clone)]
pub enum Reach {
    /// Configured, and of our cluster.
    Configured {
        /// For all calls.
        client: Client,
        /// What it said.
        status: MachineStatus,
    },
    /// Without configuration.
    Maintenance {
        /// For applying a configuration and reading facts.
        client: Client,
        /// What it said.
        status: MachineStatus,
        /// Fingerprint of its certificate, as its console shows it. Later connections of `client` insist on it.
        fingerprint: String,
    },
}

/// Looks for the machine at these addresses.
///
/// With an identity a configured machine and one in maintenance mode are found; without, only one in maintenance mode.
///
/// # Errors
/// `TS-NODE-NOT-MAINTENANCE` when the machine is configured and no identity was given; any other of the taxonomy.
pub async fn reach(
    endpoints: &[Endpoint],
    identity: Option<&Identity>,
    pool: &Pool,
    cx: &Cx,
) -> Result<Reach> {
    if let Some(identity) = identity {
        let client = Client::builder(endpoints.to_vec())
            .identity(identity.clone())
            .pool(pool)
            .build()?;
        match client.machine_status(cx).await {
            Ok(status) => return Ok(Reach::Configured { client, status }),
            Err(error) if error.code == Code::NodeMaintenance => {}
            Err(error) => return Err(error),
        }
    }
    let client = Client::builder(endpoints.to_vec()).pool(pool).build()?;
    let status = client.machine_status(cx).await?;
    let endpoint = client.endpoint().clone();
    let fingerprint = client.fingerprint(cx).await?;
    let client = Client::builder(vec![endpoint])
        .maintenance(Some(fingerprint.clone()))
        .pool(pool)
        .build()?;
    Ok(Reach::Maintenance {
        client,
        status,
        fingerprint,
    })
}
