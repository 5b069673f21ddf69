//! Between bare hosts and Flux everything dies once: the next run goes on, and nothing is there twice. Then all machines lose
//! their power, and the stages are destroyed all the same.

use acceptance_tests::lab::Rehearsal;
use acceptance_tests::progress::{Progress as _, Stderr};
use acceptance_tests::stages::{Runner, Stage, flat, said};

/// Each strikes once.
const SCENARIO: &str = r#"
faults:
  - { match: { service: proxmox, method: POST, path: "/nodes/*/qemu", nth: 1 }, when: before, effect: kill_plugin, times: 1 }
  - { match: { service: proxmox, method: POST, path: "/nodes/*/qemu", nth: 4 }, when: after, effect: kill_plugin, times: 1 }
  - { match: { service: proxmox, method: POST, path: "/nodes/*/qemu", nth: 7 }, when: after, effect: drop, times: 1 }
  - { match: { service: proxmox, method: GET, path: "/nodes/*/tasks/*/status", nth: 12 }, when: before, effect: kill_plugin, times: 1 }
  - { match: { service: talos, method: "machine.MachineService/ApplyConfiguration", nth: 2 }, when: after, effect: kill_plugin, times: 1 }
  - { match: { service: talos, method: "machine.MachineService/Bootstrap" }, when: after, effect: kill_plugin, times: 1 }
  - { match: { service: kubernetes, method: PATCH, path: "*deployments/flux-operator*" }, when: after, effect: kill_plugin, times: 1 }
  - { match: { service: kubernetes, method: PATCH, path: "*/fluxinstances/flux", nth: 1 }, when: before, effect: kill_plugin, times: 1 }
  - { match: { service: kubernetes, method: GET, path: "*/gitrepositories/*", nth: 1 }, when: before, effect: kill_plugin, times: 1 }
  - { match: { service: kubernetes, method: PATCH, path: "*/fluxinstances/flux", nth: 3 }, when: after, effect: kill_plugin, times: 1 }
"#;

/// The seventh machine's creation is one that counts, whatever came before: its answer is lost, and nobody dies. The first GET
/// of the sync's source comes while the instance reconciles.
const FAULTS: usize = 10;

#[test]
fn the_next_run_goes_on_whatever_died_in_the_last() {
    let rehearsal = Rehearsal::new(Runner::current(&mut Stderr).unwrap(), SCENARIO).unwrap();
    let mut died = 0;
    loop {
        let output = rehearsal.run_all(&["apply"], &[]).unwrap();
        if output.status.success() {
            break;
        }
        died += 1;
        Stderr.line(&format!("run {died} died"));
        // Stages run side by side, so that one run may see two deaths, and never more runs die than there are faults.
        assert!(died <= FAULTS, "{}", said(&output));
    }
    let journal = rehearsal.lab.journal().unwrap();
    let struck = journal.iter().filter(|entry| entry["fault"].is_string());
    assert_eq!(struck.count(), FAULTS);
    rehearsal.assert_complete().unwrap();
    everything_goes_without_power(&rehearsal);
}

const POWER_LOSS: &str =
    "faults: [{ at: { machine: solcp02, stage: installing }, effect: power_loss }]";

/// Nobody waits for minutes in a test.
const SOON: [&str; 2] = [
    "  disruption_group ",
    "  timeouts = { create = \"20s\" }\n  disruption_group ",
];

#[test]
fn a_control_plane_without_power_while_it_is_installed_is_installed_by_the_next_run() {
    let rehearsal = Rehearsal::new(Runner::current(&mut Stderr).unwrap(), POWER_LOSS).unwrap();
    let [from, to] = SOON;
    let module = "../../../modules/apply/main.tf";
    rehearsal.tree.edit(module, from, to).unwrap();
    let mut said = String::new();
    for stage in Stage::ALL
        .into_iter()
        .take_while(|stage| *stage != Stage::Patch)
    {
        said = rehearsal
            .expect(stage, &["apply", "-auto-approve"])
            .unwrap();
    }
    // Neither an error, which would taint it, nor silence.
    let said = flat(&said);
    assert!(
        said.contains("Warning: TS-") && said.contains("solcp02"),
        "{said}"
    );
    let seen = rehearsal.lab.status().unwrap();
    assert_eq!(seen.vms("stopped"), ["solcp02"]);
    let plan = rehearsal.plan(Stage::Apply).unwrap();
    assert_eq!(
        plan.changed(),
        ["talos_machine_apply.node[\"solcp02\"]"],
        "{}",
        plan.text
    );
    rehearsal.expect_all(&["apply"], &[]).unwrap();
    rehearsal.assert_complete().unwrap();
}

fn everything_goes_without_power(rehearsal: &Rehearsal) {
    for machine in rehearsal.lab.status().unwrap().machines("running") {
        rehearsal.lab.power(&machine, "off").unwrap();
    }
    let forget = [("TALOS_STACK_ON_UNREACHABLE_DESTROY", "forget")];
    rehearsal.expect_all(&["destroy"], &forget).unwrap();
    rehearsal.assert_gone().unwrap();
}
