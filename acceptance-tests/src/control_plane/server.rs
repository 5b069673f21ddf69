//! etcd and kube-apiserver, and the controllers beside them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::certificates::Certificates;
use super::process::{Process, free_port, tool, write};
use crate::tools::Tool;

/// How long a server may take to come up on a busy computer.
const PATIENCE: Duration = Duration::from_secs(120);

/// One cluster's API.
pub struct ControlPlane {
    folder: tempfile::TempDir,
    port: u16,
    etcd_port: u16,
    certificates: Certificates,
    kubeconfig: PathBuf,
    server: Option<Process>,
    /// Ends after the server.
    _etcd: Process,
    controllers: Vec<Process>,
}

impl ControlPlane {
    /// Starts etcd and the API server and waits until it is ready.
    ///
    /// # Errors
    /// When a tool is missing or does not come up.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let certificates = Certificates::new()?;
        let (port, etcd_port, peer) = (free_port()?, free_port()?, free_port()?);
        let etcd_url = format!("http://127.0.0.1:{etcd_port}");
        let peer_url = format!("http://127.0.0.1:{peer}");
        let mut etcd = tool(Tool::Etcd)?;
        etcd.args(["--unsafe-no-fsync", "--log-level=error", "--name=one"])
            .arg(format!(
                "--data-dir={}",
                folder.path().join("etcd").display()
            ))
            .arg(format!("--listen-client-urls={etcd_url}"))
            .arg(format!("--advertise-client-urls={etcd_url}"))
            .arg(format!("--listen-peer-urls={peer_url}"))
            .arg(format!("--initial-advertise-peer-urls={peer_url}"))
            .arg(format!("--initial-cluster=one={peer_url}"));
        let etcd = Process::start(&mut etcd, folder.path().join("etcd.log"))?;
        let kubeconfig = write(
            folder.path(),
            "kubeconfig",
            &kubeconfig(port, &certificates),
        )?;
        let mut plane = Self {
            folder,
            port,
            etcd_port,
            certificates,
            kubeconfig,
            server: None,
            _etcd: etcd,
            controllers: Vec::new(),
        };
        plane.start_server()?;
        Ok(plane)
    }

    /// Starts the API server and waits until it is ready.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_server(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let file = |name: &str, text: &str| write(folder, name, text);
        let ca = file("ca.crt", &self.certificates.ca)?;
        let (certificate, key) = (
            file("server.crt", &self.certificates.server.0)?,
            file("server.key", &self.certificates.server.1)?,
        );
        let public = file("accounts.pub", &self.certificates.service_accounts.0)?;
        let accounts = file("accounts.key", &self.certificates.service_accounts.1)?;
        let mut server = tool(Tool::KubeApiserver)?;
        server
            .args([
                "--bind-address=127.0.0.1",
                "--authorization-mode=RBAC",
                "--service-cluster-ip-range=10.255.0.0/24",
                "--allow-privileged=true",
                "--endpoint-reconciler-type=none",
                "--service-account-issuer=https://127.0.0.1/",
            ])
            .arg(format!(
                "--etcd-servers=http://127.0.0.1:{}",
                self.etcd_port
            ))
            .arg(format!("--secure-port={}", self.port))
            .arg(format!("--client-ca-file={}", ca.display()))
            .arg(format!("--tls-cert-file={}", certificate.display()))
            .arg(format!("--tls-private-key-file={}", key.display()))
            .arg(format!("--service-account-key-file={}", public.display()))
            .arg(format!(
                "--service-account-signing-key-file={}",
                accounts.display()
            ));
        self.server = Some(Process::start(&mut server, folder.join("apiserver.log"))?);
        self.wait_ready()
    }

    fn wait_ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            if self
                .kubectl(&["get", "--raw", "/readyz"])
                .output()?
                .status
                .success()
                && self
                    .kubectl(&["get", "namespace", "kube-system"])
                    .output()?
                    .status
                    .success()
            {
                return Ok(());
            }
            let server = self.server.as_mut().context("the API server was stopped")?;
            if server.has_ended() || begun.elapsed() > PATIENCE {
                bail!("the API server does not come up\n{}", server.last_words());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Stops the API server; what it holds stays.
    pub fn stop_server(&mut self) {
        self.server = None;
    }

    /// Starts controller-manager, scheduler, and kwok with one node: Deployments get pods, and pods run.
    ///
    /// # Errors
    /// When a tool is missing.
    pub fn start_controllers(&mut self) -> Result<()> {
        let folder = self.folder.path().to_owned();
        let config = format!("--kubeconfig={}", self.kubeconfig.display());
        let stages = write(&folder, "stages.yaml", STAGES)?;
        let mut manager = tool(Tool::KubeControllerManager)?;
        manager
            .args([
                "--controllers=*,-nodeipam,-route,-cloud-node-lifecycle,-service",
                "--leader-elect=false",
                "--secure-port=0",
            ])
            .arg(&config)
            .arg(format!(
                "--service-account-private-key-file={}",
                folder.join("accounts.key").display()
            ))
            .arg(format!(
                "--root-ca-file={}",
                folder.join("ca.crt").display()
            ));
        let mut scheduler = tool(Tool::KubeScheduler)?;
        scheduler
            .args(["--leader-elect=false", "--secure-port=0"])
            .arg(&config);
        let mut kwok = tool(Tool::Kwok)?;
        kwok.args([
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
        ])
        .arg(&config)
        .arg(format!("--config={}", stages.display()));
        for (name, command) in [
            ("manager", &mut manager),
            ("scheduler", &mut scheduler),
            ("kwok", &mut kwok),
        ] {
            let process = Process::start(command, folder.join(format!("{name}.log")))?;
            self.controllers.push(process);
        }
        self.apply(r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node1", "labels": {"kubernetes.io/os": "linux"}}}"#)
    }

    /// Where the certificates, logs and the kubeconfig are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// kubectl as the administrator.
    ///
    /// # Panics
    /// When there is no kubectl: a test that got here looked for it before.
    pub fn kubectl(&self, arguments: &[&str]) -> Command {
        #[allow(clippy::expect_used, reason = "tests end by panicking")]
        let mut command = tool(Tool::Kubectl).expect("kubectl");
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments);
        command
    }

    /// What kubectl prints when it succeeds.
    ///
    /// # Errors
    /// What it complains of otherwise.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.kubectl(arguments).output()?;
        if !output.status.success() {
            bail!(
                "kubectl {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// An object as JSON; null where there is none.
    ///
    /// # Errors
    /// When kubectl fails for another reason.
    pub fn get(&self, namespace: &str, what: &str) -> Result<Value> {
        let text = self.run(&[
            "get",
            "-n",
            namespace,
            what,
            "-o",
            "json",
            "--ignore-not-found",
        ])?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Applies a text as somebody else than the provider would.
    ///
    /// # Errors
    /// What kubectl complains of.
    pub fn apply(&self, text: &str) -> Result<()> {
        let path = write(self.folder.path(), "applied.yaml", text)?;
        self.run(&["apply", "-f", &path.to_string_lossy()])
            .map(|_| ())
    }
}

fn kubeconfig(port: u16, certificates: &Certificates) -> String {
    let encoded = |text: &str| STANDARD.encode(text);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: admin@test\nclusters:\n- name: test\n  cluster:\n    server: https://127.0.0.1:{port}\n    \
         certificate-authority-data: {}\ncontexts:\n- name: admin@test\n  context: {{cluster: test, user: admin}}\nusers:\n- name: admin\n  user:\n    \
         client-certificate-data: {}\n    client-key-data: {}\n",
        encoded(&certificates.ca),
        encoded(&certificates.admin.0),
        encoded(&certificates.admin.1)
    )
}

/// What kwok makes of nodes and pods: a node is ready, a pod runs, a job is done, and what is deleted goes.
const STAGES: &str = include_str!("stages.yaml");
