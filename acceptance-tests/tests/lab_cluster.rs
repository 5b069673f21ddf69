//! From bare Proxmox VE hosts through all stages and away again, on the lab, with both pairs of terragrunt and core.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use std::time::Instant;

use acceptance_tests::lab::Rehearsal;
use acceptance_tests::progress::{Progress as _, Stderr};
use acceptance_tests::stages::{Runner, Stage};
use serde_json::Value;

const MACHINES: [&str; 6] = [
    "solcp01", "solcp02", "solcp03", "solwk01", "solwk02", "solwk03",
];

#[test]
fn current_terragrunt_with_opentofu_goes_all_the_way() {
    all_the_way(Runner::current(&mut Stderr).unwrap());
}

#[test]
fn former_terragrunt_with_terraform_goes_all_the_way() {
    all_the_way(Runner::former(&mut Stderr).unwrap());
}

fn all_the_way(runner: Runner) {
    let begun = Instant::now();
    let step = |what: &str| {
        let seconds = begun.elapsed().as_secs_f32();
        Stderr.line(&format!("{seconds:5.1} s  {what}"));
    };
    let rehearsal = Rehearsal::new(runner, "{}").unwrap();
    rehearsal.expect_all(&["apply"]).unwrap();
    step("all stages applied");

    let status = rehearsal.lab.status().unwrap();
    assert_eq!(names(&status["vms"], "status", "running"), MACHINES);
    assert_eq!(names(&status["machines"], "stage", "running"), MACHINES);
    assert_eq!(voters(&status), 3, "{status:#}");
    let ready = rehearsal.output(Stage::Bootstrap, "cluster_ready");
    assert_eq!(ready.unwrap(), true);
    let ready = rehearsal.output(Stage::FluxInstance, "flux_ready");
    assert_eq!(ready.unwrap(), true);

    let left = rehearsal.left_to_do().unwrap();
    assert!(left.is_empty(), "{left:?}");
    step("plans are empty");

    rehearsal.expect_all(&["destroy"]).unwrap();
    step("destroyed");
    let status = rehearsal.lab.status().unwrap();
    assert_eq!(
        status["vms"].as_array().map(Vec::len),
        Some(0),
        "{status:#}"
    );
    let secrets = rehearsal.output(Stage::Secrets, "cluster_id").unwrap();
    assert!(secrets.is_string(), "the secrets are gone");
}

/// Names of those whose `key` is `value`, in order.
fn names(list: &Value, key: &str, value: &str) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    let some = all.filter(|one| one[key] == value);
    let mut names: Vec<_> = some
        .map(|one| one["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    names.sort();
    names
}

/// Members that vote, as the first control plane knows them.
fn voters(status: &Value) -> usize {
    let machines = status["machines"].as_array().into_iter().flatten();
    let members = machines.filter_map(|machine| machine["etcd"].as_array());
    let first = members.into_iter().next().into_iter().flatten();
    first.filter(|member| member["learner"] == false).count()
}
