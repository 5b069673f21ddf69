//! Answers that come late.

use acceptance_tests::stages::Stage;

use super::bench::Bench;

const LATE: &str = "{ match: { every: 2 }, when: after, effect: delay, milliseconds: 2000 }";

/// Every second answer of every service comes two seconds late: the refresh sees everything, and no plan has anything to do.
pub fn changes_nothing(bench: &Bench) {
    let lab = &bench.rehearsal.lab;
    lab.faults(LATE).unwrap();
    for stage in bench.rehearsal.tree.stages() {
        let plan = bench.plan(stage);
        assert_eq!(plan.code, 0, "{}: {}", stage.name(), plan.text);
        let kept = plan.text.contains("TS-REFRESH-KEPT");
        assert!(!kept, "{}: {}", stage.name(), plan.text);
        bench
            .steps
            .tell(&format!("{}: planned in spite of delays", stage.name()));
    }
    lab.faults("").unwrap();
    let late = lab.journal().unwrap();
    let late = late.iter().filter(|entry| entry["fault"] == "delay");
    assert!(late.count() > Stage::ALL.len());
}
