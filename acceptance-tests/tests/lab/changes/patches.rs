//! The three operations of the runbook through the patch stage, and back again.

use acceptance_tests::lab::MACHINES;
use acceptance_tests::stages::Stage;
use acceptance_tests::talosctl::writes;

use super::bench::Bench;

const LABEL: &str = "machine:\n  nodeLabels:\n    rack: b2\n";

const BIRD: &str = "\
apiVersion: v1alpha1
kind: ExtensionServiceConfig
name: bird2
environment:
  - BIRD_LOG=debug
configFiles:
  - mountPath: /usr/local/etc/bird.conf
    content: |
      router id 10.101.254.21;
      protocol device {}
";

const SYSCTLS: &str =
    "machine:\n  sysctls:\n    net.core.somaxconn: \"8192\"\n    vm.swappiness: \"10\"\n";

/// A file of the patch stage, the machines that it is for, what the plan says of each, and what comes of it.
struct Operation {
    file: &'static str,
    text: &'static str,
    machines: &'static [usize],
    /// Path, what is there, and what shall be.
    changes: &'static [(&'static str, &'static str, &'static str)],
    effect: &'static str,
}

const OPERATIONS: [Operation; 3] = [
    Operation {
        file: "nodes/solwk02",
        text: LABEL,
        machines: &[4],
        changes: &[("machine.nodeLabels.rack", "(none)", "b2")],
        effect: "live",
    },
    Operation {
        file: "nodes/solwk01",
        text: BIRD,
        machines: &[3],
        changes: &[
            ("ExtensionServiceConfig/bird2.configFiles", "", ""),
            ("ExtensionServiceConfig/bird2.environment", "", ""),
        ],
        effect: "service_restart",
    },
    Operation {
        file: "all",
        text: SYSCTLS,
        machines: &[0, 1, 2, 3, 4, 5],
        changes: &[
            ("machine.sysctls[\"net.core.somaxconn\"]", "4096", "8192"),
            ("machine.sysctls[\"vm.swappiness\"]", "(none)", "10"),
        ],
        effect: "live",
    },
];

/// Each comes and goes: the plan names the machines and what changes on them, only they are written to, the apply stage
/// has nothing to do, nothing starts again, and afterwards everything is what it was.
pub fn come_and_go(bench: &Bench) {
    let rehearsal = &bench.rehearsal;
    let (before, boots) = (rehearsal.held().unwrap(), rehearsal.boots().unwrap());
    for operation in &OPERATIONS {
        bench.steps.tell(&format!("{} comes", operation.file));
        let file = format!("patch/patches/{}.yaml", operation.file);
        rehearsal.tree.write(&file, operation.text).unwrap();
        let there = operation.lines(|old, new| format!("{old} -> {new}"));
        operation.is_brought(bench, &there);
    }
    for operation in OPERATIONS.iter().rev() {
        bench.steps.tell(&format!("{} goes", operation.file));
        let file = format!("patch/patches/{}.yaml", operation.file);
        rehearsal.tree.remove(&file).unwrap();
        let back = operation.lines(|old, new| format!("{new} -> {old}"));
        operation.is_brought(bench, &back);
    }
    for (before, after) in before.iter().zip(rehearsal.held().unwrap()) {
        assert_eq!(before.text, after.text);
    }
    bench.restarted(&boots, &[]);
}

impl Operation {
    fn lines(&self, line: impl Fn(&str, &str) -> String) -> Vec<(&str, String)> {
        let changes = self.changes.iter();
        changes
            .map(|(path, old, new)| match (*old, *new) {
                // Files and variables of services may hold secrets: the plan says that they change.
                ("", "") => (*path, " -> ".to_owned()),
                (old, new) => (*path, line(old, new)),
            })
            .collect()
    }

    fn is_brought(&self, bench: &Bench, changes: &[(&str, String)]) {
        let rehearsal = &bench.rehearsal;
        let changes: Vec<_> = changes
            .iter()
            .map(|(path, line)| (*path, line.as_str()))
            .collect();
        let before = rehearsal.held().unwrap();
        let plan = bench.plan(Stage::Patch);
        let named: Vec<_> = self.machines.iter().map(|index| resource(*index)).collect();
        assert_eq!(plan.changed(), named, "{}", plan.text);
        for address in &named {
            plan.assert_tells(address, &changes, self.effect);
        }
        let journal = bench.writes("talos", || bench.apply(Stage::Patch));
        let mut written: Vec<_> = journal
            .iter()
            .map(|entry| entry["node"].as_str().unwrap())
            .collect();
        written.sort_unstable();
        let names: Vec<_> = self.machines.iter().map(|index| MACHINES[*index]).collect();
        assert_eq!(written, names, "{journal:?}");
        assert_eq!(writes(&before, &rehearsal.held().unwrap()), self.machines);
        bench.has_nothing_to_do(Stage::Patch);
        bench.has_nothing_to_do(Stage::Apply);
    }
}

/// Address of a machine's resource.
fn resource(index: usize) -> String {
    format!("talos_machine_patch.node[\"{}\"]", MACHINES[index])
}
