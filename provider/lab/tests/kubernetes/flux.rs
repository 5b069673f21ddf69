//! Flux's own operator and controllers, run as pods of the lab.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::proxmox::server::Authority;
use lab::services::{self, ServicesPart};

use crate::until;
use crate::world::{World, have};

const INSTANCE: &str = r#"
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: { name: flux, namespace: flux-system }
spec:
  distribution: { version: "2.7.5", registry: ghcr.io/fluxcd }
  components: [source-controller, kustomize-controller, helm-controller, notification-controller]
  cluster: { type: kubernetes, networkPolicy: false }
  sync: { kind: GitRepository, url: GIT_URL, ref: refs/heads/main, path: GIT_PATH }
  kustomize:
    patches:
      - target: { kind: Kustomization, name: flux-system }
        patch: |
          - op: add
            path: /spec/decryption
            value: { provider: sops, secretRef: { name: sops-age } }
"#;

/// Pulls the operator's manifests with foreign programs, as anybody would.
fn install(registry: &str, ca: &str) -> String {
    let script = format!(
        "set -euo pipefail; c() {{ curl -sSf --cacert {ca} \"$@\"; }}; base=https://{registry}; name=controlplaneio-fluxcd/flux-operator-manifests; \
         token=$(c $base/token | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/'); \
         layer=$(c -H \"Authorization: Bearer $token\" $base/v2/$name/manifests/v0.58.1 | grep -o 'sha256:[0-9a-f]*' | tail -1); \
         c -H \"Authorization: Bearer $token\" $base/v2/$name/blobs/$layer | tar xzO flux-operator/install.yaml"
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_operator_makes_an_instance_ready_and_decrypts() {
    if !have(&[
        "flux-operator",
        "source-controller",
        "kustomize-controller",
        "curl",
        "git",
    ]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(
        folder.path(),
        "cluster: { allowSchedulingOnControlPlanes: true }",
        "",
    );
    let authority = Authority::load(Some(folder.path())).unwrap();
    let local = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let services = services::start(
        &world.lab,
        &authority,
        folder.path(),
        &world.tools,
        &ServicesPart::default(),
        local,
    )
    .await
    .unwrap();
    let variable = |name: &str| {
        services
            .environment
            .iter()
            .find(|(own, _)| own == name)
            .unwrap()
            .1
            .clone()
    };
    world.show(world.view()).await;

    let ca = folder.path().join("ca.pem").display().to_string();
    let registry = variable("TALOS_STACK_REGISTRY");
    let text = tokio::task::spawn_blocking(move || install(&registry, &ca))
        .await
        .unwrap();
    world
        .kubectl(&text, &["apply", "--server-side", "-f", "-"])
        .await;
    world
        .kubectl(
            "",
            &[
                "-n",
                "flux-system",
                "rollout",
                "status",
                "deployment/flux-operator",
                "--timeout=180s",
            ],
        )
        .await;

    let key = variable("SOPS_AGE_KEY_FILE");
    world
        .kubectl(
            "",
            &[
                "-n",
                "flux-system",
                "create",
                "secret",
                "generic",
                "sops-age",
                &format!("--from-file=age.agekey={key}"),
            ],
        )
        .await;
    let instance = INSTANCE
        .replace("GIT_URL", &variable("TALOS_STACK_GIT_URL"))
        .replace("GIT_PATH", &variable("TALOS_STACK_GIT_PATH"));
    world
        .kubectl(&instance, &["apply", "--server-side", "-f", "-"])
        .await;
    world
        .kubectl(
            "",
            &[
                "-n",
                "flux-system",
                "wait",
                "fluxinstance/flux",
                "--for=condition=Ready",
                "--timeout=240s",
            ],
        )
        .await;

    until("the decrypted secret", async || {
        let secrets = world.get(&["secrets"]).await;
        let items = secrets["items"].as_array().unwrap();
        let secret = items
            .iter()
            .find(|item| item["metadata"]["name"] == "lab-secret");
        let value =
            secret.and_then(|secret| STANDARD.decode(secret["data"]["greeting"].as_str()?).ok());
        value.as_deref() == Some(b"the lab keeps a secret")
    })
    .await;
    assert_eq!(
        world.get(&["configmap", "lab-settings"]).await["data"]["cluster"],
        "cluster-101"
    );
    assert!(
        world
            .lab
            .journal
            .entries()
            .iter()
            .any(|entry| entry.service == "registry" && entry.status == 200)
    );

    a_killed_operator_is_not_ready_and_comes_back(&world).await;
    world
        .kubectl(
            "",
            &[
                "-n",
                "flux-system",
                "delete",
                "fluxinstance/flux",
                "--timeout=120s",
            ],
        )
        .await;
    until("the end of the controllers", async || {
        let pods = world
            .get(&["pods", "-n", "flux-system", "-l", "app=source-controller"])
            .await;
        pods["items"].as_array().unwrap().is_empty()
    })
    .await;
}

async fn a_killed_operator_is_not_ready_and_comes_back(world: &World) {
    let restarts = async || {
        let pods = world
            .get(&[
                "pods",
                "-n",
                "flux-system",
                "-l",
                "app.kubernetes.io/name=flux-operator",
            ])
            .await;
        let status = &pods["items"][0]["status"]["containerStatuses"][0];
        (
            status["restartCount"].as_u64().unwrap(),
            status["ready"].as_bool().unwrap(),
        )
    };
    assert_eq!(restarts().await, (0, true));
    let process = process_of(&world.folder.display().to_string(), "flux-operator").unwrap();
    Command::new("kill")
        .args(["-KILL", &process.to_string()])
        .status()
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    until("the restart", async || {
        let (count, ready) = restarts().await;
        count > 0 && ready
    })
    .await;
}

/// The process of a program that was started with a file of this folder.
fn process_of(folder: &str, program: &str) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.find(|number| {
        let file = |name: &str| std::fs::read(format!("/proc/{number}/{name}")).unwrap_or_default();
        let executable = std::fs::read_link(format!("/proc/{number}/exe")).unwrap_or_default();
        let named = executable
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(program));
        named && String::from_utf8_lossy(&file("environ")).contains(&format!("KUBECONFIG={folder}"))
    })
}
