//! Plays the kubelets of a cluster: pods become ready, and a few of them really run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::Api;
use super::images::{Program, plain_variables};
use super::plane::kubeconfig;
use super::pods::Told;
use super::status::{Container, Doing, Place, status};
use crate::faults::{Effect, Seen};
use crate::listen::Book;
use crate::process::{Backoff, Process, Spec};
use crate::tools::Places;

/// The kubelets of all nodes that run.
pub(super) struct Kubelet {
    pub api: Api,
    pub book: Book,
    pub tools: Arc<Places>,
    /// Where programs keep their files.
    pub folder: PathBuf,
    /// PEM of the cluster's authority.
    pub authority: String,
    /// The subnets that pods have addresses from.
    pub subnets: Vec<String>,
    nodes: BTreeMap<String, Vec<IpAddr>>,
    pods: BTreeMap<String, Value>,
    programs: BTreeMap<String, Vec<Running>>,
    /// What was told of each pod last.
    told: BTreeMap<String, Vec<Container>>,
}

/// A container whose program runs on this machine.
struct Running {
    name: String,
    health: u16,
    process: Result<Process, String>,
}

impl Kubelet {
    pub(super) fn new(
        api: Api,
        book: Book,
        tools: Arc<Places>,
        folder: PathBuf,
        authority: String,
        subnets: Vec<String>,
    ) -> Self {
        Self {
            api,
            book,
            tools,
            folder,
            authority,
            subnets,
            nodes: BTreeMap::new(),
            pods: BTreeMap::new(),
            programs: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Nodes that run, with their addresses. Programs on others end at once.
    pub(super) fn set_nodes(&mut self, nodes: BTreeMap<String, Vec<IpAddr>>) {
        self.nodes = nodes;
        let (nodes, pods) = (&self.nodes, &self.pods);
        let alive = |uid: &String| {
            pods.get(uid)
                .is_some_and(|pod| nodes.contains_key(node_of(pod)))
        };
        self.programs.retain(|uid, _| alive(uid));
        self.told.retain(|uid, _| alive(uid));
    }

    /// Takes up what happened to pods.
    pub(super) async fn hear(&mut self, told: Told) {
        match told {
            Told::All(pods) => {
                self.pods = pods.into_iter().map(|pod| (uid_of(&pod), pod)).collect();
                let known: BTreeSet<&String> = self.pods.keys().collect();
                self.programs.retain(|uid, _| known.contains(uid));
                self.told.retain(|uid, _| known.contains(uid));
                self.look_after_all().await;
            }
            Told::Is(pod) => {
                let uid = uid_of(&pod);
                self.pods.insert(uid.clone(), pod);
                self.look_after(&uid).await;
            }
            Told::Gone(pod) => {
                let uid = uid_of(&pod);
                self.pods.remove(&uid);
                self.programs.remove(&uid);
                self.told.remove(&uid);
            }
        }
    }

    /// Looks after every pod: programs may have ended, nodes may have come.
    pub(super) async fn look_after_all(&mut self) {
        let all: Vec<String> = self.pods.keys().cloned().collect();
        for uid in all {
            self.look_after(&uid).await;
        }
    }

    /// Whether the pods of a node have a network: a pod there brings one, that is, it may write to
    /// the folders of CNI plug-ins.
    pub(super) fn has_network(&self, node: &str) -> bool {
        self.pods
            .values()
            .filter(|pod| node_of(pod) == node)
            .any(brings_network)
    }

    async fn look_after(&mut self, uid: &str) {
        let Some(pod) = self.pods.get(uid).cloned() else {
            return;
        };
        let Some(addresses) = self.nodes.get(node_of(&pod)).cloned() else {
            return;
        };
        if pod["metadata"]["deletionTimestamp"].is_string() {
            self.programs.remove(uid);
            self.told.remove(uid);
            self.remove(&pod).await;
            return;
        }
        if ["Succeeded", "Failed"]
            .iter()
            .any(|phase| pod["status"]["phase"] == *phase)
        {
            return;
        }
        let containers = self.containers(uid, &pod).await;
        if self.told.get(uid) == Some(&containers) && pod["status"]["containerStatuses"].is_array()
        {
            return;
        }
        let status = status(&pod, &containers, &self.place(uid, &pod, addresses));
        let path = format!("{}/status", path_of(&pod));
        // The next look tells again what could not be told now.
        if self
            .api
            .merge(&path, &json!({ "status": status }))
            .await
            .is_ok()
        {
            self.told.insert(uid.to_owned(), containers);
        }
    }

    /// A pod that is to end is gone as soon as its programs are.
    async fn remove(&self, pod: &Value) {
        let options = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": { "uid": pod["metadata"]["uid"] } });
        // The next look removes what could not be removed now.
        let _ = self
            .api
            .send("DELETE", &path_of(pod), "application/json", Some(&options))
            .await;
    }

    fn place(&self, uid: &str, pod: &Value, host: Vec<IpAddr>) -> Place {
        let own = match pod["spec"]["hostNetwork"] == true {
            true => host.clone(),
            false => self
                .subnets
                .iter()
                .filter_map(|subnet| address_in(subnet, uid))
                .collect(),
        };
        Place { host, pod: own }
    }

    async fn containers(&mut self, uid: &str, pod: &Value) -> Vec<Container> {
        let specs = pod["spec"]["containers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let real = specs.iter().any(|spec| program_of(spec).is_some())
            && pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null();
        // What could not be prepared is tried again: an account or a program may come later.
        let prepared =
            |programs: &Vec<Running>| programs.iter().all(|running| running.process.is_ok());
        if real && !self.programs.get(uid).is_some_and(prepared) {
            let started = self.start(uid, pod, &specs).await;
            self.programs.insert(uid.to_owned(), started);
        }
        let ends = pod["metadata"]["ownerReferences"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|owner| owner["kind"] == "Job");
        let running = self.programs.get(uid);
        let mut containers = Vec::new();
        for spec in &specs {
            let (name, image) = (text(&spec["name"]), text(&spec["image"]));
            let own = running
                .into_iter()
                .flatten()
                .find(|running| running.name == name);
            let (doing, restarts, ended) = match own {
                Some(running) => running.look().await,
                None if ends => (Doing::Done, 0, None),
                None => (Doing::Ready, 0, None),
            };
            containers.push(Container {
                name,
                image,
                doing,
                restarts,
                ended,
            });
        }
        containers
    }

    /// Starts the programs of a pod.
    async fn start(&self, uid: &str, pod: &Value, specs: &[Value]) -> Vec<Running> {
        let mut started = Vec::new();
        for spec in specs {
            let Some(program) = program_of(spec) else {
                continue;
            };
            let prepared = self.prepare(uid, pod, spec, program).await;
            let (process, health) = match prepared {
                Ok((spec, health)) => (Ok(self.keep(pod, spec)), health),
                Err(problem) => (Err(problem), 0),
            };
            started.push(Running {
                name: text(&spec["name"]),
                health,
                process,
            });
        }
        started
    }

    async fn prepare(
        &self,
        uid: &str,
        pod: &Value,
        container: &Value,
        program: Program,
    ) -> Result<(Spec, u16), String> {
        let folder = self.folder.join(uid);
        let failed = |error: std::io::Error| format!("cannot use {}: {error}", folder.display());
        for name in ["storage", "tmp"] {
            fs::create_dir_all(folder.join(name)).map_err(failed)?;
        }
        let namespace = text(&pod["metadata"]["namespace"]);
        let token = self.token(&namespace, pod).await?;
        let config = kubeconfig(
            self.api.address,
            &self.authority,
            &[("token", token.as_str())],
        );
        fs::write(folder.join("kubeconfig"), config).map_err(failed)?;
        let ports = [
            super::plane::free_port()?,
            super::plane::free_port()?,
            super::plane::free_port()?,
        ];
        let mut environment = plain_variables(container);
        environment.extend(program.environment(&namespace, &folder));
        let spec = Spec {
            name: program.name().to_owned(),
            program: self.tools.find(program.name())?,
            arguments: program.arguments(&folder, ports, container, &self.tools)?,
            environment,
            log: self.folder.join(format!("{}.log", program.name())),
        };
        Ok((spec, ports[1]))
    }

    /// A token of the pod's service account, good for a year.
    async fn token(&self, namespace: &str, pod: &Value) -> Result<String, String> {
        let account = pod["spec"]["serviceAccountName"]
            .as_str()
            .unwrap_or("default");
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": { "expirationSeconds": 31_536_000 } });
        let answer = self
            .api
            .send("POST", &path, "application/json", Some(&request))
            .await?
            .good()?;
        Ok(text(&answer["status"]["token"]))
    }

    /// Keeps a program running as a kubelet does. A fault on `RUN` with the path
    /// `/NAMESPACE/POD/PROGRAM` keeps it from starting.
    fn keep(&self, pod: &Value, spec: Spec) -> Process {
        let book = self.book.clone();
        let path = format!(
            "/{}/{}/{}",
            text(&pod["metadata"]["namespace"]),
            text(&pod["metadata"]["name"]),
            spec.name
        );
        let node = node_of(pod).to_owned();
        let allowed = move || {
            let seen = Seen {
                service: "kubernetes",
                method: "RUN",
                path: &path,
                node: &node,
            };
            let fault = book.strike(seen);
            let kept = fault.as_ref().filter(|fault| fault.effect != Effect::Delay);
            book.note(seen, 0, false, fault.as_ref());
            kept.is_none()
        };
        Process::keep(spec, Backoff::KUBELET, allowed)
    }
}

impl Running {
    /// What it does, how often it was started again, how it ended.
    async fn look(&self) -> (Doing, u32, Option<i32>) {
        let process = match &self.process {
            Ok(process) => process,
            Err(problem) => return (Doing::Waiting("ErrImagePull", problem.clone()), 0, None),
        };
        let state = process.state();
        let doing = match (state.process, state.ended) {
            (Some(_), _) if answers(self.health).await => Doing::Ready,
            (Some(_), _) | (None, 0) => Doing::Starting,
            (None, _) => {
                let message = format!("back-off restarting failed container {}", self.name);
                Doing::Waiting("CrashLoopBackOff", message)
            }
        };
        (doing, state.ended, state.status)
    }
}

/// Whether a program says at `/readyz` that it is ready.
async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)))
            .await
            .ok()?;
        stream
            .write_all(b"GET /readyz HTTP/1.0\r\n\r\n")
            .await
            .ok()?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.ok()?;
        Some(answer.ends_with(b"200"))
    };
    let answer = tokio::time::timeout(Duration::from_secs(1), ask).await;
    answer.ok().flatten().unwrap_or(false)
}

fn program_of(container: &Value) -> Option<Program> {
    Program::of(container["image"].as_str()?)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn uid_of(pod: &Value) -> String {
    text(&pod["metadata"]["uid"])
}

fn node_of(pod: &Value) -> &str {
    pod["spec"]["nodeName"].as_str().unwrap_or_default()
}

fn path_of(pod: &Value) -> String {
    format!(
        "/api/v1/namespaces/{}/pods/{}",
        text(&pod["metadata"]["namespace"]),
        text(&pod["metadata"]["name"])
    )
}

/// Whether a pod mounts a folder of the host in which CNI plug-ins are looked for.
fn brings_network(pod: &Value) -> bool {
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let mut folders = volumes.filter_map(|volume| volume["hostPath"]["path"].as_str());
    folders.any(|folder| folder.starts_with("/etc/cni") || folder.starts_with("/opt/cni"))
}

/// An address of a subnet, always the same for a pod.
fn address_in(subnet: &str, uid: &str) -> Option<IpAddr> {
    let (base, _) = subnet.split_once('/')?;
    let sum = uid.bytes().fold(7_u16, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u16::from(byte))
    });
    let last = sum | 2;
    Some(match base.parse().ok()? {
        IpAddr::V4(base) => IpAddr::V4((u32::from(base) | u32::from(last)).into()),
        IpAddr::V6(base) => IpAddr::V6((u128::from(base) | u128::from(last)).into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_has_an_address_of_each_family() {
        let addresses = ["10.244.0.0/16", "fd00:101:44::/60"]
            .map(|subnet| address_in(subnet, "0-1-2").unwrap());
        assert!(addresses[0].to_string().starts_with("10.244."));
        assert!(addresses[1].to_string().starts_with("fd00:101:44::"));
        assert_eq!(Some(addresses[0]), address_in("10.244.0.0/16", "0-1-2"));
    }

    #[test]
    fn a_pod_that_installs_plug_ins_brings_the_network() {
        let pod = |path: &str| json!({ "spec": { "volumes": [{ "name": "a", "emptyDir": {} }, { "hostPath": { "path": path } }] } });
        assert!(brings_network(&pod("/etc/cni/net.d")));
        assert!(brings_network(&pod("/opt/cni/bin")));
        assert!(!brings_network(&pod("/var/log")));
    }
}
