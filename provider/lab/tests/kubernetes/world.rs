//! A cluster without machines: views made of a configuration that talosctl generated.

use std::collections::BTreeMap;
use std::net::{IpAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::cluster::{ClusterView, Etcd, Kubernetes as _, MachineView};
use lab::kubernetes::Clusters;
use lab::tools::Places;
use lab::world::{Lab, NoMachines, Options, Scenario};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;

/// What has to be there; otherwise the test is skipped.
const NEEDED: [&str; 6] = [
    "talosctl",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
];

pub struct World {
    pub folder: PathBuf,
    pub clusters: Arc<Clusters>,
    pub lab: Arc<Lab>,
    pub tools: Places,
    pub controlplane: String,
    pub worker: String,
    /// Where the control plane listens.
    pub address: IpAddr,
    pub port: u16,
}

/// Whether all tools are there; says so where one is not.
pub fn have(more: &[&str]) -> bool {
    let tools = Places::from_environment();
    let missing = NEEDED
        .iter()
        .chain(more)
        .find_map(|name| tools.find(name).err());
    if let Some(problem) = &missing {
        lab::skip::tell(problem);
    }
    missing.is_none()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl World {
    /// A cluster of a configuration of its own, with faults, in a folder.
    pub fn new(folder: &Path, patch: &str, faults: &str) -> Self {
        let tools = Places::from_environment();
        let address: IpAddr = "127.0.101.11".parse().unwrap();
        let port = free_port();
        let secrets = folder.join("config");
        let own = format!("{{cluster: {{controlPlane: {{localAPIServerPort: {port}}}}}}}");
        let output = Command::new(tools.find("talosctl").unwrap())
            .args([
                "gen",
                "config",
                "lab",
                &format!("https://{address}:{port}"),
                "--kubernetes-version=1.35.6",
                "--with-docs=false",
                "--with-examples=false",
            ])
            .args([
                "--output-types=controlplane,worker",
                "--config-patch",
                &own,
                "--config-patch-control-plane",
                patch,
                "--output",
            ])
            .arg(&secrets)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let read = |name: &str| std::fs::read_to_string(secrets.join(name)).unwrap();
        let options = Options {
            scenario: Scenario::parse(&format!("faults: [{faults}]")).unwrap(),
            ..Options::default()
        };
        let lab = Lab::new(options, Arc::new(NoMachines)).unwrap();
        let clusters = Clusters::new(folder.to_owned(), tools.clone());
        clusters.open(&lab);
        Self {
            folder: folder.to_owned(),
            clusters,
            lab,
            tools,
            controlplane: read("controlplane.yaml"),
            worker: read("worker.yaml"),
            address,
            port,
        }
    }

    /// The whole lab ends and starts again.
    pub fn restart(&mut self) {
        self.clusters = Clusters::new(self.folder.clone(), self.tools.clone());
        self.clusters.open(&self.lab);
    }

    fn machine(&self, name: &str, control_plane: bool) -> MachineView {
        let (config, last) = if control_plane {
            (&self.controlplane, 11)
        } else {
            (&self.worker, 21)
        };
        MachineView {
            uuid: format!("00000000-0000-4000-8000-0000000000{last}"),
            name: name.to_owned(),
            addresses: vec![if control_plane {
                self.address
            } else {
                IpAddr::from([127, 0, 101, 21])
            }],
            control_plane,
            config: config.as_str().into(),
            etcd: if control_plane {
                Etcd::Voter
            } else {
                Etcd::None
            },
            kubelet: true,
        }
    }

    /// A control plane and a worker, both running.
    pub fn view(&self) -> ClusterView {
        ClusterView {
            id: "lab-cluster".to_owned(),
            machines: vec![self.machine("cp01", true), self.machine("wk01", false)],
        }
    }

    /// Shows machines and waits until the API server is ready and all of them are registered.
    pub async fn show(&self, view: ClusterView) {
        let uuids: Vec<String> = view
            .machines
            .iter()
            .map(|machine| machine.uuid.clone())
            .collect();
        self.clusters.changed(view);
        let mut nodes = self.clusters.nodes();
        let up = nodes.wait_for(|all| {
            uuids
                .iter()
                .all(|uuid| all.get(uuid).is_some_and(|node| node.registered))
        });
        let waited = tokio::time::timeout(Duration::from_secs(240), up).await;
        assert!(
            waited.is_ok(),
            "no cluster in four minutes: {}",
            self.logs()
        );
    }

    /// The ends of all logs, for messages.
    fn logs(&self) -> String {
        let output = Command::new("bash")
            .arg("-c")
            .arg(format!(
                "tail -n 5 {}/kubernetes/*/*.log",
                self.folder.display()
            ))
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A kubeconfig of somebody whom an authority of the configuration made an administrator.
    pub fn kubeconfig(&self, group: &str) -> PathBuf {
        let config: Vec<Value> = serde_saphyr::from_multiple(&self.controlplane).unwrap();
        let text = |name: &str| {
            config[0]["cluster"]["ca"][name]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let authority = String::from_utf8(STANDARD.decode(text("crt")).unwrap()).unwrap();
        let key = String::from_utf8(STANDARD.decode(text("key")).unwrap()).unwrap();
        let (certificate, own) = mint(&authority, &key, group);
        let trust = format!("certificate-authority-data: {}", text("crt"));
        self.write_kubeconfig(group, &trust, &by_certificate(&certificate, &own))
    }

    /// A kubeconfig of somebody with a certificate of another authority, who does not look at the
    /// server's.
    pub fn strangers_kubeconfig(&self) -> PathBuf {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        // The same name as the cluster's authority, or clients would not even offer it.
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters
            .distinguished_name
            .push(DnType::OrganizationName, "kubernetes");
        let key = KeyPair::generate().unwrap();
        let authority = parameters.self_signed(&key).unwrap().pem();
        let (certificate, own) = mint(&authority, &key.serialize_pem(), "system:masters");
        self.write_kubeconfig(
            "stranger",
            "insecure-skip-tls-verify: true",
            &by_certificate(&certificate, &own),
        )
    }

    /// A kubeconfig of somebody with a token.
    pub fn token_kubeconfig(&self, token: &str) -> PathBuf {
        self.write_kubeconfig(
            "token",
            "insecure-skip-tls-verify: true",
            &format!("token: {token}"),
        )
    }

    fn write_kubeconfig(&self, name: &str, trust: &str, user: &str) -> PathBuf {
        let path = self
            .folder
            .join(format!("{}.kubeconfig", name.replace(':', "-")));
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters:\n- name: a\n  cluster:\n    server: https://{}:{}\n    {trust}\nusers:\n- name: a\n  user:\n    {user}\ncontexts:\n- name: a\n  context: {{cluster: a, user: a}}\n",
            self.address, self.port,
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Runs kubectl with standard input; the lab goes on meanwhile.
    pub async fn try_kubectl(&self, kubeconfig: &Path, input: &str, arguments: &[&str]) -> Output {
        use tokio::io::AsyncWriteExt;
        let mut child = tokio::process::Command::new(self.tools.find("kubectl").unwrap())
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(arguments)
            .env("HOME", &self.folder)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .await
            .unwrap();
        child.wait_with_output().await.unwrap()
    }

    /// The same as an administrator, and it goes well.
    pub async fn kubectl(&self, input: &str, arguments: &[&str]) -> String {
        let output = self
            .try_kubectl(&self.kubeconfig("system:masters"), input, arguments)
            .await;
        assert!(
            output.status.success(),
            "kubectl {arguments:?}: {output:?}\n{}",
            self.logs()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Objects, as JSON.
    pub async fn get(&self, arguments: &[&str]) -> Value {
        let all = [&["get", "-o", "json"], arguments].concat();
        serde_json::from_str(&self.kubectl("", &all).await).unwrap()
    }
}

fn by_certificate(certificate: &str, key: &str) -> String {
    format!(
        "client-certificate-data: {}\n    client-key-data: {}",
        STANDARD.encode(certificate),
        STANDARD.encode(key)
    )
}

/// A client certificate of a group.
fn mint(authority: &str, key: &str, group: &str) -> (String, String) {
    let der = match PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap() {
        PrivateKeyDer::Sec1(older) => {
            let secret = p256::SecretKey::from_sec1_der(older.secret_sec1_der()).unwrap();
            p256::pkcs8::EncodePrivateKey::to_pkcs8_der(&secret)
                .unwrap()
                .as_bytes()
                .to_vec()
        }
        other => other.secret_der().to_vec(),
    };
    let signer = KeyPair::try_from(der).unwrap();
    let issuer = Issuer::from_ca_cert_pem(authority, signer).unwrap();
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::OrganizationName, group);
    parameters
        .distinguished_name
        .push(DnType::CommonName, "somebody");
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let own = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&own, &issuer).unwrap();
    (certificate.pem(), own.serialize_pem())
}

/// Labels of nodes by name.
pub fn labels(nodes: &Value) -> BTreeMap<String, Value> {
    let items = nodes["items"].as_array().unwrap();
    items
        .iter()
        .map(|node| {
            (
                node["metadata"]["name"].as_str().unwrap().to_owned(),
                node["metadata"]["labels"].clone(),
            )
        })
        .collect()
}
