//! From bare Proxmox VE hosts through all stages and away again, on the lab, with both pairs of terragrunt and core.

use acceptance_tests::lab::Rehearsal;
use acceptance_tests::progress::{Stderr, Steps};
use acceptance_tests::stages::Runner;

#[test]
fn current_terragrunt_with_opentofu_goes_all_the_way() {
    all_the_way(Runner::current(&mut Stderr).unwrap());
}

#[test]
fn former_terragrunt_with_terraform_goes_all_the_way() {
    all_the_way(Runner::former(&mut Stderr).unwrap());
}

fn all_the_way(runner: Runner) {
    let steps = Steps::begin();
    let rehearsal = Rehearsal::new(runner, "{}").unwrap();
    rehearsal.expect_all(&["apply"], &[]).unwrap();
    steps.tell("all stages applied");
    rehearsal.assert_complete().unwrap();
    steps.tell("plans are empty");
    rehearsal.expect_all(&["destroy"], &[]).unwrap();
    rehearsal.assert_gone().unwrap();
    steps.tell("destroyed");
}
