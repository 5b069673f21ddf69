//! Image factory, registry and git host, asked by foreign clients: curl and git. Without them the
//! tests say that they were skipped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use lab::proxmox::server::Authority;
use lab::services::{self, Services, ServicesPart};
use lab::tools::Places;
use lab::world::{Lab, NoMachines, Options, Scenario};
use tempfile::TempDir;

struct World {
    folder: TempDir,
    lab: Arc<Lab>,
    services: Services,
}

/// Whether these programs are there; says so where one is not.
fn have(names: &[&str]) -> bool {
    let tools = Places::from_environment();
    let missing = names.iter().find_map(|name| tools.find(name).err());
    if let Some(problem) = &missing {
        lab::skip::tell(problem);
    }
    missing.is_none()
}

async fn world(faults: &str, source: Option<&Path>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        scenario: Scenario::parse(&format!("faults: [{faults}]")).unwrap(),
        ..Options::default()
    };
    let lab = Lab::new(options, Arc::new(NoMachines)).unwrap();
    let authority = Authority::load(Some(folder.path())).unwrap();
    let part = ServicesPart {
        git_source: source.map(Path::to_owned),
        ..ServicesPart::default()
    };
    let local = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let tools = Places::from_environment();
    let services = services::start(&lab, &authority, folder.path(), &tools, &part, local);
    let services = services.await.unwrap();
    World {
        folder,
        lab,
        services,
    }
}

impl World {
    fn variable(&self, name: &str) -> &str {
        let mut variables = self.services.environment.iter();
        &variables.find(|(own, _)| own == name).unwrap().1
    }

    /// Runs a program in the world's folder; the lab goes on meanwhile.
    async fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        let settings = [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_TERMINAL_PROMPT", "0"),
        ];
        command.envs(settings).output().await.unwrap()
    }

    /// Status and body.
    async fn curl(&self, arguments: &[&str]) -> (String, String) {
        let fixed = ["-sS", "--cacert", "ca.pem", "-w", "\n%{http_code}"];
        let output = self.run("curl", &[&fixed, arguments].concat()).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.to_owned(), body.to_owned())
    }
}

const AGENT: &str =
    "customization: {systemExtensions: {officialExtensions: [siderolabs/qemu-guest-agent]}}";
const AGENT_ID: &str = "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515";

#[tokio::test]
async fn the_factory_takes_schematics_and_gives_images() {
    if !have(&["curl"]) {
        return;
    }
    let fault =
        "{ match: { service: factory, path: /versions }, effect: error, status: 502, times: 1 }";
    let world = world(fault, None).await;
    let base = world.variable("TALOS_IMAGE_FACTORY_URL").to_owned();
    let url = |path: &str| format!("{base}{path}");
    let image = url(&format!("/image/{AGENT_ID}/v1.12.6/nocloud-amd64.iso"));

    assert_eq!(world.curl(&[&image]).await.0, "404");
    let posted = world
        .curl(&["--data-binary", AGENT, &url("/schematics")])
        .await;
    assert_eq!(posted.0, "201");
    assert!(posted.1.contains(AGENT_ID));
    let wrong = world
        .curl(&["--data-binary", "customisation: {}", &url("/schematics")])
        .await;
    assert_eq!(wrong.0, "400");

    let first = world.curl(&["-o", "one", &image]).await;
    let second = world.curl(&["-o", "two", &image]).await;
    assert_eq!((first.0.as_str(), second.0.as_str()), ("200", "200"));
    let read = |name: &str| std::fs::read(world.folder.path().join(name)).unwrap();
    assert_eq!(read("one"), read("two"));
    assert_eq!(read("one").len(), 64 << 10);
    let (status, head) = world.curl(&["-I", &image]).await;
    assert!(
        status == "200" && head.to_ascii_lowercase().contains("content-length: 65536"),
        "{head}"
    );
    assert_eq!(
        world.curl(&[&image.replace("v1.12.6", "v1.99.0")]).await.0,
        "404"
    );

    assert_eq!(world.curl(&[&url("/versions")]).await.0, "502");
    assert!(world.curl(&[&url("/versions")]).await.1.contains("v1.12.6"));
    let extensions = world
        .curl(&[&url("/version/v1.12.6/extensions/official")])
        .await
        .1;
    assert!(extensions.contains("siderolabs/qemu-guest-agent"));
    let entries = world.lab.journal.entries();
    assert!(
        entries
            .iter()
            .any(|entry| entry.service == "factory" && entry.write && entry.status == 201)
    );
}

#[tokio::test]
async fn the_registry_asks_for_a_token_and_gives_the_operators_manifests() {
    if !have(&["curl", "kubectl"]) {
        return;
    }
    if Places::from_environment().assets("flux-operator").is_none() {
        lab::skip::tell("the files of flux-operator are missing: run `cargo xtask tools`");
        return;
    }
    let world = world("", None).await;
    let base = format!("https://{}", world.variable("TALOS_STACK_REGISTRY"));
    let name = "controlplaneio-fluxcd/flux-operator-manifests";
    let manifest = format!("{base}/v2/{name}/manifests/latest");
    let (status, head) = world.curl(&["-I", &manifest]).await;
    assert_eq!(status, "401");
    let scope = format!("scope=\"repository:{name}:pull\"");
    assert!(head.contains(&scope) && head.contains("/token\""), "{head}");
    let login = "Authorization: Bearer anybody";
    let (status, text) = world.curl(&["-H", login, &manifest]).await;
    assert_eq!(status, "200", "{text}");
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        read["layers"][0]["mediaType"],
        "application/vnd.cncf.flux.content.v1.tar+gzip"
    );
    assert_eq!(
        read["config"]["mediaType"],
        "application/vnd.cncf.flux.config.v1+json"
    );
    let layer = format!(
        "{base}/v2/{name}/blobs/{}",
        read["layers"][0]["digest"].as_str().unwrap()
    );
    assert_eq!(
        world.curl(&["-H", login, "-o", "layer", &layer]).await.0,
        "200"
    );
    let listed = world.run("tar", &["tzf", "layer"]).await;
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed
            .lines()
            .any(|line| line == "flux-operator/install.yaml")
    );
    assert!(
        listed.lines().any(|line| line.starts_with("flux/v2.7.5/")),
        "{listed}"
    );
    let install = world
        .run("tar", &["xzOf", "layer", "flux-operator/install.yaml"])
        .await;
    let install = String::from_utf8(install.stdout).unwrap();
    let objects: Vec<serde_json::Value> = serde_saphyr::from_multiple(&install).unwrap();
    assert_eq!(objects.len(), 13);
    assert!(install.contains("image: ghcr.io/controlplaneio-fluxcd/flux-operator:v0.58.1"));
    let unknown = world
        .curl(&["-H", login, &manifest.replace("latest", "v9")])
        .await;
    assert!(unknown.0 == "404" && unknown.1.contains("MANIFEST_UNKNOWN"));
}

#[tokio::test]
async fn git_clones_and_pushes() {
    if !have(&["git"]) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    std::fs::write(source.path().join("a.yaml"), "kind: A\n").unwrap();
    let world = world("", Some(source.path())).await;
    let url = world.variable("TALOS_STACK_GIT_URL").to_owned();
    let clone = world.run("git", &["clone", "--quiet", &url, "clone"]).await;
    assert!(clone.status.success(), "{clone:?}");
    let path = world.folder.path().join("clone");
    assert_eq!(
        std::fs::read_to_string(path.join("a.yaml")).unwrap(),
        "kind: A\n"
    );
    std::fs::write(path.join("a.yaml"), "kind: B\n").unwrap();
    let own = [
        "-C",
        "clone",
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@lab.test",
    ];
    let commit = world
        .run("git", &[&own[..], &["commit", "-qam", "b"]].concat())
        .await;
    assert!(commit.status.success(), "{commit:?}");
    let push = world
        .run("git", &["-C", "clone", "push", "--quiet", "origin", "main"])
        .await;
    assert!(push.status.success(), "{push:?}");
    let unknown = world
        .run("git", &["ls-remote", &url.replace("home-ops", "other")])
        .await;
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("not found"),
        "{unknown:?}"
    );
    let entries = world.lab.journal.entries();
    assert!(
        entries
            .iter()
            .any(|entry| entry.service == "git" && entry.write)
    );
}
