//! A root module of which everything that its runs tell is kept.

use acceptance_tests::roots::Root;
use acceptance_tests::secrecy::Capture;

const PLUGIN: &str = "terraform-provider-talos-stack";

/// A plan as people read it, twice: as it is made and as it is shown.
pub fn plan(capture: &mut Capture, root: &Root<'_>, name: &str) {
    let plan = ["plan", "-no-color", "-input=false", "-out=plan"];
    succeeds(capture, root, name, &plan);
    let show = ["show", "-no-color", "plan"];
    succeeds(capture, root, &format!("{name}, shown"), &show);
}

/// An apply as people read it; whether it went through.
pub fn apply(capture: &mut Capture, root: &Root<'_>, name: &str) -> bool {
    let apply = ["apply", "-no-color", "-input=false", "-auto-approve"];
    run(capture, root, name, &apply)
}

/// What is in state, sensitive values left out.
pub fn state(capture: &mut Capture, root: &Root<'_>, name: &str) {
    let show = ["show", "-no-color"];
    succeeds(capture, root, &format!("{name}, shown"), &show);
    let output = root.command(&["show", "-json"]).output().unwrap();
    let shown = serde_json::from_slice(&output.stdout).unwrap();
    capture.state(name, &shown);
}

/// There was something to look at: plans, a log of writes, the plugin's arguments, messages.
pub fn is_complete(capture: &Capture) {
    capture.holds("plan: output", "talos_machine_apply.node");
    capture.holds("shown: output", "machine_secrets");
    capture.holds("log", "ApplyConfiguration");
    capture.holds("log", "MachineService/Bootstrap");
    capture.holds("log", "[TRACE] provider.terraform-provider-talos-stack");
    capture.holds("arguments", PLUGIN);
    capture.holds("errors", "TS-CONFIG-INVALID");
    capture.holds("errors", "TS-PATCH-REFUSED");
    capture.holds("errors", "TS-CHANGE-REFUSED");
    capture.holds("output", "**REDACTED**");
    capture.holds("state after the second apply", "fingerprints");
}

fn succeeds(capture: &mut Capture, root: &Root<'_>, name: &str, arguments: &[&str]) {
    let ok = run(capture, root, name, arguments);
    assert!(ok, "{name}\n{}", capture.last());
}

fn run(capture: &mut Capture, root: &Root<'_>, name: &str, arguments: &[&str]) -> bool {
    let log = root.folder().join("trace.log");
    let output = capture.run(name, root.command(arguments), &log);
    output.status.success()
}
