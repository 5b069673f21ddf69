//! A large configuration, full of signs that templates and shells take for theirs, reaches the machines as it was written.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use acceptance_tests::progress::Stderr;
use acceptance_tests::skip;
use acceptance_tests::stages::{Runner, Stage};
use acceptance_tests::talosctl::until;
use acceptance_tests::worlds::World;
use serde_json::Value;

const ADDRESSES: [&str; 3] = ["10.5.0.11", "10.5.0.12", "10.5.0.13"];
const LIMIT: Duration = Duration::from_secs(120);
const MANIFEST: usize = 85_000;
const CONFIGURATION: usize = 110_000;

/// One rack of three machines at a time.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn a_large_configuration_reaches_a_running_cluster_unchanged() {
    if skip::unless_machines_run("a_large_configuration_reaches_a_running_cluster_unchanged") {
        return;
    }
    let _turn = TURN.lock();
    let world = World::cluster(Runner::current(&mut Stderr).unwrap()).unwrap();
    let text = bring(&world);
    // Talos reads it, Kubernetes stores it: nobody on the way took a sign for something else.
    let talosctl = world.talosctl().unwrap();
    let arguments = [
        "-n",
        "kube-system",
        "get",
        "configmap",
        "large",
        "-o",
        "json",
    ];
    let stored = until(LIMIT, || talosctl.kubectl(&arguments), |_| true).unwrap();
    let stored: Value = serde_json::from_str(&stored).unwrap();
    let stored = stored["data"]["text"].as_str().unwrap();
    let differs = stored
        .lines()
        .zip(text.lines())
        .find(|(stored, line)| stored != line);
    assert_eq!(differs, None);
    assert_eq!(stored.len(), text.len());
}

#[test]
fn a_large_configuration_passes_through_the_former_terragrunt() {
    if skip::unless_machines_run("a_large_configuration_passes_through_the_former_terragrunt") {
        return;
    }
    let _turn = TURN.lock();
    let world = World::machines(Runner::former(&mut Stderr).unwrap()).unwrap();
    world
        .expect(Stage::Secrets, &["apply", "-auto-approve"])
        .unwrap();
    bring(&world);
}

/// Brings the configuration through the stages and compares what machines hold with what was rendered; the text in it.
fn bring(world: &World) -> String {
    let text = text(MANIFEST);
    // Something follows the text: Talos takes the last line break off a manifest.
    let manifest = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: large\n  namespace: kube-system\ndata:\n  text: |\n{}  zz: end\n",
        indented(&text, 4)
    );
    let layer = format!(
        "cluster:\n  inlineManifests:\n    - name: large\n      contents: |\n{}    - name: more\n      contents: |\n{}",
        indented(&manifest, 8),
        indented(
            &format!("# {}\n", text.get(..20_000).unwrap().replace('\n', "\n# ")),
            8
        ),
    );
    let file = world
        .tree
        .stage(Stage::Config)
        .join("layers/controlplane.yaml");
    fs::write(file, layer).unwrap();

    for stage in [Stage::Config, Stage::Apply, Stage::Patch] {
        world.expect(stage, &["apply", "-auto-approve"]).unwrap();
    }
    let rendered =
        unpacked(&world.output(Stage::Config, "machine_config_bases").unwrap()["controlplane"]);
    assert!(rendered.len() >= CONFIGURATION, "{}", rendered.len());
    let unindented: String = rendered
        .lines()
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    assert!(
        unindented.contains(&text),
        "the rendered configuration has another text"
    );
    for address in ADDRESSES {
        let held = world.held(address).unwrap().text;
        // The host name is a matter of each machine's own patch.
        let base = rendered
            .split("---\n")
            .filter(|text| !text.contains("kind: HostnameConfig"));
        for document in base {
            assert!(held.contains(document), "{address} holds another text");
        }
    }
    let again = world.plan(Stage::Apply).unwrap();
    assert_eq!(again.code, 0, "{}", again.text);
    text
}

/// Lines of signs that mean something to terragrunt, to core and to shells, and of noise that does not compress.
fn text(length: usize) -> String {
    let mut text = String::new();
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    while text.len() < length {
        let mut line = String::from(
            r#"price='$5' ${HOME} $${twice} %{ if true }"yes"%{ endif } %%{x} `date` $(id) \n \" # | > : "#,
        );
        for _ in 0..4 {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            write!(line, "{noise:016x}").unwrap();
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn indented(text: &str, by: usize) -> String {
    text.lines()
        .map(|line| format!("{}{line}\n", " ".repeat(by)))
        .collect()
}

/// Text of what `base64gzip` made.
fn unpacked(packed: &Value) -> String {
    let mut shell = Command::new("sh")
        .args(["-c", "base64 --decode | gzip --decompress"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let packed = packed.as_str().unwrap().to_owned();
    let mut input = shell.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(packed.as_bytes()));
    let output = shell.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
