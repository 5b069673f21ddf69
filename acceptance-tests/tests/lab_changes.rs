//! A cluster on the lab, changed as its runbook says, with everything that its runs tell kept: plans say what happens,
//! nothing else happens, answers that come late change nothing, and no secret is told.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

#[path = "lab_changes/bench.rs"]
mod bench;
#[path = "lab_changes/hardware.rs"]
mod hardware;
#[path = "lab_changes/lateness.rs"]
mod lateness;
#[path = "lab_changes/patches.rs"]
mod patches;
#[path = "lab_changes/secrets.rs"]
mod secrets;

use bench::Bench;

#[test]
fn a_cluster_is_changed_as_its_plans_say_and_keeps_its_secrets() {
    let bench = Bench::build();
    patches::come_and_go(&bench);
    lateness::changes_nothing(&bench);
    hardware::changes_as_planned(&bench);
    secrets::are_kept(bench);
}
