//! The judge: exchanges recorded with a real Proxmox VE 9.2, asked again of the lab.
//!
//! The recordings are no part of this repository. `TALOS_STACK_PVE_RECORDINGS` names the file
//! (JSON lines, gzip); without it the test says that it was skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests end by panicking"
)]
#![allow(clippy::print_stdout, reason = "the share is what the judge is for")]

mod compare;
mod gaps;
mod record;
mod replay;

use std::collections::BTreeMap;

use record::Record;

/// Of the exchanges that a client for Talos VMs has, at least this share must be equal.
const SHARE: f64 = 0.95;

#[test]
fn the_lab_answers_as_recorded() {
    let Ok(path) = std::env::var("TALOS_STACK_PVE_RECORDINGS") else {
        println!("skipped: 1 (TALOS_STACK_PVE_RECORDINGS names no recordings)");
        return;
    };
    let records = record::read(path.as_ref());
    assert!(records.len() > 500, "too few recordings in {path}");
    let judged = replay::replay(&records);
    report(&judged);
}

/// Prints shares, lists what differs, and fails below the share.
fn report(judged: &[(Record, Vec<String>, Vec<String>)]) {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (record, differences, bodies) in judged {
        let client = if record.is_client() {
            "client"
        } else {
            "other"
        };
        for (name, equal) in [
            (client, differences.is_empty()),
            ("bodies", bodies.is_empty()),
        ] {
            let count = counts.entry(name).or_default();
            count.0 += usize::from(equal);
            count.1 += 1;
        }
        for difference in differences.iter().chain(bodies) {
            let reason = record.reason_to_differ(difference);
            println!(
                "{client} {} {} {}: {difference} [{reason}]",
                record.id, record.method, record.path
            );
        }
    }
    for (name, (equal, all)) in &counts {
        println!("{name}: {equal} of {all} equal");
    }
    let (equal, all) = counts["client"];
    #[allow(clippy::cast_precision_loss, reason = "hundreds")]
    let share = equal as f64 / all as f64;
    println!("share of the client's exchanges: {:.1} %", share * 100.0);
    assert!(share >= SHARE, "{equal} of {all} are equal");
}
