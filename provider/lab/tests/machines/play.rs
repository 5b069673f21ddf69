//! Machines of a scenario, played fast on this machine's loopback.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::cluster::{ClusterView, Etcd, Kubernetes, NodeView};
use lab::talos::{Fleet, NoAddresses, Settings};
use lab::world::{Lab, Options, Pace, Scenario};
use proto_talos::cosi::resource::GetRequest;
use proto_talos::machine as api;
use proto_talos::machine::apply_configuration_request::Mode;

use tokio::sync::watch;

use crate::client::{Authority, Wire, dial, insecure, machine, state};

/// A Kubernetes that is well wherever a member of etcd has a vote.
struct Well(watch::Sender<BTreeMap<String, NodeView>>);

impl Default for Well {
    fn default() -> Self {
        Self(watch::channel(BTreeMap::new()).0)
    }
}

impl Kubernetes for Well {
    fn changed(&self, cluster: ClusterView) {
        let serves = |etcd| etcd == Etcd::Voter;
        let any = cluster.machines.iter().any(|one| serves(one.etcd));
        let nodes = cluster.machines.into_iter().map(|machine| {
            let plane = machine.control_plane && serves(machine.etcd);
            let node = NodeView {
                api_server: plane,
                controller_manager: plane,
                scheduler: plane,
                registered: any && machine.kubelet,
                ready: any && machine.kubelet,
            };
            (machine.uuid, node)
        });
        self.0.send_replace(nodes.collect());
    }

    fn nodes(&self) -> watch::Receiver<BTreeMap<String, NodeView>> {
        self.0.subscribe()
    }
}

/// Machines with their lab.
pub struct Bench {
    pub lab: Arc<Lab>,
    pub fleet: Arc<Fleet>,
    pub authority: Authority,
    pub addresses: Vec<IpAddr>,
}

impl Bench {
    /// Machines at 127.60.`net`.1 and on; `faults` is YAML.
    pub fn new(net: u8, count: u8, faults: &str) -> Self {
        let machine = |number| {
            format!(
                "    - {{ name: m{number}, addresses: [127.60.{net}.{number}/24], disks: [{{ device: /dev/sda, size_gib: 40 }}], stage: maintenance }}\n"
            )
        };
        let machines: String = (1..=count).map(machine).collect();
        let text = format!(
            "world:\n  talos_version: v1.12.6\n  machines:\n{machines}faults: [{faults}]\n"
        );
        let scenario = Scenario::parse(&text).unwrap();
        let fleet = Fleet::new(Settings {
            world: scenario.world.clone(),
            seed: 1,
            folder: None,
            kubernetes: Some(Arc::new(Well::default())),
            addresses: Arc::new(NoAddresses),
        })
        .unwrap();
        let options = Options {
            pace: Pace::Auto(50.0),
            scenario,
            ..Options::default()
        };
        let lab = Lab::new(options, Arc::clone(&fleet) as _).unwrap();
        tokio::spawn(Arc::clone(&lab).run());
        fleet.attach(&lab);
        let addresses = (1..=count).map(|number| IpAddr::from([127, 60, net, number]));
        Self {
            lab,
            fleet,
            authority: Authority::new(),
            addresses: addresses.collect(),
        }
    }

    /// A configuration for the machine of this number.
    pub fn config(&self, number: usize, kind: &str) -> String {
        let address = self.addresses[number];
        let key = match kind {
            "worker" => String::new(),
            _ => format!("    key: {}\n", STANDARD.encode(&self.authority.key)),
        };
        format!(
            "version: v1alpha1\nmachine:\n  type: {kind}\n  token: abc\n  ca:\n    crt: {}\n{key}  install:\n    disk: /dev/sda\n  network:\n    hostname: node{}\n    interfaces:\n      - interface: eth0\n        addresses: [{address}/24]\ncluster:\n  id: one\n  secret: s\n  clusterName: lab\n  controlPlane:\n    endpoint: https://{}:6443\n  discovery:\n    enabled: true\n",
            STANDARD.encode(&self.authority.certificate),
            number + 1,
            self.addresses[0]
        )
    }

    /// A connection with a role, as soon as the machine lets it in.
    pub async fn wire(&self, number: usize, role: &str) -> Wire {
        let address = self.addresses[number];
        until(|| async { dial(address, self.authority.tls(role)).await.ok() }).await
    }

    /// A connection to a machine in maintenance mode.
    pub async fn maintenance(&self, number: usize) -> Wire {
        let address = self.addresses[number];
        until(|| async {
            let wire = dial(address, insecure()).await.ok()?;
            let found = stage(&wire).await?;
            (found == "maintenance").then_some(wire)
        })
        .await
    }

    /// Configures all machines, the first `planes` of them as control planes, and waits until
    /// they have come back from their installation.
    pub async fn configured(&self, planes: usize) {
        for number in 0..self.addresses.len() {
            let wire = self.maintenance(number).await;
            let kind = if number < planes {
                "controlplane"
            } else {
                "worker"
            };
            let config = self.config(number, kind);
            apply(&wire, &config, Mode::Auto, false).await.unwrap();
        }
        for number in 0..self.addresses.len() {
            let address = self.addresses[number];
            until(|| async {
                let wire = dial(address, self.authority.tls("os:admin")).await.ok()?;
                let answer = machine(&wire).service_list(()).await.ok()?.into_inner();
                let cri = answer.messages[0]
                    .services
                    .iter()
                    .find(|one| one.id == "cri")?;
                (cri.state == "Running").then_some(())
            })
            .await;
        }
    }

    /// A cluster of control planes, all of them voters.
    pub async fn bootstrapped(&self) {
        self.configured(self.addresses.len()).await;
        let wire = self.wire(0, "os:admin").await;
        machine(&wire)
            .bootstrap(api::BootstrapRequest::default())
            .await
            .unwrap();
        let count = self.addresses.len();
        until(|| async {
            let request = api::EtcdMemberListRequest::default();
            let answer = machine(&wire)
                .etcd_member_list(request)
                .await
                .ok()?
                .into_inner();
            let members = &answer.messages[0].members;
            let voters = members.iter().filter(|member| !member.is_learner);
            (voters.count() == count).then_some(())
        })
        .await;
    }
}

/// Waits for something, but not for ever.
pub async fn until<T, F>(mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it never came to pass"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn apply(
    wire: &Wire,
    config: &str,
    mode: Mode,
    dry_run: bool,
) -> Result<api::ApplyConfiguration, tonic::Status> {
    let request = api::ApplyConfigurationRequest {
        data: config.as_bytes().to_vec(),
        mode: i32::from(mode),
        dry_run,
        try_mode_timeout: None,
    };
    let answer = machine(wire).apply_configuration(request).await?;
    Ok(answer.into_inner().messages.remove(0))
}

/// A resource's text.
pub async fn resource(
    wire: &Wire,
    namespace: &str,
    kind: &str,
    id: &str,
) -> Result<String, tonic::Status> {
    let request = GetRequest {
        namespace: namespace.to_owned(),
        r#type: kind.to_owned(),
        id: id.to_owned(),
        options: None,
    };
    let answer = state(wire).get(request).await?.into_inner();
    Ok(answer.resource.unwrap().spec.unwrap().yaml_spec)
}

/// The stage that a machine tells.
pub async fn stage(wire: &Wire) -> Option<String> {
    let kind = "MachineStatuses.runtime.talos.dev";
    let text = resource(wire, "runtime", kind, "machine").await.ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("stage: "))?;
    Some(line.to_owned())
}
