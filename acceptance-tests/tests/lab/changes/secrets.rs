//! No secret of the run is in what people and logs got to see.

use std::fs;

use acceptance_tests::secrecy::{Capture, Scanner, secrets_in};
use acceptance_tests::stages::Stage;

use super::bench::Bench;

const OUTPUTS: &str = "../../../modules/bootstrap/outputs.tf";

/// Gives a secret away.
const PLANTED: &str = "
output \"given_away\" {
  value = nonsensitive(var.machine_secrets.trustdinfo.token)
}
";

/// Nothing told a secret, and whoever looks for them finds one that is planted.
pub fn are_kept(bench: Bench) {
    bench.steps.tell("looking for secrets");
    for stage in bench.rehearsal.tree.stages() {
        state(&bench, stage);
    }
    let scanner = scanner(&bench);
    {
        let capture = bench.capture.borrow();
        is_complete(&capture);
        let told = format!(
            "{} secrets, {} texts",
            scanner.count(),
            capture.texts().len()
        );
        bench.steps.tell(&told);
        capture.keeps(&scanner);
    }
    scanner.proves_itself();
    planted(bench, &scanner);
}

/// What the state of a stage shows to everybody.
fn state(bench: &Bench, stage: Stage) {
    let name = format!("state of {}", stage.name());
    let shown = bench.told(&name, bench.rehearsal.command(stage, &["show"]));
    assert!(shown.status.success(), "{}", bench.last());
    // Not kept: this one is for programs and says everything.
    let output = bench.rehearsal.run(stage, &["show", "-json"]).unwrap();
    let values = serde_json::from_slice(&output.stdout).unwrap();
    bench.capture.borrow_mut().state(&name, &values);
}

/// Everything secret: keys and tokens of the cluster, the kubeconfig's key, the API token, the age key.
fn scanner(bench: &Bench) -> Scanner {
    let (tree, lab) = (&bench.rehearsal.tree, &bench.rehearsal.lab);
    let token = lab.variable("PROXMOX_VE_API_TOKEN").unwrap();
    let (_, token) = token.split_once('=').unwrap();
    let age = fs::read_to_string(lab.variable("SOPS_AGE_KEY_FILE").unwrap()).unwrap();
    let mut age = age
        .lines()
        .filter(|line| line.starts_with("AGE-SECRET-KEY-"));
    let more = [("API token", token), ("age key", age.next().unwrap())];
    let stages =
        [Stage::Secrets, Stage::Bootstrap].map(|stage| secrets_in(&tree.state(stage).unwrap()));
    let more = more.map(|(name, text)| (name.to_owned(), text.to_owned()));
    Scanner::new(stages.into_iter().flatten().chain(more))
}

/// There was something to look at, from bare hosts to Flux.
fn is_complete(capture: &Capture) {
    for resource in [
        "proxmox_talos_vm.node",
        "talos_machine_apply.node",
        "flux_instance.this",
    ] {
        capture.holds("first apply: output", resource);
    }
    for call in [
        "ApplyConfiguration",
        "MachineService/Bootstrap",
        "/qemu",
        "fluxinstances",
    ] {
        capture.holds("first apply: log", call);
    }
    capture.holds("log", "[TRACE] provider.terraform-provider-talos-stack");
    capture.holds("arguments", "terraform-provider-talos-stack");
    capture.holds("errors", "TS-VM-DISK-SHRINK");
    capture.holds("plan of patch: output", "machine.sysctls");
    capture.holds("state of flux-instance", "sync_path");
}

fn planted(bench: Bench, scanner: &Scanner) {
    let tree = &bench.rehearsal.tree;
    let outputs = tree.read(OUTPUTS).unwrap();
    tree.write(OUTPUTS, &format!("{outputs}{PLANTED}")).unwrap();
    bench.capture.take();
    let plan = bench.plan(Stage::Bootstrap);
    assert_eq!(plan.code, 2, "{}", plan.text);
    bench.capture.borrow().betrays("plan of bootstrap", scanner);
    bench.apply(Stage::Bootstrap);
    state(&bench, Stage::Bootstrap);
    let capture = bench.capture.borrow();
    capture.betrays("apply of bootstrap", scanner);
    capture.betrays("state of bootstrap", scanner);
}
