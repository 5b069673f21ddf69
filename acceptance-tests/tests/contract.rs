//! The recording by which the lab's machines are judged is what real machines answer today.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use std::net::IpAddr;

use acceptance_tests::machines::{Rack, RackSpec};
use acceptance_tests::progress::Stderr;
use acceptance_tests::skip;
use acceptance_tests::tools::Tool;
use talos_contract::{Recording, Site, Transcript, run};

/// Set, it makes the test keep what was answered in place of the recording.
const RECORD: &str = "TALOS_STACK_RECORD";

#[test]
fn real_machines_answer_as_recorded() {
    if skip::unless_machines_run("real_machines_answer_as_recorded") {
        return;
    }
    let rack = Rack::start(RackSpec::new(1), &mut Stderr).unwrap();
    let answered = asked(&rack);
    if std::env::var_os(RECORD).is_some() {
        Recording::write(&answered);
    }
    let verdict = Recording::read().judge_strictly(&answered);
    assert!(
        verdict.wrong.is_empty(),
        "{} equal, {} wrong; {RECORD}=1 keeps these answers:\n{}",
        verdict.equal,
        verdict.wrong.len(),
        verdict.wrong.join("\n")
    );
}

/// What the only machine of a rack answers.
fn asked(rack: &Rack) -> Transcript {
    let kubernetes = format!("v{}", Tool::KubeApiserver.recipe().version);
    let (own, nobodys) = (IpAddr::from([10, 5, 0, 11]), IpAddr::from([10, 5, 0, 99]));
    let site = Site::new(own, nobodys, &kubernetes);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    rack.inside(|| runtime().block_on(run(&site))).unwrap()
}
