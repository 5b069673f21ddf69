//! Nobody answers: nothing is known, so nothing is forgotten unless that is asked for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::{Bench, Fault, SYSCTL, Subject, succeeds};

/// Above the time allowed to update and delete, and a refresh.
const LIMIT: Duration = Duration::from_secs(30);

const UNREACHABLE: &str = "TS-NODE-UNREACHABLE";
const SAYS: [&str; 4] = ["cp1", "10.5.0.11", "Cause:", "Cure:"];

/// Update and destroy of a machine that is off.
pub fn nobody_answers<'a>(bench: &'a Bench, applied: &mut Subject<'a>) {
    let mut patched = bench.patch("silent", "10.5.0.11");
    succeeds(&patched.root.apply().unwrap(), "patch");
    applied.settle(&json!({ "endpoints": ["10.5.0.11", "10.5.0.99"], "reset": true }));
    succeeds(&applied.root.apply().unwrap(), "second address");
    bench.rack().machine("cp1").unwrap().kill().unwrap();

    // Unreachable is not gone: a plan keeps what state says, and tells.
    let plan = applied
        .root
        .run(&["plan", "-json", "-input=false", "-detailed-exitcode"])
        .unwrap();
    assert!(plan.ok && plan.took < LIMIT, "{}", plan.told());
    assert_eq!(
        plan.warnings("TS-REFRESH-KEPT: cp1").len(),
        1,
        "{}",
        plan.told()
    );

    let update = applied.fails(&Fault {
        name: "update while all endpoints are down",
        inputs: json!({ "config_patches": [SYSCTL] }),
        code: UNREACHABLE,
        says: &["cp1", "10.5.0.11", "10.5.0.99", "Cause:", "Cure:"],
    });
    assert!(update.took < LIMIT, "{:?}", update.took);
    for (subject, name) in [(applied, "reset"), (&mut patched, "patch")] {
        destroys(subject, name);
    }
}

/// Without a refresh: that a refresh keeps what it cannot see is said above.
const DESTROY: [&str; 5] = [
    "destroy",
    "-json",
    "-input=false",
    "-auto-approve",
    "-refresh=false",
];

fn destroys(subject: &mut Subject<'_>, name: &str) {
    let before = subject.kept();
    let run = subject.root.run(&DESTROY).unwrap();
    let fault = Fault {
        name: &format!("destroy of a silent {name}"),
        inputs: json!({}),
        code: UNREACHABLE,
        says: &SAYS,
    };
    subject.judge(&fault, &run, &before);
    assert!(run.took < LIMIT, "{:?}", run.took);

    subject.settle(&json!({ "on_unreachable_destroy": "forget" }));
    let run = subject.root.run(&DESTROY).unwrap();
    succeeds(&run, name);
    assert_eq!(
        run.warnings("TS-LEFT-BEHIND: cp1").len(),
        1,
        "{}",
        run.told()
    );
    assert_eq!(subject.kept(), Value::Null);
}
