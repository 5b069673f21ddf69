//! The judge: what real machines answered, asked again of a simulated one.

use std::net::IpAddr;

use talos_contract::{Recording, Site, run};

use crate::play::Bench;

/// So many exchanges must be equal in everything.
const EQUAL: usize = 60;

#[tokio::test]
async fn a_simulated_machine_answers_as_real_ones_did() {
    let bench = Bench::new(11, 1, "");
    let nobodys = IpAddr::from([127, 60, 11, 99]);
    let site = Site::new(bench.addresses[0], nobodys, "v1.35.6");
    let verdict = Recording::read().judge(&run(&site).await);
    assert!(
        verdict.wrong.is_empty(),
        "{} equal, {} meant to differ, {} wrong:\n{}",
        verdict.equal,
        verdict.meant,
        verdict.wrong.len(),
        verdict.wrong.join("\n")
    );
    assert!(verdict.equal >= EQUAL, "only {} are equal", verdict.equal);
}
