//! What a cluster finds in the internet, played at addresses of the lab's own network: an image
//! factory, a registry, a git host.

mod names;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::factory::Factory;
use crate::git::GitHost;
use crate::listen::{Book, Desk, Service, plain_error, serve};
use crate::proxmox::server::Authority;
use crate::registry::{REPOSITORY, Registry, fault_error};
use crate::tools::Places;
use crate::world::Lab;

pub use names::Names;

/// Where the services are, and what the git host serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServicesPart {
    /// The image factory, also called `factory.talos.dev`.
    pub factory: IpAddr,
    /// The registry, also called `ghcr.io`.
    pub registry: IpAddr,
    /// The git host, also called `git.lab.test`.
    pub git: IpAddr,
    /// A folder whose content the git host's repository gets; without it content of the lab's own.
    pub git_source: Option<PathBuf>,
}

impl Default for ServicesPart {
    fn default() -> Self {
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        Self {
            factory: address(20),
            registry: address(21),
            git: address(22),
            git_source: None,
        }
    }
}

impl ServicesPart {
    /// The names that lead to these addresses.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::of(&[
            (self.factory, FACTORY),
            (self.registry, REGISTRY),
            (self.git, GIT),
        ])
    }

    /// The addresses, to be added to the lab's network.
    #[must_use]
    pub fn addresses(&self) -> [IpAddr; 3] {
        [self.factory, self.registry, self.git]
    }
}

const FACTORY: &str = "factory.talos.dev";
const REGISTRY: &str = "ghcr.io";
const GIT: &str = "git.lab.test";

/// Services that listen; dropping it ends them.
pub struct Services {
    /// What commands find in their environment.
    pub environment: Vec<(String, String)>,
    /// Where factory, registry (with and without TLS) and git host really listen.
    pub bound: Vec<SocketAddr>,
    /// Why there is no git host, where there is none.
    pub problem: Option<String>,
    listeners: JoinSet<()>,
}

/// Starts the services of a world: at their own addresses and the usual ports, or, with `local`,
/// at any ports of that address.
///
/// # Errors
/// An address cannot be used, or a file cannot be written.
pub async fn start(
    lab: &Arc<Lab>,
    authority: &Authority,
    folder: &Path,
    tools: &Places,
    part: &ServicesPart,
    local: Option<IpAddr>,
) -> Result<Services, String> {
    let book = Book::default();
    book.open(lab);
    let factory = Arc::new(Factory::new(folder.join("factory"))?);
    let registry = Arc::new(Registry::of(tools));
    let mut open = Open {
        book,
        authority,
        local,
        listeners: JoinSet::new(),
    };
    let factory = open
        .listen(
            "factory",
            plain_error,
            (FACTORY, part.factory),
            443,
            &factory,
        )
        .await?;
    let at = (REGISTRY, part.registry);
    let secure = open
        .listen("registry", fault_error, at, 443, &registry)
        .await?;
    let registry = Arc::new(registry.plain());
    let plain = open
        .listen("registry", fault_error, at, 5000, &registry)
        .await?;
    let host = GitHost::new(&folder.join("git"), part.git_source.as_deref());
    let certificate = folder.join("ca.pem").display().to_string();
    let operator = format!("oci+http://{plain}/{REPOSITORY}");
    let mut environment = vec![
        ("TALOS_IMAGE_FACTORY_CA_PEM", certificate.clone()),
        (
            "TALOS_IMAGE_FACTORY_URL",
            format!("https://{}", shown(factory, 443)),
        ),
        ("TALOS_STACK_OPERATOR_SOURCE", operator),
        ("TALOS_STACK_REGISTRY", shown(secure, 443)),
        ("TALOS_STACK_REGISTRY_CA_PEM", certificate),
    ];
    let mut bound = vec![factory, secure, plain];
    let mut problem = None;
    match host {
        Ok(host) => {
            let key_file = host.key_file.display().to_string();
            let at = (GIT, part.git);
            let git = open
                .listen("git", plain_error, at, 80, &Arc::new(host))
                .await?;
            let url = format!("http://{}/{}", shown(git, 80), GitHost::repository());
            environment.push(("SOPS_AGE_KEY_FILE", key_file));
            environment.push(("TALOS_STACK_GIT_PATH", GitHost::path().to_owned()));
            environment.push(("TALOS_STACK_GIT_URL", url));
            bound.push(git);
        }
        Err(cause) => problem = Some(format!("there is no git host: {cause}")),
    }
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    Ok(Services {
        environment: environment.into_iter().map(owned).collect(),
        bound,
        problem,
        listeners: open.listeners,
    })
}

impl Services {
    /// How many listeners there are.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.listeners.len()
    }
}

/// An address as it stands in a URL: without the port where it is the usual one.
fn shown(address: SocketAddr, usual: u16) -> String {
    match (address.port() == usual, address.ip()) {
        (true, IpAddr::V4(address)) => address.to_string(),
        (true, IpAddr::V6(address)) => format!("[{address}]"),
        (false, _) => address.to_string(),
    }
}

struct Open<'a> {
    book: Book,
    authority: &'a Authority,
    local: Option<IpAddr>,
    listeners: JoinSet<()>,
}

impl Open<'_> {
    /// Port 443 is served over TLS, every other one without.
    async fn listen<S: Service>(
        &mut self,
        service: &'static str,
        error: ErrorForm,
        (name, own): (&str, IpAddr),
        port: u16,
        what: &Arc<S>,
    ) -> Result<SocketAddr, String> {
        let wanted = match self.local {
            Some(local) => SocketAddr::new(local, 0),
            None => SocketAddr::new(own, port),
        };
        let listener = TcpListener::bind(wanted).await;
        let listener = listener.map_err(|error| format!("cannot listen at {wanted}: {error}"))?;
        let bound = listener.local_addr().map_err(|error| error.to_string())?;
        let tls = match port {
            443 => Some(TlsAcceptor::from(
                self.authority.server(name, &[own, bound.ip()])?.0,
            )),
            _ => None,
        };
        let desk = Desk {
            book: self.book.clone(),
            service,
            node: String::new(),
            error,
        };
        self.listeners
            .spawn(serve(listener, tls, desk, Arc::clone(what)));
        Ok(bound)
    }
}

/// How a service words an error.
type ErrorForm = fn(u16, &str) -> hyper::Response<crate::listen::Body>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_port_is_not_shown() {
        assert_eq!(shown("192.0.2.1:443".parse().unwrap(), 443), "192.0.2.1");
        assert_eq!(shown("[fd00::1]:80".parse().unwrap(), 80), "[fd00::1]");
        assert_eq!(
            shown("127.0.0.1:5000".parse().unwrap(), 443),
            "127.0.0.1:5000"
        );
    }
}
