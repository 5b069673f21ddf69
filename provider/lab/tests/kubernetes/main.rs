//! The real Kubernetes behind the lab's addresses, asked by kubectl. Without the programs the
//! tests say that they were skipped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

mod flux;
mod world;

use std::time::{Duration, Instant};

use lab::cluster::Kubernetes as _;
use serde_json::Value;
use world::{World, have, labels};

const MANIFEST: &str = "
machine: { nodeLabels: { lab.test/colour: green } }
cluster:
  apiServer: { certSANs: [api.lab.test] }
  inlineManifests:
    - name: things
      contents: |
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: inline, namespace: lab }
        data: { from: configuration }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: lab }
";

const OBJECT: &str = "
apiVersion: v1
kind: ConfigMap
metadata: { name: mine, namespace: default }
data: { a: b }
";

/// Waits for something to come true, up to two minutes.
async fn until(what: &str, mut come: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !come().await {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "{what} does not come"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_works_with_the_cluster_of_a_configuration() {
    if !have(&[]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fault = "{ match: { service: kubernetes, method: GET, path: /api/v1/namespaces/default/configmaps/hidden }, effect: error, status: 500, message: broken, times: 1 }";
    let mut world = World::new(folder.path(), MANIFEST, fault);
    world.show(world.view()).await;

    nodes_are_those_of_the_configuration(&world).await;
    objects_are_applied_compared_and_deleted(&world).await;
    who_asks_is_judged_by_the_real_server(&world).await;
    faults_strike_and_the_journal_tells(&world).await;
    labels_follow_the_configuration(&mut world).await;
    workloads_become_ready(&world).await;

    world.restart();
    world.show(world.view()).await;
    let kept = world.get(&["configmap", "mine"]).await;
    assert_eq!(kept["data"]["a"], "b");
}

async fn nodes_are_those_of_the_configuration(world: &World) {
    let nodes = world.get(&["nodes"]).await;
    let by_name = labels(&nodes);
    assert_eq!(by_name.keys().collect::<Vec<_>>(), ["cp01", "wk01"]);
    assert_eq!(by_name["cp01"]["lab.test/colour"], "green");
    assert!(
        by_name["cp01"]
            .get("node-role.kubernetes.io/control-plane")
            .is_some()
    );
    let plane = &nodes["items"][0];
    assert_eq!(plane["status"]["nodeInfo"]["kubeletVersion"], "v1.35.6");
    let taints = plane["spec"]["taints"].as_array().unwrap();
    let own = |taint: &Value| taint["key"] == "node-role.kubernetes.io/control-plane";
    assert!(taints.iter().any(own), "{taints:?}");
    until("readiness of the nodes", async || {
        let shown = world.kubectl("", &["get", "nodes", "--no-headers"]).await;
        shown
            .lines()
            .all(|line| line.split_whitespace().nth(1) == Some("Ready"))
    })
    .await;
    until("the static pods", async || {
        let pods = world
            .get(&["pods", "-n", "kube-system", "-l", "k8s-app=kube-apiserver"])
            .await;
        pods["items"][0]["status"]["phase"] == "Running"
    })
    .await;
    until("the inline manifest", async || {
        let list = world.get(&["configmaps", "-n", "lab"]).await;
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["metadata"]["name"] == "inline")
    })
    .await;
}

async fn objects_are_applied_compared_and_deleted(world: &World) {
    world
        .kubectl(OBJECT, &["apply", "--server-side", "-f", "-"])
        .await;
    let same = world
        .try_kubectl(
            &world.kubeconfig("system:masters"),
            OBJECT,
            &["diff", "--server-side", "-f", "-"],
        )
        .await;
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let other = OBJECT.replace("a: b", "a: c");
    let differs = world
        .try_kubectl(
            &world.kubeconfig("system:masters"),
            &other,
            &["diff", "--server-side", "-f", "-"],
        )
        .await;
    assert_eq!(differs.status.code(), Some(1), "{differs:?}");
    assert!(String::from_utf8_lossy(&differs.stdout).contains("+  a: c"));
    let gone = OBJECT.replace("mine", "passing");
    world
        .kubectl(&gone, &["apply", "--server-side", "-f", "-"])
        .await;
    world.kubectl(&gone, &["delete", "-f", "-"]).await;
    let list = world.get(&["configmaps"]).await;
    assert!(
        !list["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["metadata"]["name"] == "passing")
    );
}

async fn who_asks_is_judged_by_the_real_server(world: &World) {
    let nobody = world
        .try_kubectl(&world.kubeconfig("nobodies"), "", &["get", "nodes"])
        .await;
    let text = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(
        text.contains("Forbidden") && text.contains("somebody"),
        "{text}"
    );
    let stranger = world
        .try_kubectl(&world.strangers_kubeconfig(), "", &["get", "nodes"])
        .await;
    let text = String::from_utf8_lossy(&stranger.stderr).into_owned();
    assert!(
        text.contains("Unauthorized") || text.contains("must be logged in"),
        "{text}"
    );
    until("the service account", async || {
        let accounts = world.get(&["serviceaccounts"]).await;
        !accounts["items"].as_array().unwrap().is_empty()
    })
    .await;
    let token = world.kubectl("", &["create", "token", "default"]).await;
    let named = world
        .try_kubectl(
            &world.token_kubeconfig(token.trim()),
            "",
            &["auth", "whoami", "-o", "json"],
        )
        .await;
    let text = String::from_utf8_lossy(&named.stdout).into_owned();
    assert!(
        text.contains("system:serviceaccount:default:default"),
        "{named:?}"
    );
}

async fn faults_strike_and_the_journal_tells(world: &World) {
    let admin = world.kubeconfig("system:masters");
    let hit = world
        .try_kubectl(&admin, "", &["get", "configmap", "hidden"])
        .await;
    assert!(
        String::from_utf8_lossy(&hit.stderr).contains("broken"),
        "{hit:?}"
    );
    let free = world
        .try_kubectl(&admin, "", &["get", "configmap", "hidden"])
        .await;
    assert!(
        String::from_utf8_lossy(&free.stderr).contains("NotFound"),
        "{free:?}"
    );
    let entries = world.lab.journal.entries();
    let asked: Vec<_> = entries
        .iter()
        .filter(|entry| entry.path.ends_with("/configmaps/hidden"))
        .collect();
    let statuses: Vec<u16> = asked.iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [500, 404]);
    assert_eq!(asked[0].fault.as_deref(), Some("error"));
    assert!(
        asked
            .iter()
            .all(|entry| entry.service == "kubernetes" && entry.node == "cp01" && !entry.write)
    );
    assert!(entries.iter().any(|entry| entry.write
        && entry.method == "PATCH"
        && entry.path.ends_with("/configmaps/mine")));
}

async fn labels_follow_the_configuration(world: &mut World) {
    world.controlplane = world
        .controlplane
        .replace("lab.test/colour: green", "lab.test/shape: round");
    world.clusters.changed(world.view());
    until("the new label", async || {
        let own = labels(&world.get(&["nodes"]).await)["cp01"].clone();
        own["lab.test/shape"] == "round" && own["lab.test/colour"] == Value::Null
    })
    .await;
}

const WORKLOAD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: default }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: 'example.test/web:1' }] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: once, namespace: default }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: once, image: 'example.test/once:1' }] } } }
";

async fn workloads_become_ready(world: &World) {
    world
        .kubectl(WORKLOAD, &["apply", "--server-side", "-f", "-"])
        .await;
    world
        .kubectl(
            "",
            &["rollout", "status", "deployment/web", "--timeout=90s"],
        )
        .await;
    world
        .kubectl(
            "",
            &[
                "wait",
                "--for=condition=Complete",
                "job/once",
                "--timeout=90s",
            ],
        )
        .await;
    world
        .kubectl("", &["delete", "deployment/web", "--timeout=60s"])
        .await;
    until("the end of the pods", async || {
        world.get(&["pods", "-l", "app=web"]).await["items"]
            .as_array()
            .unwrap()
            .is_empty()
    })
    .await;
}

const PLUG_IN: &str = "
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: plug-in, namespace: kube-system }
spec:
  selector: { matchLabels: { app: plug-in } }
  template:
    metadata: { labels: { app: plug-in } }
    spec:
      hostNetwork: true
      tolerations: [{ operator: Exists }]
      containers: [{ name: plug-in, image: 'example.test/plug-in:1' }]
      volumes: [{ name: settings, hostPath: { path: /etc/cni/net.d } }]
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_waits_for_the_network_that_somebody_else_brings() {
    if !have(&[]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(
        folder.path(),
        "cluster: { network: { cni: { name: none } } }",
        "",
    );
    world.clusters.play_network(false);
    world.show(world.view()).await;
    let ready = async || {
        let nodes = world.get(&["node", "cp01"]).await;
        let conditions = nodes["status"]["conditions"].as_array().cloned();
        let mut conditions = conditions.unwrap_or_default().into_iter();
        let ready = conditions.find(|condition| condition["type"] == "Ready");
        ready
            .map(|ready| ready["status"].clone())
            .unwrap_or_default()
    };
    until("the node's first word", async || ready().await == "False").await;
    world
        .kubectl(PLUG_IN, &["apply", "--server-side", "-f", "-"])
        .await;
    until("readiness", async || ready().await == "True").await;
}
