//! Patches come and go on real machines, beside a base that changes and people who change things by hand.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use acceptance_tests::progress::{Stderr, Steps};
use acceptance_tests::skip;
use acceptance_tests::stages::{Planned, Runner, Stage};
use acceptance_tests::talosctl::{Held, writes};
use acceptance_tests::worlds::World;

const ADDRESSES: [&str; 3] = ["10.5.0.11", "10.5.0.12", "10.5.0.13"];

/// The base's layer that all machines have in common.
const LAYER: &str = "config/layers/all.yaml";

/// A sysctl of the base that patches override.
const OVERRIDDEN: &str = "net.ipv4.tcp_keepalive_time";
/// Of the base, too; a patch deletes it.
const DELETED: &str = "net.ipv4.tcp_keepalive_intvl";
/// Set by patches.
const PATCHED: &str = "net.core.somaxconn";
/// Comes into the base while patches are on.
const LATE: &str = "net.ipv4.tcp_keepalive_probes";

#[test]
fn patches_come_and_go_without_a_trace() {
    if skip::unless_machines_run("patches_come_and_go_without_a_trace") {
        return;
    }
    let bench = Bench::new();
    bench.base(&[(OVERRIDDEN, "600"), (DELETED, "60")]);
    bench.bring_base(&ADDRESSES, &[OVERRIDDEN, DELETED]);
    let before = bench.held();

    bench.steps.tell("a label on one machine");
    bench.set("nodes/realcp02", "machine:\n  nodeLabels:\n    rack: b2\n");
    bench.patches(&[1], &[("machine.nodeLabels.rack", "(none) -> b2")]);
    bench
        .steps
        .tell("a sysctl on all, one of the base overridden");
    bench.set("all", &sysctls(&[(PATCHED, "8192"), (OVERRIDDEN, "900")]));
    let here = format!("machine.sysctls[\"{PATCHED}\"]");
    let there = format!("machine.sysctls[\"{OVERRIDDEN}\"]");
    bench.patches(
        &[0, 1, 2],
        &[(&here, "(none) -> 8192"), (&there, "600 -> 900")],
    );
    bench
        .steps
        .tell("a document and a setting of the base deleted");
    bench.set("nodes/realcp03", DELETIONS);
    bench.patches(
        &[2],
        &[
            ("RegistryMirrorConfig/ghcr.io", "-> (none)"),
            (DELETED, "60 -> (none)"),
        ],
    );

    bench.steps.tell("the base changes while patches are on");
    bench.base(&[(OVERRIDDEN, "600"), (DELETED, "60"), (LATE, "7")]);
    bench.bring_base(&ADDRESSES, &[LATE]);
    for (index, held) in bench.held().iter().enumerate() {
        for line in [
            format!("{LATE}: \"7\""),
            format!("{PATCHED}: \"8192\""),
            format!("{OVERRIDDEN}: \"900\""),
        ] {
            assert!(held.text.contains(&line), "{line}\n{}", held.text);
        }
        assert_eq!(held.text.contains("rack: b2"), index == 1);
        assert_eq!(held.text.contains("name: ghcr.io"), index != 2);
    }
    bench.base(&[(OVERRIDDEN, "600"), (DELETED, "60")]);
    bench.bring_base(&ADDRESSES, &[LATE]);

    bench.steps.tell("each is taken away again");
    bench.unset("nodes/realcp02");
    bench.patches(&[1], &[("machine.nodeLabels.rack", "b2 -> (none)")]);
    bench.unset("nodes/realcp03");
    bench.patches(
        &[2],
        &[
            ("RegistryMirrorConfig/ghcr.io", "(none) ->"),
            (DELETED, "(none) -> 60"),
        ],
    );
    bench.unset("all");
    bench.patches(
        &[0, 1, 2],
        &[(&here, "8192 -> (none)"), (&there, "900 -> 600")],
    );
    for (before, after) in before.iter().zip(bench.held()) {
        assert_eq!(before.text, after.text);
    }

    by_hand(&bench);
}

/// Somebody else changes what the base sets and what a patch sets.
fn by_hand(bench: &Bench) {
    bench.steps.tell("somebody changes sysctls by hand");
    bench.set("all", &sysctls(&[(PATCHED, "8192")]));
    bench.patches(&[0, 1, 2], &[(PATCHED, "(none) -> 8192")]);
    let change =
        format!(r#"{{"machine":{{"sysctls":{{"{OVERRIDDEN}":"1200","{PATCHED}":"9999"}}}}}}"#);
    let talosctl = bench.world.talosctl().unwrap();
    let patch = [
        "patch",
        "machineconfig",
        "--mode",
        "no-reboot",
        "--patch",
        &change,
    ];
    talosctl.at(ADDRESSES[1], &patch).unwrap();
    let changed = bench.held();

    let apply = bench.plan(Stage::Apply);
    assert!(apply.text.contains("TS-DRIFT: realcp02"), "{}", apply.text);
    assert!(
        apply
            .text
            .contains(&format!("machine.sysctls[\"{OVERRIDDEN}\"]: 600 -> 1200")),
        "{}",
        apply.text
    );
    assert_eq!(apply.code, 0, "{}", apply.text);
    let patch = bench.plan(Stage::Patch);
    assert!(patch.text.contains("TS-DRIFT: realcp02"), "{}", patch.text);
    assert!(
        patch
            .text
            .contains(&format!("machine.sysctls[\"{PATCHED}\"]: 8192 -> 9999")),
        "{}",
        patch.text
    );
    assert!(
        !patch.text.contains(OVERRIDDEN),
        "what others own is none of its business\n{}",
        patch.text
    );
    assert_eq!(patch.code, 0, "{}", patch.text);
    bench.apply(Stage::Apply);
    bench.apply(Stage::Patch);
    assert_eq!(bench.held(), changed, "something was reverted unasked");

    bench
        .steps
        .tell("a patch that leaves keeps what somebody changed");
    bench.unset("all");
    let leaving = bench.plan(Stage::Patch);
    assert!(
        leaving.text.contains("TS-PATCH-KEPT: realcp02"),
        "{}",
        leaving.text
    );
    bench.apply(Stage::Patch);
    let held = bench.held();
    assert!(
        held[1].text.contains(&format!("{PATCHED}: \"9999\"")),
        "{}",
        held[1].text
    );
    assert!(!held[0].text.contains(PATCHED), "{}", held[0].text);

    bench.steps.tell("drift = \"revert\"");
    let tree = &bench.world.tree;
    tree.edit(
        "apply/terragrunt.hcl",
        "inputs = {",
        "inputs = {\n  drift = \"revert\"",
    )
    .unwrap();
    let reverting = bench.plan(Stage::Apply);
    let paths = [(OVERRIDDEN, "1200 -> 600"), (PATCHED, "9999 -> (none)")];
    reverting.assert_tells(&resource(Stage::Apply, 1), &paths, "live");
    bench.apply(Stage::Apply);
    let after = bench.held();
    assert_eq!(writes(&held, &after), [1]);
    assert!(
        !after[1].text.contains("1200") && !after[1].text.contains("9999"),
        "{}",
        after[1].text
    );
    assert_eq!(bench.plan(Stage::Apply).code, 0);
}

const DELETIONS: &str = "\
machine:
  sysctls:
    net.ipv4.tcp_keepalive_intvl:
      $patch: delete
---
apiVersion: v1alpha1
kind: RegistryMirrorConfig
name: ghcr.io
$patch: delete
";

/// A patch, or a part of the base, that sets these.
fn sysctls(pairs: &[(&str, &str)]) -> String {
    let lines = pairs
        .iter()
        .map(|(name, value)| format!("    {name}: \"{value}\"\n"));
    format!("machine:\n  sysctls:\n{}", lines.collect::<String>())
}

/// Address of a machine's resource in a stage.
fn resource(stage: Stage, index: usize) -> String {
    format!(
        "talos_machine_{}.node[\"realcp0{}\"]",
        stage.name(),
        index + 1
    )
}

/// The world, and what the tests do to it again and again.
struct Bench {
    world: World,
    steps: Steps,
    /// The base's layer as the tree has it.
    layer: String,
}

impl Bench {
    fn new() -> Self {
        let steps = Steps::begin();
        let world = World::cluster(Runner::current(&mut Stderr).unwrap()).unwrap();
        let layer = world.tree.read(LAYER).unwrap();
        Self {
            world,
            steps,
            layer,
        }
    }

    fn held(&self) -> Vec<Held> {
        ADDRESSES
            .iter()
            .map(|address| self.world.held(address).unwrap())
            .collect()
    }

    fn plan(&self, stage: Stage) -> Planned {
        self.world.plan(stage).unwrap()
    }

    fn apply(&self, stage: Stage) {
        self.world
            .expect(stage, &["apply", "-auto-approve"])
            .unwrap();
    }

    /// Puts a patch into the patch stage.
    fn set(&self, name: &str, text: &str) {
        let file = format!("patch/patches/{name}.yaml");
        self.world.tree.write(&file, text).unwrap();
    }

    /// Takes a patch out of the patch stage.
    fn unset(&self, name: &str) {
        let file = format!("patch/patches/{name}.yaml");
        self.world.tree.remove(&file).unwrap();
    }

    /// Gives the base these sysctls.
    fn base(&self, pairs: &[(&str, &str)]) {
        let lines: String = pairs
            .iter()
            .map(|(name, value)| format!("    {name}: \"{value}\"\n"))
            .collect();
        let text = self
            .layer
            .replace("  sysctls:\n", &format!("  sysctls:\n{lines}"));
        assert_ne!(text, self.layer);
        self.world.tree.write(LAYER, &text).unwrap();
    }

    /// Brings the base to all machines: the plan names these paths and nothing else; patches stay.
    fn bring_base(&self, addresses: &[&str], paths: &[&str]) {
        self.apply(Stage::Config);
        let plan = self.plan(Stage::Apply);
        assert_eq!(plan.code, 2, "{}", plan.text);
        for index in 0..addresses.len() {
            let changes = plan.after(&resource(Stage::Apply, index), "changes");
            let changes = changes.as_object().unwrap();
            assert_eq!(changes.len(), paths.len(), "{changes:?}");
            assert!(
                paths
                    .iter()
                    .all(|path| changes.keys().any(|key| key.contains(path))),
                "{changes:?}"
            );
        }
        self.apply(Stage::Apply);
        let patch = self.plan(Stage::Patch);
        assert_eq!(patch.code, 0, "{}", patch.text);
    }

    /// Plans and applies the patch stage: it names `machines` with `changes` and writes to no other; the apply stage has
    /// nothing to do and reports what differs.
    fn patches(&self, machines: &[usize], changes: &[(&str, &str)]) {
        let before = self.held();
        let plan = self.plan(Stage::Patch);
        let named: Vec<_> = machines
            .iter()
            .map(|index| resource(Stage::Patch, *index))
            .collect();
        assert_eq!(plan.changed(), named, "{}", plan.text);
        for address in &named {
            plan.assert_tells(address, changes, "live");
        }
        self.apply(Stage::Patch);
        assert_eq!(writes(&before, &self.held()), machines);
        assert_eq!(self.plan(Stage::Patch).code, 0);

        let apply = self.plan(Stage::Apply);
        assert_eq!(apply.code, 0, "{}", apply.text);
        for (index, held) in self.held().iter().enumerate() {
            let address = resource(Stage::Apply, index);
            let drift = apply.after(&address, "drift_found");
            let patched = [PATCHED, "rack: b2"]
                .iter()
                .any(|sign| held.text.contains(sign));
            assert_eq!(
                drift.as_object().unwrap().is_empty(),
                !patched,
                "{address} {drift}"
            );
        }
    }
}
