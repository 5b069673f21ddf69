//! Everything that can be wrong between a configuration and real machines: each fault is one error with code, cause
//! and cure, told soon, and state is what it was.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

#[path = "faults/bench.rs"]
mod bench;
#[path = "faults/etcd.rs"]
mod etcd;
#[path = "faults/input.rs"]
mod input;
#[path = "faults/machine.rs"]
mod machine;
#[path = "faults/silence.rs"]
mod silence;

use acceptance_tests::skip;
use bench::Bench;

/// Three machines: cp1 is ours, cp2 is another cluster's, cp3 has no configuration.
#[test]
fn each_fault_is_one_error_that_names_cause_and_cure() {
    if skip::unless_machines_run("each_fault_is_one_error_that_names_cause_and_cure") {
        return;
    }
    let bench = Bench::new();
    let mut applied = bench.applied();
    input::placeholders(&bench, &applied);
    input::texts(&bench, &applied);
    machine::strangers(&bench, &applied);
    machine::identities(&bench, &applied);
    machine::refusals(&bench, &applied);
    machine::live_identity(&bench, &applied);
    etcd::other_clusters(&bench);
    etcd::two_clusters(&bench);
    // None of it has changed the machine or what state says of it.
    applied.unchanged();
    silence::nobody_answers(&bench, &mut applied);
}
