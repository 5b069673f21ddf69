//! A cluster on the lab, changed as its runbook says, with everything that its runs tell kept: plans say what happens,
//! nothing else happens, answers that come late change nothing, and no secret is told.

mod bench;
mod hardware;
mod lateness;
mod patches;
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
