//! One machine: looked at, written to, and looked at again.

use std::time::Duration;

use client_core::Backoff;
use framework::prelude::*;
use talos_client::{ApplyMode, ApplyRequest, Client, Code, ConfigId, Cx, NodeFacts, Pool, Reach};
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::{line, report};
use talos_config::tables::Line;

/// How long a machine in try mode waits before it goes back.
const TRY_TIMEOUT: Duration = Duration::from_secs(60);

/// What one look at a machine showed.
pub struct Observed {
    /// A client of the API that answered.
    pub client: Client,
    /// Whether the machine waits for its first configuration.
    pub maintenance: bool,
    /// What the machine says of itself.
    pub facts: NodeFacts,
    /// Address that answered.
    pub endpoint: String,
    /// Configuration that is in force; none in maintenance mode.
    pub live: Option<Secret<String>>,
    /// Configuration that the next boot will use, where it differs: something is staged.
    pub staged: Option<Secret<String>>,
}

/// Looks at a machine, configured or not.
pub async fn observe(
    access: &Access,
    pool: &Pool,
    cx: &Cx,
) -> Result<Observed, talos_client::Error> {
    let reach = talos_client::reach(&access.endpoints, access.identity.as_ref(), pool, cx).await?;
    let (client, status, maintenance) = match reach {
        Reach::Configured { client, status } => (client, status, false),
        Reach::Maintenance { client, status, .. } => (client, status, true),
    };
    let configurations = async {
        match maintenance {
            true => Ok((None, None)),
            false => configurations(&client, cx).await,
        }
    };
    let (facts, (live, staged)) =
        tokio::try_join!(client.facts_beside(status, cx), configurations)?;
    let endpoint = client.endpoint().host().to_owned();
    Ok(Observed {
        client,
        maintenance,
        facts,
        endpoint,
        live,
        staged,
    })
}

type Configurations = (Option<Secret<String>>, Option<Secret<String>>);

async fn configurations(client: &Client, cx: &Cx) -> Result<Configurations, talos_client::Error> {
    let text = |config: talos_client::MachineConfig| config.text.expose().to_owned();
    let (live, persistent) = tokio::try_join!(
        client.machine_config(cx, ConfigId::Active),
        client.machine_config(cx, ConfigId::Persistent),
    )?;
    let (live, persistent) = (live.map(text), persistent.map(text));
    let staged = persistent.filter(|persistent| Some(persistent) != live.as_ref());
    Ok((live.map(Secret::new), staged.map(Secret::new)))
}

/// How a change is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Live where Talos can, with a reboot where it cannot.
    Auto,
    /// Live or not at all.
    NoReboot,
    /// With a reboot.
    Reboot,
    /// At the next boot.
    Staged,
    /// In try mode first; kept only if the machine still answers.
    Try,
}

impl Mode {
    /// The attribute's value; its choices are checked by the schema.
    pub fn of(text: &str) -> Self {
        match text {
            "no_reboot" => Self::NoReboot,
            "reboot" => Self::Reboot,
            "staged" => Self::Staged,
            "try" => Self::Try,
            _ => Self::Auto,
        }
    }

    fn wire(self) -> ApplyMode {
        match self {
            Self::Auto => ApplyMode::Auto,
            Self::NoReboot => ApplyMode::NoReboot,
            Self::Reboot => ApplyMode::Reboot,
            Self::Staged => ApplyMode::Staged,
            Self::Try => ApplyMode::Try,
        }
    }
}

/// Writes a configuration. In maintenance mode Talos knows only one way.
pub async fn write(
    machine: &Observed,
    text: &str,
    mode: Mode,
    cx: &Cx,
) -> Result<Vec<String>, talos_client::Error> {
    let wire = if machine.maintenance {
        ApplyMode::Auto
    } else {
        mode.wire()
    };
    let request = |mode: ApplyMode| ApplyRequest {
        data: text.as_bytes(),
        mode,
        dry_run: false,
        try_timeout: (mode == ApplyMode::Try).then_some(TRY_TIMEOUT),
    };
    let mut warnings = machine
        .client
        .apply_configuration(cx, &request(wire))
        .await?
        .warnings;
    if wire == ApplyMode::Try {
        // It still answers under the new configuration: keep it. Otherwise it goes back by itself.
        machine
            .client
            .machine_status(&cx.capped(TRY_TIMEOUT))
            .await?;
        warnings.extend(
            machine
                .client
                .apply_configuration(cx, &request(ApplyMode::NoReboot))
                .await?
                .warnings,
        );
    }
    Ok(warnings)
}

/// How long a machine may answer with another configuration, or without one, before that is the answer.
const STEADY: Duration = Duration::from_secs(30);

/// What is waited for after a write.
pub struct Expected<'a> {
    /// The configuration.
    pub text: &'a str,
    /// The boot that has to be over before, where the change reboots the machine.
    pub reboots_from: Option<&'a str>,
}

impl Expected<'_> {
    /// Whether the machine has the configuration (staged: will have it), in a new boot where one is due.
    pub fn is_met(&self, machine: &Observed) -> bool {
        let has = |config: &Option<Secret<String>>| {
            config
                .as_ref()
                .is_some_and(|config| config.expose() == self.text)
        };
        match self.reboots_from {
            None => has(&machine.live) || has(&machine.staged),
            Some(boot) => has(&machine.live) && machine.facts.boot_id.as_deref() != Some(boot),
        }
    }
}

/// Looks until the machine is as expected and answers with our identity; where it goes on answering otherwise, that
/// is what is returned.
pub async fn settle(
    access: &Access,
    pool: &Pool,
    expected: &Expected<'_>,
    cx: &Cx,
    token: &CancellationToken,
    mut phase: impl FnMut(&str),
) -> Result<Observed, talos_client::Error> {
    let backoff = Backoff::default();
    let mut steady_since = None;
    loop {
        let seen = observe(access, pool, &cx.capped(Duration::from_secs(10))).await;
        match &seen {
            Ok(machine) if expected.is_met(machine) => return seen,
            Ok(machine) if expected.reboots_from.is_some() && !machine.maintenance => {
                steady_since = None;
                phase(&format!(
                    "the machine {}",
                    machine.facts.status.stage.doing()
                ));
            }
            // In maintenance mode, too: it may have lost its power before the installation was done.
            Ok(machine) => {
                let since = *steady_since.get_or_insert_with(tokio::time::Instant::now);
                if since.elapsed() > STEADY {
                    return seen;
                }
                phase(&format!(
                    "the machine {}, it does not hold the new configuration yet",
                    machine.facts.status.stage.doing()
                ));
            }
            Err(error) if error.is_transient() || is_between(error.code) => {
                steady_since = None;
                phase(&error.summary());
            }
            Err(_) => return seen,
        }
        if !backoff.wait(token).await {
            return seen;
        }
    }
}

/// What a machine answers while it goes from maintenance mode to its configuration: with one certificate and then another.
fn is_between(code: Code) -> bool {
    matches!(
        code,
        Code::NodeMaintenance | Code::NodeNotMaintenance | Code::NodeFingerprint
    )
}

impl Observed {
    /// The configuration that the machine has, or will have after the next boot: what changes are laid over.
    pub fn held(&self) -> Option<&str> {
        let config = self.staged.as_ref().or(self.live.as_ref());
        config.map(|text| text.expose().as_str())
    }

    /// The line of the Talos that runs.
    pub fn line(&self) -> Line {
        line::of(self.facts.talos_version.as_deref())
    }

    /// Whether the machine says that it is a worker; who says nothing may be a control plane.
    pub fn is_worker(&self) -> bool {
        self.facts.machine_type.as_deref() == Some("worker")
    }

    /// Boots of a container are the host's and say nothing.
    pub fn boot(&self) -> Option<&str> {
        let is_container = self.facts.platform.as_deref() == Some("container");
        self.facts.boot_id.as_deref().filter(|_| !is_container)
    }

    /// Whether this is the machine with that UUID, as far as anybody can tell: a container that lost its disk has a
    /// new one.
    pub fn is(&self, uuid: &Field<String>) -> bool {
        let known = self.facts.uuid.as_ref().or(self
            .facts
            .node_id
            .as_ref()
            .filter(|_| !self.maintenance));
        match (uuid.as_str(), known) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        }
    }
}

/// A mutual exclusion that ends with the operation.
pub async fn turn(
    group: std::sync::Arc<tokio::sync::Mutex<()>>,
    token: &CancellationToken,
) -> Option<tokio::sync::OwnedMutexGuard<()>> {
    tokio::select! {
        () = token.cancelled() => None,
        guard = group.lock_owned() => Some(guard),
    }
}

/// What Talos refused, put down to the attribute that brought it.
pub fn refused(node: &str, attribute: &str, error: &talos_client::Error) -> Error {
    let diagnostic = report::error(node, error);
    if error.code == Code::ConfigRefused {
        diagnostic.at(attribute)
    } else {
        diagnostic
    }
}
