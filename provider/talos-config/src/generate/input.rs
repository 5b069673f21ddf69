use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::contract::Contract;
use crate::secrets::Bundle;

/// Where Talos serves the Kubernetes API to the machine itself.
const KUBE_PRISM_PORT: u16 = 7445;

/// What a machine is in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs etcd and the Kubernetes control plane.
    ControlPlane,
    /// Runs workloads only.
    Worker,
}

impl FromStr for Role {
    type Err = GenerateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "controlplane" => Ok(Self::ControlPlane),
            "worker" => Ok(Self::Worker),
            other => Err(GenerateError(format!(
                "'{other}' is not a machine type: use controlplane or worker"
            ))),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlPlane => "controlplane",
            Self::Worker => "worker",
        })
    }
}

/// An input from which no configuration can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateError(pub(super) String);

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GenerateError {}

/// What a configuration is made from.
#[derive(Clone)]
pub struct Input<'a> {
    /// Name of the cluster.
    pub cluster_name: String,
    /// URL of the Kubernetes API that all machines use, such as `https://10.0.0.10:6443`.
    pub endpoint: String,
    /// Role of the machine.
    pub role: Role,
    /// Which shape the configuration has.
    pub contract: Contract,
    /// Without `v`; empty leaves the images out, so that Talos takes its own defaults.
    pub kubernetes_version: String,
    /// The cluster's secrets.
    pub secrets: &'a Bundle,
    /// Disk to install on; empty leaves it out.
    pub install_disk: String,
    /// Installer image; empty leaves it out.
    pub install_image: String,
    /// Kernel arguments of the installed system, for contracts up to 1.11.
    pub install_extra_kernel_args: Vec<String>,
    /// Wipe the disk at installation.
    pub install_wipe: bool,
    /// Names for the certificates of both the Talos and the Kubernetes API.
    pub cert_sans: Vec<String>,
    /// Domain of services in the cluster.
    pub dns_domain: String,
    /// Let workloads run on control planes.
    pub allow_scheduling_on_control_planes: bool,
    /// Registry host to the URLs of its mirrors.
    pub registry_mirrors: BTreeMap<String, Vec<String>>,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// Port of the API server on control planes where it is not 6443; 0 leaves it out.
    pub local_api_server_port: u16,
    /// Use the discovery service.
    pub discovery: bool,
    /// Port of KubePrism where it is not 7445; 0 turns it off.
    pub kube_prism_port: Option<u16>,
    /// Join the machines by KubeSpan; unset leaves it to Talos.
    pub kube_span: Option<bool>,
    /// Manifest of a network plugin in place of flannel; empty for flannel.
    pub custom_cni: String,
    /// Registry host to PEM text of the authorities that it is trusted by.
    pub registry_authorities: BTreeMap<String, String>,
    /// Registries whose certificates are not checked.
    pub insecure_registries: BTreeSet<String>,
    /// Disks that Talos partitions beside the one it is installed on.
    pub disks: Vec<Disk>,
    /// Verbose logging.
    pub debug: bool,
    /// Keep the configuration over reboots. Talos 1.13 and later always do.
    pub persist: bool,
}

/// A disk that Talos partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Path of the device.
    pub device: String,
    /// In the order in which they are on the disk.
    pub partitions: Vec<Partition>,
}

/// A part of a [`Disk`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Where it appears in the file system.
    pub mountpoint: String,
    /// In bytes; 0 takes what is left.
    pub size: u64,
}

impl<'a> Input<'a> {
    /// An input with Talos's defaults: installation on `/dev/sda`, domain `cluster.local`.
    pub fn new(
        cluster_name: impl Into<String>,
        endpoint: impl Into<String>,
        role: Role,
        contract: Contract,
        kubernetes_version: &str,
        secrets: &'a Bundle,
    ) -> Self {
        Self {
            cluster_name: cluster_name.into(),
            endpoint: endpoint.into(),
            role,
            contract,
            kubernetes_version: kubernetes_version
                .strip_prefix('v')
                .unwrap_or(kubernetes_version)
                .to_owned(),
            secrets,
            install_disk: "/dev/sda".to_owned(),
            install_image: String::new(),
            install_extra_kernel_args: Vec::new(),
            install_wipe: false,
            cert_sans: Vec::new(),
            dns_domain: "cluster.local".to_owned(),
            allow_scheduling_on_control_planes: false,
            registry_mirrors: BTreeMap::new(),
            sysctls: BTreeMap::new(),
            local_api_server_port: 0,
            discovery: true,
            kube_prism_port: None,
            kube_span: None,
            custom_cni: String::new(),
            registry_authorities: BTreeMap::new(),
            insecure_registries: BTreeSet::new(),
            disks: Vec::new(),
            debug: false,
            persist: true,
        }
    }

    /// The port of KubePrism, if it is on.
    pub(super) fn kube_prism(&self) -> Option<u16> {
        match self.kube_prism_port {
            None => Some(KUBE_PRISM_PORT),
            Some(port) => (port > 0).then_some(port),
        }
    }

    /// `repository:vVERSION`, or nothing without a version.
    pub(super) fn image(&self, repository: &str) -> String {
        match self.kubernetes_version.as_str() {
            "" => String::new(),
            version => format!("{repository}:v{version}"),
        }
    }
}
