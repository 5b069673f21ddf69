//! Virtual machines change: taken at once, at the next power cycle, by a power cycle, or refused.

use std::collections::BTreeMap;

use acceptance_tests::lab::MACHINES;
use acceptance_tests::stages::{Planned, Stage};
use serde_json::{Value, json};

use super::bench::Bench;

const MODULE: &str = "../../../modules/compute/main.tf";
const INPUTS: &str = "compute/terragrunt.hcl";
/// How the stage gets its machines.
const NODES: &str = "= local.cluster.nodes";

/// What the plan says is what happens, and no machine is destroyed.
pub fn changes_as_planned(bench: &Bench) {
    let uuids = uuids(bench);
    attributes_are_removed(bench);
    memory_waits(bench);
    a_power_cycle_is_allowed(bench);
    a_disk_grows(bench);
    a_disk_does_not_shrink(bench);
    assert_eq!(self::uuids(bench), uuids);
}

/// What is no longer set goes: what no guest sees at once, the display at the next power cycle.
fn attributes_are_removed(bench: &Bench) {
    bench.steps.tell("attributes removed");
    let (tree, boots) = (&bench.rehearsal.tree, bench.rehearsal.boots().unwrap());
    let before = tree.edit(MODULE, "  on_boot = true\n", "").unwrap();
    tree.edit(MODULE, "  vga      = { type = \"std\" }\n", "")
        .unwrap();
    let plan = planned(bench, &MACHINES);
    let changes = [("on_boot", "1 -> none (hot)"), ("vga", "-> none (pending)")];
    for name in MACHINES {
        plan.assert_tells(&resource(name), &changes, "pending");
        assert_told(&plan, &format!("TS-VM-PENDING: {name}"));
    }
    bench.apply(Stage::Compute);
    let config = config(bench, "solwk01");
    assert!(config["onboot"].is_null(), "{config}");
    assert!(waiting(bench, "solwk01").contains_key("vga"));
    bench.has_nothing_to_do(Stage::Compute);

    tree.write(MODULE, &before).unwrap();
    planned(bench, &MACHINES);
    bench.apply(Stage::Compute);
    for name in MACHINES {
        assert_eq!(config_of(bench, name, "onboot"), json!(1));
        assert!(
            waiting(bench, name).is_empty(),
            "{:?}",
            waiting(bench, name)
        );
    }
    bench.restarted(&boots, &[]);
}

/// More memory is pending until somebody starts the machine anew.
fn memory_waits(bench: &Bench) {
    bench.steps.tell("more memory");
    let boots = bench.rehearsal.boots().unwrap();
    set(bench, "solwk03", 20480, 80);
    let plan = planned(bench, &["solwk03"]);
    let changes = [("memory.mib", "16384 -> 20480 (pending)")];
    plan.assert_tells(&resource("solwk03"), &changes, "pending");
    assert_told(&plan, "TS-VM-PENDING: solwk03");
    bench.apply(Stage::Compute);
    let waiting = waiting(bench, "solwk03");
    assert_eq!(waiting.keys().collect::<Vec<_>>(), ["memory"]);
    assert_eq!(memory(bench, "solwk03"), 16384);
    bench.has_nothing_to_do(Stage::Compute);
    bench.restarted(&boots, &[]);
}

/// What waits is taken by a power cycle as soon as that is allowed.
fn a_power_cycle_is_allowed(bench: &Bench) {
    bench.steps.tell("a power cycle is allowed");
    let (tree, boots) = (&bench.rehearsal.tree, bench.rehearsal.boots().unwrap());
    let allowed = "inputs = {\n  reboot_policy  = \"if_required\"";
    let before = tree.edit(INPUTS, "inputs = {", allowed).unwrap();
    let plan = planned(bench, &MACHINES);
    let changes = [("memory.mib", "16384 -> 20480 (pending)")];
    plan.assert_tells(&resource("solwk03"), &changes, "power_cycle");
    assert_told(&plan, "TS-VM-POWER-CYCLE: solwk03");
    assert_eq!(
        plan.text.matches("TS-VM-POWER-CYCLE").count(),
        1,
        "{}",
        plan.text
    );
    bench.apply(Stage::Compute);
    assert!(waiting(bench, "solwk03").is_empty());
    assert_eq!(memory(bench, "solwk03"), 20480);
    bench.restarted(&boots, &["solwk03"]);
    tree.write(INPUTS, &before).unwrap();
    bench.apply(Stage::Compute);
}

fn a_disk_grows(bench: &Bench) {
    bench.steps.tell("a disk grows");
    let boots = bench.rehearsal.boots().unwrap();
    set(bench, "solwk02", 16384, 100);
    let plan = planned(bench, &["solwk02"]);
    let changes = [("disks.scsi0.size_gib", "80G -> 100G (hot)")];
    plan.assert_tells(&resource("solwk02"), &changes, "hot");
    bench.apply(Stage::Compute);
    assert_size(bench, "solwk02", "size=100G");
    bench.has_nothing_to_do(Stage::Compute);
    bench.restarted(&boots, &[]);
}

/// A smaller disk is an error of the plan, and nothing is written.
fn a_disk_does_not_shrink(bench: &Bench) {
    bench.steps.tell("a disk shall shrink");
    set(bench, "solwk02", 16384, 60);
    let written = bench.writes("proxmox", || {
        let plan = bench.plan(Stage::Compute);
        assert_eq!(plan.code, 1, "{}", plan.text);
        assert_told(
            &plan,
            "TS-VM-DISK-SHRINK: disks.scsi0 would shrink from 100G to 60G",
        );
        assert_told(&plan, "Set `size_gib` to 100 or more");
        let applied = bench
            .rehearsal
            .run(Stage::Compute, &["apply", "-auto-approve"])
            .unwrap();
        assert!(!applied.status.success());
    });
    assert!(written.is_empty(), "{written:?}");
    assert_size(bench, "solwk02", "size=100G");
    set(bench, "solwk02", 16384, 100);
    bench.has_nothing_to_do(Stage::Compute);
}

/// Gives one more machine another size than the tree's; what others were given stays.
fn set(bench: &Bench, name: &str, mib: u32, gib: u32) {
    let tree = &bench.rehearsal.tree;
    let file = format!("compute/{name}.json");
    let sizes = json!({ "memory_mib": mib, "disk_gib": gib });
    tree.write(&file, &sizes.to_string()).unwrap();
    if tree.read(INPUTS).unwrap().contains(NODES) {
        let nodes = "= {
    for name, node in local.cluster.nodes : name => merge(
      node, fileexists(\"${get_terragrunt_dir()}/${name}.json\") ? jsondecode(file(\"${get_terragrunt_dir()}/${name}.json\")) : null
    )
  }";
        tree.edit(INPUTS, NODES, nodes).unwrap();
    }
}

/// Plans the stage: these machines are updated in place, and nothing else happens.
fn planned(bench: &Bench, machines: &[&str]) -> Planned {
    let plan = bench.plan(Stage::Compute);
    let addresses: Vec<_> = machines.iter().map(|name| resource(name)).collect();
    assert_eq!(plan.changed(), addresses, "{}", plan.text);
    let changes = plan.json["resource_changes"].as_array().unwrap();
    let actions = changes.iter().map(|change| &change["change"]["actions"]);
    let harmless = [json!(["no-op"]), json!(["update"])];
    assert!(
        actions.clone().all(|action| harmless.contains(action)),
        "{:?}",
        actions.collect::<Vec<_>>()
    );
    plan
}

fn assert_told(plan: &Planned, text: &str) {
    assert!(plan.text.contains(text), "{text}\n{}", plan.text);
}

fn resource(name: &str) -> String {
    format!("proxmox_talos_vm.node[\"{name}\"]")
}

/// What Proxmox VE answers about a machine.
fn ask(bench: &Bench, name: &str, what: &str) -> Value {
    let vms = bench.rehearsal.output(Stage::Compute, "vm_ids").unwrap();
    let host = format!("pve0{}", &name[name.len() - 1..]);
    let path = format!("/nodes/{host}/qemu/{}/{what}", vms[name]);
    bench.rehearsal.lab.proxmox(&path).unwrap()
}

fn config(bench: &Bench, name: &str) -> Value {
    ask(bench, name, "config")
}

fn config_of(bench: &Bench, name: &str, key: &str) -> Value {
    config(bench, name)[key].clone()
}

fn assert_size(bench: &Bench, name: &str, size: &str) {
    let disk = config_of(bench, name, "scsi0");
    assert!(disk.as_str().unwrap().contains(size), "{disk}");
}

/// MiB that the machine runs with.
fn memory(bench: &Bench, name: &str) -> u64 {
    ask(bench, name, "status/current")["maxmem"]
        .as_u64()
        .unwrap()
        >> 20
}

/// Settings that wait for a power cycle.
fn waiting(bench: &Bench, name: &str) -> BTreeMap<String, Value> {
    let rows = ask(bench, name, "pending");
    let rows = rows.as_array().unwrap().iter();
    let waits = |row: &&Value| !row["pending"].is_null() || !row["delete"].is_null();
    rows.filter(waits)
        .map(|row| (row["key"].as_str().unwrap().to_owned(), row.clone()))
        .collect()
}

/// UUIDs of all VMs.
fn uuids(bench: &Bench) -> Vec<Value> {
    let status = bench.rehearsal.lab.status().unwrap();
    let vms = status.0["vms"].as_array().unwrap().iter();
    vms.map(|vm| vm["uuid"].clone()).collect()
}
