//! Access to Proxmox VE from the provider block and the environment. Nothing is read from disk or dialled before it is used.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use framework::prelude::*;
use proxmox_client::{Client, Cx, Endpoint, Fingerprint, Settings, Token, Trust};

use super::model::ProxmoxDefaults;
use crate::shared::access::Unusable;
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};

/// Ports of services that other machines of a cluster count on: etcd and the Kubernetes API.
const COUNTED_ON: [u16; 2] = [2379, 6443];
/// Requests under way at the same time unless somebody says otherwise.
const MAX_PARALLEL: i64 = 8;

/// One cluster of Proxmox VE; cheap to clone, all clones share one client.
#[derive(Clone)]
pub struct Proxmox {
    endpoints: Field<Vec<Field<String>>>,
    api_token: Field<Secret<String>>,
    ca_pem: Field<String>,
    tls_fingerprints: Field<BTreeSet<String>>,
    insecure: Field<bool>,
    max_parallel: Field<i64>,
    client: Arc<OnceLock<Client>>,
    /// Ids that this process is about to use: Proxmox VE reserves none.
    vmids: Arc<Mutex<BTreeSet<u32>>>,
    /// Names of machines without a vmid of their own that this process makes: they are known again by their names.
    names: Arc<Mutex<BTreeSet<String>>>,
    /// Whoever holds it may power-cycle a machine; the one that was not seen coming back.
    cycling: Arc<tokio::sync::Mutex<Option<Away>>>,
    /// Ports that must answer again after a power cycle where they answered before it.
    pub counted_on: [u16; 2],
}

/// A machine that was not seen coming back from its power cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// Its number.
    pub vmid: u32,
    /// Its name.
    pub name: String,
    /// Why nothing is known of it; `None` where it is awaited, or stays silent.
    pub unseen: Option<String>,
}

impl Proxmox {
    /// Reads the attribute; what it leaves out comes from `environment`.
    pub fn new(
        config: Field<ProxmoxDefaults>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let config = match config {
            Field::Known(config) => config,
            Field::Null => ProxmoxDefaults::absent(false),
            Field::Unknown => ProxmoxDefaults::absent(true),
        };
        let from = |name: &str| Field::from(environment(name));
        let insecure = from("PROXMOX_VE_INSECURE")
            .map(|text: String| matches!(text.as_str(), "1" | "true" | "yes"));
        Self {
            endpoints: endpoints(
                config.endpoint,
                config.endpoints,
                from("PROXMOX_VE_ENDPOINT"),
            ),
            api_token: or(
                config.api_token,
                from("PROXMOX_VE_API_TOKEN").map(Secret::new),
            ),
            ca_pem: or(config.ca_pem, from("PROXMOX_VE_CA_PEM")),
            tls_fingerprints: config.tls_fingerprints,
            insecure: or(config.insecure, insecure),
            max_parallel: config.max_parallel,
            client: Arc::default(),
            vmids: Arc::default(),
            names: Arc::default(),
            cycling: Arc::default(),
            counted_on: COUNTED_ON,
        }
    }

    /// The client, made at the first call.
    pub fn client(&self) -> Result<Client, Unusable> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let client = Client::new(&self.settings()?).map_err(|error| malformed(&error))?;
        Ok(self.client.get_or_init(|| client).clone())
    }

    /// A free vmid that nobody else in this process gets.
    pub async fn reserve_vmid(&self, client: &Client, cx: &Cx) -> proxmox_client::Result<u32> {
        let mut candidate = client.next_vmid(cx).await?;
        loop {
            let fresh = self
                .vmids
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(candidate);
            if fresh && client.is_free(cx, candidate).await? {
                return Ok(candidate);
            }
            candidate += 1;
        }
    }

    /// Takes a vmid that was set: nobody else in this process gets it.
    pub fn claim_vmid(&self, vmid: u32) {
        let mut taken = self.vmids.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(vmid);
    }

    /// Whether this process makes or made the machine with this vmid.
    pub fn is_ours_now(&self, vmid: u32) -> bool {
        let taken = self.vmids.lock().unwrap_or_else(PoisonError::into_inner);
        taken.contains(&vmid)
    }

    /// Whether nobody else in this process makes a machine of this name.
    pub fn claim_name(&self, name: &str) -> bool {
        let mut taken = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(name.to_owned())
    }

    /// One machine is power-cycled at a time; no other one after one that was not seen coming back, which is held then.
    pub async fn turn(&self) -> tokio::sync::OwnedMutexGuard<Option<Away>> {
        self.cycling.clone().lock_owned().await
    }

    /// Whether the access can be used, without reading or dialling anything.
    pub fn check(&self) -> Result<(), Unusable> {
        self.addresses()?;
        self.token().map(|_| ())
    }

    fn settings(&self) -> Result<Settings, Unusable> {
        let insecure = known(&self.insecure)?.unwrap_or(false);
        let parallel = known(&self.max_parallel)?.unwrap_or(MAX_PARALLEL);
        let fingerprints = known(&self.tls_fingerprints)?.unwrap_or_default();
        let fingerprints = fingerprints.iter().map(|text| Fingerprint::parse(text));
        let trust = Trust {
            ca_pem: self.authorities()?,
            fingerprints: fingerprints
                .collect::<Result<_, _>>()
                .map_err(|error| malformed(&error))?,
            insecure,
        };
        Ok(Settings {
            endpoints: self.addresses()?,
            token: self.token()?,
            trust,
            max_parallel: usize::try_from(parallel).unwrap_or(1),
        })
    }

    fn addresses(&self) -> Result<Vec<Endpoint>, Unusable> {
        let list = match &self.endpoints {
            Field::Unknown => return Err(Unusable::Unknown),
            Field::Null => return Err(missing("proxmox.endpoint", "PROXMOX_VE_ENDPOINT")),
            Field::Known(list) => list,
        };
        let read = |address: &Field<String>| match address {
            Field::Unknown => Err(Unusable::Unknown),
            Field::Null => Err(Unusable::Placeholder("proxmox.endpoints")),
            Field::Known(text) if is_placeholder_host(text) => {
                Err(Unusable::Placeholder("proxmox.endpoint"))
            }
            Field::Known(text) => Endpoint::parse(text).map_err(|error| malformed(&error)),
        };
        list.iter().map(read).collect()
    }

    fn token(&self) -> Result<Token, Unusable> {
        match &self.api_token {
            Field::Unknown => Err(Unusable::Unknown),
            Field::Null => Err(missing("proxmox.api_token", "PROXMOX_VE_API_TOKEN")),
            Field::Known(text) if is_placeholder_text(text.expose()) => {
                Err(Unusable::Placeholder("proxmox.api_token"))
            }
            Field::Known(text) => Token::parse(text.expose()).map_err(|error| malformed(&error)),
        }
    }

    /// PEM text; a value without a PEM header is a path.
    fn authorities(&self) -> Result<String, Unusable> {
        match known(&self.ca_pem)? {
            None => Ok(String::new()),
            Some(text) if is_placeholder_text(&text) => Err(Unusable::Placeholder("proxmox.ca_pem")),
            Some(text) if text.contains("-----BEGIN") => Ok(text),
            Some(path) => std::fs::read_to_string(&path).map_err(|error| Unusable::Malformed {
                attribute: "proxmox.ca_pem",
                summary: "TS-PVE-SETTINGS: the CA certificates of Proxmox VE cannot be read".to_owned(),
                detail: format!("{path}: {error}. Set `proxmox.ca_pem` (or PROXMOX_VE_CA_PEM) to PEM text or to the path of a PEM file."),
            }),
        }
    }
}

/// All addresses, the single one first; the environment's where neither is set.
fn endpoints(
    one: Field<String>,
    more: Field<Vec<Field<String>>>,
    environment: Field<String>,
) -> Field<Vec<Field<String>>> {
    match (one, more) {
        (Field::Unknown, _) | (_, Field::Unknown) => Field::Unknown,
        (Field::Null, Field::Null) => environment.map(|one| vec![Field::Known(one)]),
        (one, more) => {
            let first = if one.is_null() { None } else { Some(one) };
            Field::Known(
                first
                    .into_iter()
                    .chain(more.into_option().unwrap_or_default())
                    .collect(),
            )
        }
    }
}

/// What is unknown stays so: a default in its place would be used for certain.
fn or<T>(given: Field<T>, otherwise: Field<T>) -> Field<T> {
    if given.is_null() { otherwise } else { given }
}

fn known<T: Clone>(field: &Field<T>) -> Result<Option<T>, Unusable> {
    match field {
        Field::Unknown => Err(Unusable::Unknown),
        Field::Null => Ok(None),
        Field::Known(value) => Ok(Some(value.clone())),
    }
}

fn missing(attribute: &'static str, variable: &str) -> Unusable {
    Unusable::Malformed {
        attribute,
        summary: format!("TS-PVE-SETTINGS: there is no {attribute}"),
        detail: format!(
            "Set `{attribute}` in the provider block, or the environment variable {variable}."
        ),
    }
}

fn malformed(error: &proxmox_client::Error) -> Unusable {
    Unusable::Malformed {
        attribute: "proxmox",
        summary: error.summary(),
        detail: error.detail(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: ProxmoxDefaults, environment: &[(&str, &str)]) -> Proxmox {
        let environment: Vec<(String, String)> = environment
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        Proxmox::new(Field::Known(config), &move |name| {
            environment
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        })
    }

    fn empty() -> ProxmoxDefaults {
        ProxmoxDefaults::absent(false)
    }

    #[test]
    fn the_block_comes_before_the_environment() {
        let environment = [
            ("PROXMOX_VE_ENDPOINT", "https://env:8006"),
            ("PROXMOX_VE_API_TOKEN", "a@pve!b=c"),
        ];
        let addresses = |config| {
            of(config, &environment)
                .addresses()
                .map(|list| list.iter().map(Endpoint::url).collect::<Vec<_>>())
        };
        assert!(addresses(empty()).is_ok_and(|list| list == ["https://env:8006"]));
        let block = ProxmoxDefaults {
            endpoint: "https://one:8006".into(),
            endpoints: Field::Known(vec!["two".into()]),
            ..empty()
        };
        assert!(
            addresses(block).is_ok_and(|list| list == ["https://one:8006", "https://two:8006"])
        );
        assert!(of(empty(), &environment).client().is_ok());
    }

    #[test]
    fn placeholders_and_unknowns_are_told_apart() {
        let with = |endpoint: Field<String>, token: &str| {
            let config = ProxmoxDefaults {
                endpoint,
                api_token: Field::Known(Secret::new(token.to_owned())),
                ..empty()
            };
            of(config, &[]).check()
        };
        assert!(with("https://pve1:8006".into(), "a@pve!b=c").is_ok());
        assert!(matches!(
            with("mock".into(), "a@pve!b=c"),
            Err(Unusable::Placeholder(_))
        ));
        assert!(matches!(
            with("https://pve.invalid:8006".into(), "a@pve!b=c"),
            Err(Unusable::Placeholder(_))
        ));
        assert!(matches!(
            with("https://pve1:8006".into(), "mock-token"),
            Err(Unusable::Placeholder(_))
        ));
        assert!(matches!(
            with(Field::Unknown, "a@pve!b=c"),
            Err(Unusable::Unknown)
        ));
        assert!(matches!(
            with(Field::Null, "a@pve!b=c"),
            Err(Unusable::Malformed { .. })
        ));
    }
}
