//! Images of seeds: none is left behind, whatever came in between.

use framework::testing::Change;

use super::super::plan::Private;
use super::*;
use crate::resources::proxmox_talos_vm::TalosVmResource;
use crate::shared::fake_pve::{FakePve, Fault};
use crate::shared::testing::told;

const CONFIGURE: &str = "POST /nodes/pve1/qemu/101/config";
const DESTROY: &str = "DELETE /nodes/pve1/qemu/101";
const REMOVE: &str = "DELETE /nodes/pve1/storage/files/content";

/// The machine with another host name in its seed.
fn called(name: &str) -> TalosVm {
    changed(|config| config.network_seed.get_mut().unwrap().hostname = name.into())
}

/// The images that are there.
fn seeds(pve: &FakePve) -> Vec<String> {
    let mut names = pve.world().volume_names();
    names.retain(|name| name.contains(":iso/talos-seed-"));
    names
}

/// The medium in the drive of the seed.
fn medium(pve: &FakePve) -> String {
    let drive = pve.world().vms[&101].values["ide3"].clone();
    drive.split(',').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_run_that_died_between_the_swap_and_the_removal_leaves_nothing() {
    // With state and private state of before; and without the latter, as core has it when the plugin dies.
    for known in [true, false] {
        let pve = FakePve::start().await;
        let core = pve.core();
        let mut vm = core.object::<TalosVmResource>();
        vm.apply(Some(&config())).await.unwrap();
        let (state, mut private) = (vm.state().unwrap(), vm.private().unwrap());
        let old = medium(&pve);
        vm.apply(Some(&called("other"))).await.unwrap();
        // Back to where it died.
        pve.world().volumes.insert(old.clone(), 1000);
        if !known {
            private = Private::default();
        }
        vm.assume(&state, &private).unwrap();
        vm.apply(Some(&called("other"))).await.unwrap();
        assert_eq!(seeds(&pve), [medium(&pve)], "{known}");
        let plan = vm.plan(Some(&called("other"))).await.unwrap();
        assert_eq!(plan.change, Change::None);
        vm.apply(None).await.unwrap();
        assert!(seeds(&pve).is_empty());
    }
}

#[tokio::test]
async fn an_image_that_could_not_be_removed_goes_with_the_next_change() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    pve.fault(REMOVE, Fault::Refused(500, "something new"));
    let wanted = called("other");
    let plan = vm.plan(Some(&wanted)).await.unwrap();
    let text = told(&vm.apply_plan(Some(&wanted), &plan).await.unwrap());
    assert!(text.contains("TS-VM-SEED-LEFT: cp01"), "{text}");
    assert_eq!(seeds(&pve).len(), 2);
    vm.refresh().await.unwrap();
    let noted = TalosVm {
        description: "notes".into(),
        ..wanted
    };
    vm.apply(Some(&noted)).await.unwrap();
    assert_eq!(seeds(&pve), [medium(&pve)]);
}

#[tokio::test]
async fn an_image_that_came_into_no_drive_goes() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    for name in ["other", "third"] {
        pve.fault(CONFIGURE, Fault::Refused(500, "something new"));
        let error = told(&vm.apply(Some(&called(name))).await.err().unwrap());
        assert!(error.contains("TS-PVE-FAILED: cp01"), "{error}");
    }
    vm.apply(Some(&called("fourth"))).await.unwrap();
    assert_eq!(seeds(&pve), [medium(&pve)]);

    pve.fault(CONFIGURE, Fault::Refused(500, "something new"));
    vm.apply(Some(&called("fifth"))).await.err().unwrap();
    vm.apply(None).await.unwrap();
    assert!(seeds(&pve).is_empty(), "{:?}", seeds(&pve));
}

#[tokio::test]
async fn a_destroy_that_fails_leaves_no_image_and_a_machine_that_can_start() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&config())).await.unwrap();
    pve.fault(DESTROY, Fault::Refused(500, "something new"));
    let error = told(&vm.apply(None).await.err().unwrap());
    assert!(error.contains("TS-PVE-FAILED: cp01"), "{error}");
    assert!(seeds(&pve).is_empty());
    assert_eq!(medium(&pve), "none", "it starts without");
    vm.apply(Some(&config())).await.unwrap();
    assert!(pve.world().vms[&101].running);
    assert_eq!(seeds(&pve), [medium(&pve)]);
    vm.apply(None).await.unwrap();
    assert!(pve.world().vms.is_empty() && seeds(&pve).is_empty());
}
