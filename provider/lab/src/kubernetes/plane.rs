//! The control plane's programs: what they are told, and where that comes from.
//!
//! Arguments are those that Talos gives them (reference: `internal/app/machined/pkg/controllers/k8s`
//! of Talos 1.12), without what belongs to a machine: addresses, files, etcd's certificates.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::client::Api;
use super::settings::{Arguments, Settings};
use crate::process::{Backoff, Process, Spec, last_lines};
use crate::tls::{Signer, Subject};
use crate::tools::Places;

/// A control plane that runs; dropping it stops it.
pub(super) struct Plane {
    pub api: Api,
    /// `127.0.0.1` and ports of etcd (client, peer) and API server.
    ports: [u16; 3],
    folder: PathBuf,
    etcd: Process,
    api_server: Process,
    pub controller_manager: Process,
    pub scheduler: Process,
}

/// A free port of the loopback.
pub(super) fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .map(|address| address.port())
        .map_err(|error| format!("no port is free: {error}"))
}

/// What a control plane consists of: a store, and what stands on it.
pub(super) const PROGRAMS: [&str; 4] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

impl Plane {
    /// Starts everything below a folder, which keeps etcd's data.
    ///
    /// # Errors
    /// A program is missing, a file cannot be written, or a certificate cannot be made.
    pub(super) fn start(
        folder: &Path,
        settings: &Settings,
        addresses: &[IpAddr],
        tools: &Places,
    ) -> Result<Self, String> {
        let ports = [free_port()?, free_port()?, free_port()?];
        let address = SocketAddr::from(([127, 0, 0, 1], ports[2]));
        let folder = folder.to_owned();
        write_files(&folder, settings, address)?;
        let api = client(settings, address)?;
        let program = |name: &str, arguments: Vec<String>| spec(&folder, tools, name, arguments);
        let [etcd_name, api_server_name, manager_name, scheduler_name] = PROGRAMS;
        let etcd = program(etcd_name, etcd(&folder, ports))?;
        let arguments = api_server(&folder, settings, ports, addresses);
        let api_server = program(api_server_name, arguments)?;
        let controller_manager = program(manager_name, controller_manager(&folder, settings))?;
        let scheduler = program(scheduler_name, scheduler(&folder, settings))?;
        let keep = |spec: Spec| Process::keep(spec, Backoff::SOON, || true);
        Ok(Self {
            api,
            ports,
            etcd: keep(etcd),
            api_server: keep(api_server),
            controller_manager: keep(controller_manager),
            scheduler: keep(scheduler),
            folder,
        })
    }

    /// Starts again what another configuration tells something else.
    ///
    /// # Errors
    /// As `start`.
    pub(super) fn follow(
        &mut self,
        settings: &Settings,
        addresses: &[IpAddr],
    ) -> Result<(), String> {
        let address = self.api.address;
        let changed = write_files(&self.folder, settings, address)?;
        self.api = client(settings, address)?;
        let folder = self.folder.clone();
        let wanted = [
            (
                &mut self.api_server,
                api_server(&folder, settings, self.ports, addresses),
                changed,
            ),
            (
                &mut self.controller_manager,
                controller_manager(&folder, settings),
                changed,
            ),
            (&mut self.scheduler, scheduler(&folder, settings), false),
        ];
        for (process, arguments, files) in wanted {
            if files || process.spec.arguments != arguments {
                let mut spec = process.spec.clone();
                spec.arguments = arguments;
                *process = Process::keep(spec, Backoff::SOON, || true);
            }
        }
        Ok(())
    }

    /// Where etcd listens for clients.
    pub(super) fn etcd_port(&self) -> u16 {
        self.ports[0]
    }

    /// Whether the API server says that it is ready.
    pub(super) async fn ready(&self) -> bool {
        let answer = tokio::time::timeout(
            Duration::from_secs(3),
            self.api.send("GET", "/readyz", "text/plain", None),
        )
        .await;
        matches!(answer, Ok(Ok(answer)) if answer.status == 200)
    }

    /// What keeps it from starting, for people: the last words of what ended.
    pub(super) fn trouble(&self) -> Option<String> {
        let all = [&self.etcd, &self.api_server];
        let ended = all.into_iter().find(|process| process.state().ended > 0)?;
        Some(format!(
            "{} ended: {}",
            ended.spec.name,
            last_lines(&ended.spec.log, 3)
        ))
    }
}

fn spec(folder: &Path, tools: &Places, name: &str, arguments: Vec<String>) -> Result<Spec, String> {
    Ok(Spec {
        name: name.to_owned(),
        program: tools.find(name)?,
        arguments,
        environment: vec![("NO_PROXY".to_owned(), "*".to_owned())],
        log: folder.join(format!("{name}.log")),
    })
}

/// A client with all rights, as the lab itself.
fn client(settings: &Settings, address: SocketAddr) -> Result<Api, String> {
    let signer = Signer::load(&settings.ca.certificate, &settings.ca.key)?;
    let own = signer.mint(&Subject {
        name: "talos-lab".to_owned(),
        group: Some("system:masters".to_owned()),
        names: Vec::new(),
    })?;
    Api::new(address, &settings.ca.certificate, &own)
}

/// Writes a file that only its owner reads; true where it changed.
fn write(path: &Path, text: &str) -> Result<bool, String> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    let file = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    let mut file = file.map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    Ok(true)
}

/// Writes keys, certificates and settings; true where the programs must read them again.
fn write_files(folder: &Path, settings: &Settings, address: SocketAddr) -> Result<bool, String> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let texts = [
        ("ca.crt", settings.ca.certificate.clone()),
        ("ca.key", settings.ca.key.clone()),
        (
            "aggregator-ca.crt",
            settings.aggregator_ca.certificate.clone(),
        ),
        ("service-account.key", settings.service_account_key.clone()),
        ("encryption.json", encryption(settings).to_string()),
        ("admission.json", admission(settings).to_string()),
    ];
    let mut changed = false;
    for (name, text) in texts {
        changed |= write(&folder.join(name), &text)?;
    }
    // The server's address moves with every start, and a certificate is never the same twice.
    let signer = Signer::load(&settings.ca.certificate, &settings.ca.key)?;
    let marker = format!("{address} {}", settings.ca.certificate);
    if write(&folder.join("server.of"), &marker)? {
        let server = signer.mint(&Subject {
            name: "kube-apiserver".to_owned(),
            group: None,
            names: vec![address.ip().to_string(), "localhost".to_owned()],
        })?;
        write(&folder.join("server.crt"), &server.certificate)?;
        write(&folder.join("server.key"), &server.key)?;
        for name in ["kube-controller-manager", "kube-scheduler"] {
            let own = signer.mint(&Subject {
                name: format!("system:{name}"),
                group: None,
                names: Vec::new(),
            })?;
            let text = kubeconfig(
                address,
                &settings.ca.certificate,
                &[
                    ("client-certificate-data", own.certificate.as_str()),
                    ("client-key-data", own.key.as_str()),
                ],
            );
            write(&folder.join(format!("{name}.kubeconfig")), &text)?;
        }
        changed = true;
    }
    Ok(changed)
}

/// A kubeconfig; what ends in `-data` is PEM.
pub(super) fn kubeconfig(address: SocketAddr, authority: &str, user: &[(&str, &str)]) -> String {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let user: serde_json::Map<String, Value> = user
        .iter()
        .map(|(name, value)| {
            let value = if name.ends_with("-data") {
                encode(value)
            } else {
                (*value).to_owned()
            };
            ((*name).to_owned(), Value::String(value))
        })
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{ "name": "lab", "cluster": { "server": format!("https://{address}"), "certificate-authority-data": encode(authority) } }],
        "users": [{ "name": "lab", "user": user }],
        "contexts": [{ "name": "lab", "context": { "cluster": "lab", "user": "lab" } }],
    })
    .to_string()
}

/// How secrets are encrypted at rest: with the configuration's keys, under Talos's key names.
fn encryption(settings: &Settings) -> Value {
    let key = |name: &str, secret: &String| json!({ "keys": [{ "name": name, "secret": secret }] });
    let mut providers = Vec::new();
    if let Some(secret) = &settings.secretbox {
        providers.push(json!({ "secretbox": key("key2", secret) }));
    }
    if let Some(secret) = &settings.aescbc {
        providers.push(json!({ "aescbc": key("key1", secret) }));
    }
    providers.push(json!({ "identity": {} }));
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{ "resources": ["secrets"], "providers": providers }],
    })
}

fn admission(settings: &Settings) -> Value {
    let plugins = settings
        .admission
        .iter()
        .map(|plugin| json!({ "name": plugin["name"], "configuration": plugin["configuration"] }));
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": plugins.collect::<Vec<Value>>(),
    })
}

fn etcd(folder: &Path, [client, peer, _]: [u16; 3]) -> Vec<String> {
    let data = folder.join("etcd");
    let peer = format!("http://127.0.0.1:{peer}");
    let client = format!("http://127.0.0.1:{client}");
    [
        "--name=lab".to_owned(),
        format!("--data-dir={}", data.display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=lab={peer}"),
        // Ports move with every start; the data does not name them.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ]
    .into()
}

/// Arguments as a list; those of the configuration come last and win, but for what the lab needs.
fn joined(own: Vec<(&str, String)>, extra: &Arguments, kept: &[&str]) -> Vec<String> {
    let overridden = |name: &str| extra.contains_key(name) && !kept.contains(&name);
    let own = own
        .into_iter()
        .filter(|(name, _)| !overridden(name))
        .map(|(name, value)| format!("--{name}={value}"));
    let extra = extra
        .iter()
        .filter(|(name, _)| !kept.contains(&name.as_str()));
    let extra = extra
        .flat_map(|(name, values)| values.iter().map(move |value| format!("--{name}={value}")));
    own.chain(extra).collect()
}

fn api_server(
    folder: &Path,
    settings: &Settings,
    [etcd, _, port]: [u16; 3],
    addresses: &[IpAddr],
) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let subnets = match settings.api_server.get("service-cluster-ip-range") {
        Some(ranges) => ranges.join(","),
        None => settings.service_subnets.join(","),
    };
    let own = vec![
        ("admission-control-config-file", file("admission.json")),
        (
            "advertise-address",
            advertised(&subnets, addresses).to_string(),
        ),
        ("allow-privileged", "true".to_owned()),
        ("anonymous-auth", "false".to_owned()),
        ("api-audiences", settings.endpoint.clone()),
        ("authorization-mode", "Node,RBAC".to_owned()),
        ("bind-address", "127.0.0.1".to_owned()),
        ("client-ca-file", file("ca.crt")),
        ("enable-admission-plugins", "NodeRestriction".to_owned()),
        ("enable-bootstrap-token-auth", "true".to_owned()),
        ("encryption-provider-config", file("encryption.json")),
        // The service `kubernetes` has no endpoints of its own here: pods are not reached anyway.
        ("endpoint-reconciler-type", "none".to_owned()),
        ("etcd-servers", format!("http://127.0.0.1:{etcd}")),
        ("profiling", "false".to_owned()),
        ("requestheader-allowed-names", FRONT_PROXY.to_owned()),
        ("requestheader-client-ca-file", file("aggregator-ca.crt")),
        (
            "requestheader-extra-headers-prefix",
            "X-Remote-Extra-".to_owned(),
        ),
        ("requestheader-group-headers", "X-Remote-Group".to_owned()),
        ("requestheader-username-headers", "X-Remote-User".to_owned()),
        ("secure-port", port.to_string()),
        ("service-account-issuer", settings.endpoint.clone()),
        ("service-account-key-file", file("service-account.key")),
        (
            "service-account-signing-key-file",
            file("service-account.key"),
        ),
        (
            "service-cluster-ip-range",
            settings.service_subnets.join(","),
        ),
        ("tls-cert-file", file("server.crt")),
        ("tls-private-key-file", file("server.key")),
    ];
    joined(own, &settings.api_server, &API_SERVER_KEPT)
}

/// The name under which the lab forwards.
pub(super) const FRONT_PROXY: &str = "front-proxy-client";

/// What a configuration cannot change here, because it names addresses and files of a machine.
const API_SERVER_KEPT: [&str; 16] = [
    "admission-control-config-file",
    "advertise-address",
    "audit-log-path",
    "audit-policy-file",
    "bind-address",
    "client-ca-file",
    "encryption-provider-config",
    "endpoint-reconciler-type",
    "etcd-servers",
    "requestheader-allowed-names",
    "requestheader-client-ca-file",
    "secure-port",
    "service-account-key-file",
    "service-account-signing-key-file",
    "tls-cert-file",
    "tls-private-key-file",
];

/// An address of the family of the first service subnet: the server refuses any other.
fn advertised(subnets: &str, addresses: &[IpAddr]) -> IpAddr {
    let first = subnets
        .split(['/', ','])
        .next()
        .and_then(|address| address.parse::<IpAddr>().ok());
    let wide = first.is_some_and(|address| address.is_ipv6());
    let found = addresses
        .iter()
        .find(|address| address.is_ipv6() == wide && !address.is_loopback());
    found.copied().unwrap_or(match wide {
        true => IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]),
        false => IpAddr::from([192, 0, 2, 1]),
    })
}

fn controller_manager(folder: &Path, settings: &Settings) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let own = vec![
        ("bind-address", "127.0.0.1".to_owned()),
        ("cluster-cidr", settings.pod_subnets.join(",")),
        ("cluster-name", settings.cluster_name.clone()),
        ("cluster-signing-cert-file", file("ca.crt")),
        ("cluster-signing-key-file", file("ca.key")),
        // Pods have no addresses of their own here.
        (
            "controllers",
            "*,-nodeipam,-route,-cloud-node-lifecycle,-service".to_owned(),
        ),
        ("kubeconfig", file("kube-controller-manager.kubeconfig")),
        ("leader-elect", "false".to_owned()),
        ("root-ca-file", file("ca.crt")),
        ("secure-port", "0".to_owned()),
        (
            "service-account-private-key-file",
            file("service-account.key"),
        ),
        ("use-service-account-credentials", "true".to_owned()),
    ];
    joined(
        own,
        &settings.controller_manager,
        &[
            "bind-address",
            "controllers",
            "kubeconfig",
            "leader-elect",
            "secure-port",
        ],
    )
}

fn scheduler(folder: &Path, settings: &Settings) -> Vec<String> {
    let own = vec![
        ("bind-address", "127.0.0.1".to_owned()),
        (
            "kubeconfig",
            folder
                .join("kube-scheduler.kubeconfig")
                .display()
                .to_string(),
        ),
        ("leader-elect", "false".to_owned()),
        ("secure-port", "0".to_owned()),
    ];
    joined(
        own,
        &settings.scheduler,
        &[
            "bind-address",
            "config",
            "kubeconfig",
            "leader-elect",
            "secure-port",
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_wins_but_for_what_the_lab_needs() {
        let extra = Arguments::from([
            ("v".to_owned(), vec!["2".to_owned()]),
            ("profiling".to_owned(), vec!["true".to_owned()]),
            ("secure-port".to_owned(), vec!["1".to_owned()]),
        ]);
        let own = vec![
            ("profiling", "false".to_owned()),
            ("secure-port", "6443".to_owned()),
        ];
        assert_eq!(
            joined(own, &extra, &["secure-port"]),
            ["--secure-port=6443", "--profiling=true", "--v=2"]
        );
    }

    #[test]
    fn the_advertised_address_has_the_family_of_the_services() {
        let addresses: Vec<IpAddr> = ["10.101.0.11", "fd00:101::11"]
            .map(|text| text.parse().unwrap())
            .into();
        assert_eq!(
            advertised("fd00:101:96::/108,10.96.0.0/16", &addresses).to_string(),
            "fd00:101::11"
        );
        assert_eq!(
            advertised("10.96.0.0/12", &addresses).to_string(),
            "10.101.0.11"
        );
        assert_eq!(
            advertised("10.96.0.0/12", &["127.0.0.5".parse().unwrap()]).to_string(),
            "192.0.2.1"
        );
    }
}
