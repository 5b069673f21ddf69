//! Images on a fake Proxmox VE.

use std::collections::BTreeSet;

use framework::prelude::*;
use framework::testing::{Change, MiniCore};

use super::TalosImageResource;
use super::model::{ImageChecksum, ImageFactorySource, TalosImage};
use super::plan::{Private, validate};
use super::source::{Known, content, file_name, source};
use crate::provider::Data;
use crate::shared::fake_pve::{FakePve, FakeVm, Fault};
use crate::shared::testing::{forgetful, told, told_by};

const DOWNLOAD: &str = "POST /nodes/pve1/storage/files/download-url";

fn config(version: &str) -> TalosImage {
    TalosImage {
        storage: "files".into(),
        factory: Field::Known(ImageFactorySource {
            schematic_id: "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba".into(),
            talos_version: version.into(),
            platform: Field::Null,
            architecture: Field::Null,
            format: Field::Null,
        }),
        delivery: Field::Null,
        ..TalosImage::absent()
    }
}

fn from_file(path: &std::path::Path) -> TalosImage {
    TalosImage {
        storage: "files".into(),
        file: path.to_str().unwrap().into(),
        file_name: "own.iso".into(),
        delivery: Field::Null,
        ..TalosImage::absent()
    }
}

#[tokio::test]
async fn an_image_is_fetched_by_one_host_and_seen_by_all() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    let plan = image.plan(Some(&config("v1.12.6"))).await.unwrap();
    let volume = "files:iso/talos-v1.12.6-nocloud-amd64-376567988ad3.iso";
    assert_eq!(plan.model.as_ref().unwrap().file_id.as_str(), Some(volume));
    image
        .apply_plan(Some(&config("v1.12.6")), &plan)
        .await
        .unwrap();
    let state = image.state().unwrap();
    assert_eq!(state.size_bytes.get(), Some(&1000));
    let hosts: Vec<&String> = state.file_ids.get().unwrap().keys().collect();
    assert_eq!(hosts, ["pve1", "pve2"]);
    assert_eq!(pve.host.writes(), [DOWNLOAD]);
    let asked = pve
        .host
        .journal()
        .into_iter()
        .find(|asked| asked.line() == DOWNLOAD)
        .unwrap();
    assert_eq!(
        asked.get("url"),
        Some(
            "https://factory.talos.dev/image/376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba/v1.12.6/nocloud-amd64.iso"
        )
    );
    assert_eq!(
        image.plan(Some(&config("v1.12.6"))).await.unwrap().change,
        Change::None
    );
    image.apply(None).await.unwrap();
    assert!(pve.world().volumes.is_empty());
}

#[tokio::test]
async fn another_version_comes_before_the_old_one_goes() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.5"))).await.unwrap();
    let old = image.state().unwrap().file_id.text().to_owned();
    let mut vm = FakeVm {
        node: "pve2".to_owned(),
        ..FakeVm::default()
    };
    vm.values
        .insert("ide0".to_owned(), format!("{old},media=cdrom"));
    pve.world().vms.insert(101, vm);
    let plan = image.apply(Some(&config("v1.12.6"))).await.unwrap();
    assert_eq!(plan.change, Change::Update);
    assert_eq!(
        pve.world().volumes.len(),
        2,
        "a machine has the old one in its drive"
    );
    pve.world().vms.clear();
    image.apply(None).await.unwrap();
    assert!(
        pve.world().volumes.is_empty(),
        "{:?}",
        pve.world().volume_names()
    );
}

#[tokio::test]
async fn an_image_in_a_drive_is_left_and_told() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.6"))).await.unwrap();
    let volume = image.state().unwrap().file_id.text().to_owned();
    let mut vm = FakeVm {
        node: "pve1".to_owned(),
        ..FakeVm::default()
    };
    vm.values
        .insert("ide2".to_owned(), format!("{volume},media=cdrom,size=1M"));
    pve.world().vms.insert(101, vm);
    let warnings = image.apply(None).await.unwrap().warnings;
    assert!(
        told(&warnings).contains("TS-IMAGE-IN-USE"),
        "{}",
        told(&warnings)
    );
    assert_eq!(pve.world().volume_names(), [volume]);
}

const DIGEST: &str = "abababababababababababababababababababababababababababababababab";

fn with_checksum(value: &str) -> TalosImage {
    TalosImage {
        checksum: Field::Known(ImageChecksum {
            algorithm: "sha256".into(),
            value: value.into(),
        }),
        ..config("v1.12.6")
    }
}

const VOLUME: &str = "files:iso/talos-v1.12.6-nocloud-amd64-376567988ad3.iso";

/// Somebody else put a file of the right size there.
fn put(pve: &FakePve, volume: &str, digest: &str) {
    pve.world().volumes.insert(volume.to_owned(), 1000);
    pve.world()
        .digests
        .insert(volume.to_owned(), digest.to_owned());
}

#[tokio::test]
async fn a_file_that_is_there_is_compared_with_its_checksum() {
    let pve = FakePve::start().await;
    let other = "cd".repeat(32);
    put(&pve, VOLUME, &other);
    let mismatch = format!("got '{other}' != expect '{DIGEST}'");
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    let error = told(
        &image
            .apply(Some(&with_checksum(DIGEST)))
            .await
            .err()
            .unwrap(),
    );
    for part in [
        "TS-PVE-FILE-EXISTS",
        mismatch.as_str(),
        "remove the file",
        "file_name",
        "leave it out",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(image.state().is_none());
    assert_eq!(pve.world().volume_names(), [VOLUME]);
    // The same content is taken; upper case is the same digest.
    put(&pve, VOLUME, DIGEST);
    image.apply(Some(&with_checksum(DIGEST))).await.unwrap();
    assert_eq!(image.state().unwrap().sha256.as_str(), Some(DIGEST));
    let plan = image.plan(Some(&with_checksum(DIGEST))).await.unwrap();
    assert_eq!(plan.change, Change::None);
}

#[tokio::test]
async fn a_file_that_nobody_can_compare_is_refused_where_a_checksum_is_set() {
    let pve = FakePve::start().await;
    put(&pve, VOLUME, DIGEST);
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    let refused = Fault::Refused(403, "Permission check failed");
    pve.fault(DOWNLOAD, refused);
    let error = told(
        &image
            .apply(Some(&with_checksum(DIGEST)))
            .await
            .err()
            .unwrap(),
    );
    assert!(
        error.contains("TS-PVE-FILE-EXISTS") && error.contains("could not compare"),
        "{error}"
    );
    assert!(image.state().is_none());
    // Taken as it is, its digest is not known.
    image.apply(Some(&config("v1.12.6"))).await.unwrap();
    assert!(image.state().unwrap().sha256.is_null());
    // A checksum that is set later is compared then, and a wrong one harms nothing.
    let error = told(
        &image
            .apply(Some(&with_checksum(&"ef".repeat(32))))
            .await
            .err()
            .unwrap(),
    );
    assert!(error.contains("TS-PVE-FILE-EXISTS"), "{error}");
    assert!(image.state().unwrap().checksum.is_null());
    image.apply(Some(&with_checksum(DIGEST))).await.unwrap();
    assert_eq!(image.state().unwrap().sha256.as_str(), Some(DIGEST));
}

#[tokio::test]
async fn a_run_that_was_killed_after_the_delivery_is_gone_on_with() {
    for config in [config("v1.12.6"), with_checksum(&DIGEST.to_uppercase())] {
        let pve = FakePve::start().await;
        let core = pve.core();
        let mut killed = core.object::<TalosImageResource>();
        killed.apply(Some(&config)).await.unwrap();
        // The state of that run was never stored.
        let mut image = core.object::<TalosImageResource>();
        image.apply(Some(&config)).await.unwrap();
        let known = config.checksum.is_known().then_some(DIGEST);
        assert_eq!(image.state().unwrap().sha256.as_str(), known);
        image.apply(None).await.unwrap();
        assert!(pve.world().volumes.is_empty(), "the image is its own");
    }
}

#[tokio::test]
async fn what_was_delivered_here_is_not_compared_again() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&with_checksum(DIGEST))).await.unwrap();
    let fewer = TalosImage {
        nodes: Field::Known(BTreeSet::from(["pve1".to_owned()])),
        ..with_checksum(DIGEST)
    };
    let plan = image.apply(Some(&fewer)).await.unwrap();
    assert_eq!(plan.change, Change::Update);
    assert_eq!(pve.host.writes(), [DOWNLOAD], "nothing moves");
    assert_eq!(pve.world().volume_names(), [VOLUME], "shared by all hosts");
    assert_eq!(image.state().unwrap().file_ids.get().unwrap().len(), 1);
    // What a file has become that somebody replaced is not known.
    pve.world().volumes.insert(VOLUME.to_owned(), 5);
    let text = told(&image.plan(Some(&fewer)).await.unwrap().warnings);
    assert!(text.contains("TS-IMAGE-REPLACED"), "{text}");
    assert!(image.state().unwrap().sha256.is_null());
}

#[tokio::test]
async fn digests_are_told_only_where_they_are_known_for_sure() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    let mut other = with_checksum(&DIGEST.repeat(2));
    other.checksum.get_mut().unwrap().algorithm = "sha512".into();
    image.apply(Some(&other)).await.unwrap();
    assert!(image.state().unwrap().sha256.is_null());
    let file = tempfile::Builder::new().suffix(".iso").tempfile().unwrap();
    std::fs::write(file.path(), b"a small image").unwrap();
    let sum = "b6ddd3d7dd4f2bd1ec2c8b2ee4e4dcc8bb3de1c0dd6ba1b4b9a4ef1c3d4f9d6a";
    let mut sent = core.object::<TalosImageResource>();
    sent.apply(Some(&from_file(file.path()))).await.unwrap();
    let known = sent.state().unwrap().sha256.text().to_owned();
    assert_eq!(known.len(), 64);
    // The same file again, by another resource, where the host does not compare: only its size is known to be the same.
    pve.fault(DOWNLOAD, Fault::Refused(403, "Permission check failed"));
    let mut found = core.object::<TalosImageResource>();
    found.apply(Some(&from_file(file.path()))).await.unwrap();
    assert!(found.state().unwrap().sha256.is_null());
    // With a checksum, the host compares.
    let mut summed = from_file(file.path());
    summed.checksum = Field::Known(ImageChecksum {
        algorithm: "sha256".into(),
        value: sum.into(),
    });
    let error = told(&found.apply(Some(&summed)).await.err().unwrap());
    assert!(error.contains("TS-PVE-FILE-EXISTS"), "{error}");
    summed.checksum.get_mut().unwrap().value = known.as_str().into();
    found.apply(Some(&summed)).await.unwrap();
    assert_eq!(found.state().unwrap().sha256.as_str(), Some(known.as_str()));
    // It has another name than an image of the factory: it is not removed with what found it.
    found.apply(None).await.unwrap();
    assert!(
        pve.world()
            .volume_names()
            .contains(&"files:iso/own.iso".to_owned())
    );
}

#[tokio::test]
async fn a_delivery_that_came_to_some_hosts_is_gone_on_with() {
    let pve = FakePve::start().await;
    pve.world().storages.insert("local", ("iso", false));
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    let on_local = |version: &str| TalosImage {
        storage: "local".into(),
        ..config(version)
    };
    image.apply(Some(&on_local("v1.12.5"))).await.unwrap();
    let plan = image.plan(Some(&on_local("v1.12.6"))).await.unwrap();
    pve.fault(
        "GET /nodes/pve2/storage/local/content",
        Fault::Refused(500, "the disk is slow today"),
    );
    image
        .apply_plan(Some(&on_local("v1.12.6")), &plan)
        .await
        .unwrap_err();
    let hosts = |image: &framework::testing::Object<TalosImageResource>| {
        let state = image.state().unwrap();
        state
            .file_ids
            .get()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(hosts(&image), ["pve1"]);
    let plan = image.apply(Some(&on_local("v1.12.6"))).await.unwrap();
    assert_eq!(plan.change, Change::Update);
    assert_eq!(hosts(&image), ["pve1", "pve2"]);
    let names = pve.world().volume_names();
    assert_eq!(
        names,
        ["local:iso/talos-v1.12.6-nocloud-amd64-376567988ad3.iso"]
    );
}

#[tokio::test]
async fn a_file_that_was_there_before_stays_whatever_came_before_it() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.5"))).await.unwrap();
    // The next one is somebody else's; ours goes, theirs stays.
    put(&pve, "files:iso/theirs.iso", DIGEST);
    let theirs = TalosImage {
        file_name: "theirs.iso".into(),
        ..config("v1.12.6")
    };
    image.apply(Some(&theirs)).await.unwrap();
    assert_eq!(pve.world().volume_names(), ["files:iso/theirs.iso"]);
    // And one of ours after it is ours.
    image.apply(Some(&config("v1.12.7"))).await.unwrap();
    image.apply(None).await.unwrap();
    assert_eq!(pve.world().volume_names(), ["files:iso/theirs.iso"]);
}

/// A machine of another cluster, which the token does not see, has the volume in a drive.
fn hide_user_of(pve: &FakePve, volume: &str) {
    let mut vm = FakeVm {
        node: "pve1".to_owned(),
        ..FakeVm::default()
    };
    vm.values
        .insert("ide2".to_owned(), format!("{volume},media=cdrom,size=1M"));
    pve.world().vms.insert(900, vm);
    pve.world().hidden.insert(900);
}

#[tokio::test]
async fn a_token_that_does_not_see_all_machines_removes_no_file() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.5"))).await.unwrap();
    let old = image.state().unwrap().file_id.text().to_owned();
    hide_user_of(&pve, &old);
    // What another version takes the place of stays, and is told.
    let warnings = image.apply(Some(&config("v1.12.6"))).await.unwrap();
    let text = told(&warnings.warnings);
    assert!(
        text.contains("TS-IMAGE-KEPT") && text.contains(&old) && text.contains("VM.Audit on /vms"),
        "{text}"
    );
    assert_eq!(pve.world().volumes.len(), 2);
    // So does the image itself; it is forgotten.
    let text = told(&image.apply(None).await.unwrap().warnings);
    assert!(text.contains("TS-IMAGE-KEPT"), "{text}");
    assert!(image.state().is_none());
    assert_eq!(pve.world().volumes.len(), 2);
    assert_eq!(pve.host.writes().len(), 2, "{:?}", pve.host.writes());
}

#[tokio::test]
async fn a_machine_whose_configuration_may_not_be_read_keeps_the_file() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.6"))).await.unwrap();
    let vm = FakeVm {
        node: "pve1".to_owned(),
        ..FakeVm::default()
    };
    pve.world().vms.insert(900, vm);
    let refused = Fault::Refused(403, "Permission check failed (/vms/900, VM.Audit)");
    pve.fault("GET /nodes/pve1/qemu/900/config", refused);
    let text = told(&image.apply(None).await.unwrap().warnings);
    assert!(text.contains("TS-IMAGE-KEPT"), "{text}");
    assert_eq!(pve.world().volumes.len(), 1);
}

#[tokio::test]
async fn a_shared_file_is_removed_by_whichever_host_is_there() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.6"))).await.unwrap();
    pve.world().offline.insert("pve1");
    image.apply(None).await.unwrap();
    assert!(image.state().is_none());
    assert!(pve.world().volumes.is_empty());
    assert_eq!(pve.host.writes().len(), 2, "{:?}", pve.host.writes());
}

/// An image that is there, and the provider where what is out of reach may be forgotten.
async fn forgettable(pve: &FakePve, data: Data) -> framework::testing::Object<TalosImageResource> {
    let mut image = pve.core().object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.6"))).await.unwrap();
    let (state, private) = (image.state().unwrap(), image.private().unwrap());
    let mut image = MiniCore::with_data(forgetful(data)).object::<TalosImageResource>();
    image.assume(&state, &private).unwrap();
    image
}

#[tokio::test]
async fn only_what_nobody_answers_for_is_forgotten() {
    let pve = FakePve::start().await;
    // Nobody was asked.
    let mut image = forgettable(&pve, crate::shared::testing::data()).await;
    let plan = image.plan_only(None).unwrap();
    let failed = told(&image.apply_plan(None, &plan).await.err().unwrap());
    assert!(failed.contains("TS-PVE-SETTINGS"), "{failed}");
    assert!(image.state().is_some());
    // Somebody was asked to remove it, and did not say how that ended.
    for _ in 0..4 {
        pve.fault("DELETE /nodes/pve1/storage", Fault::Dropped);
        pve.fault("DELETE /nodes/pve2/storage", Fault::Dropped);
    }
    let mut image = forgettable(&pve, pve.data()).await;
    let plan = image.plan_only(None).unwrap();
    let failed = told(&image.apply_plan(None, &plan).await.err().unwrap());
    assert!(failed.contains("TS-PVE-UNCLEAR"), "{failed}");
    assert!(image.state().is_some());
    // Its hosts are off.
    pve.world().faults.clear();
    pve.world().offline.extend(["pve1", "pve2"]);
    let plan = image.plan_only(None).unwrap();
    let warned = told(&image.apply_plan(None, &plan).await.unwrap());
    assert!(
        warned.contains("TS-LEFT-BEHIND") && warned.contains("TS-PVE-HOST-OFFLINE"),
        "{warned}"
    );
    assert!(image.state().is_none());
    assert_eq!(pve.world().volumes.len(), 1);
}

#[tokio::test]
async fn what_could_not_be_removed_is_removed_later() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.5"))).await.unwrap();
    for host in [
        "DELETE /nodes/pve1/storage/files/content",
        "DELETE /nodes/pve2/storage/files/content",
    ] {
        pve.fault(host, Fault::Refused(500, "the storage is in a bad mood"));
    }
    let text = told(
        &image
            .apply(Some(&config("v1.12.6")))
            .await
            .unwrap()
            .warnings,
    );
    assert!(
        text.contains("TS-PVE-FAILED") && text.contains("bad mood"),
        "{text}"
    );
    assert_eq!(pve.world().volumes.len(), 2);
    image.apply(None).await.unwrap();
    assert!(
        pve.world().volumes.is_empty(),
        "{:?}",
        pve.world().volume_names()
    );
}

#[tokio::test]
async fn a_lost_file_is_delivered_again() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.6"))).await.unwrap();
    pve.world().volumes.clear();
    let plan = image.apply(Some(&config("v1.12.6"))).await.unwrap();
    assert_eq!(plan.change, Change::Create);
    assert_eq!(pve.world().volumes.len(), 1);
}

#[tokio::test]
async fn a_lost_answer_does_not_fetch_twice() {
    let pve = FakePve::start().await;
    pve.fault(DOWNLOAD, Fault::Lost);
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.6"))).await.unwrap();
    assert_eq!(pve.host.writes(), [DOWNLOAD]);
}

#[tokio::test]
async fn a_file_is_uploaded_and_what_is_there_already_is_compared() {
    let pve = FakePve::start().await;
    let file = tempfile::Builder::new().suffix(".iso").tempfile().unwrap();
    std::fs::write(file.path(), b"a small image").unwrap();
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&from_file(file.path()))).await.unwrap();
    let state = image.state().unwrap();
    assert_eq!(
        (state.id.as_str(), state.size_bytes.get()),
        (Some("files:iso/own.iso"), Some(&13))
    );
    assert_eq!(state.sha256.text().len(), 64);
    // A run that was killed after the upload leaves the same: it is ours.
    let mut again = core.object::<TalosImageResource>();
    again.apply(Some(&from_file(file.path()))).await.unwrap();
    assert_eq!(again.state().unwrap().sha256, state.sha256);
    again.apply(None).await.unwrap();
    assert_eq!(pve.world().volume_names(), Vec::<String>::new());
    // Another one under its name is not overwritten, neither one of another size nor one of the same.
    for size in [99, 13] {
        put(&pve, "files:iso/own.iso", DIGEST);
        let own = "files:iso/own.iso".to_owned();
        pve.world().volumes.insert(own, size);
        let mut third = core.object::<TalosImageResource>();
        let failed = third.apply(Some(&from_file(file.path()))).await;
        let failed = told(&failed.err().unwrap());
        assert!(failed.contains("TS-PVE-FILE-EXISTS"), "{failed}");
        assert!(third.state().is_none());
    }
    // Where the host does not compare, it is taken as it is and is not ours to remove.
    pve.fault(DOWNLOAD, Fault::Refused(403, "Permission check failed"));
    let mut unsure = core.object::<TalosImageResource>();
    unsure.apply(Some(&from_file(file.path()))).await.unwrap();
    assert!(unsure.state().unwrap().sha256.is_null());
    unsure.apply(None).await.unwrap();
    assert_eq!(pve.world().volume_names(), ["files:iso/own.iso"]);
}

#[tokio::test]
async fn refusals_have_a_code_a_cause_and_a_cure() {
    let cases: [(Fault, &str, &str); 2] = [
        (
            Fault::Fails("checksum mismatch: got 'a' != expect 'b', aborting"),
            "TS-PVE-CHECKSUM",
            "correct `checksum`",
        ),
        (
            Fault::Refused(
                403,
                "Permission check failed (/storage/files, Datastore.AllocateTemplate)",
            ),
            "TS-PVE-PERMISSION",
            "Datastore.AllocateTemplate on /storage/files",
        ),
    ];
    for (fault, code, cure) in cases {
        let pve = FakePve::start().await;
        pve.fault(DOWNLOAD, fault);
        let core = pve.core();
        let mut image = core.object::<TalosImageResource>();
        let mut config = config("v1.12.6");
        config.checksum = Field::Known(ImageChecksum {
            algorithm: "sha256".into(),
            value: "00".repeat(32).into(),
        });
        let error = told(&image.apply(Some(&config)).await.err().unwrap());
        assert!(error.contains(code) && error.contains(cure), "{error}");
        assert!(image.state().is_none() && pve.world().volumes.is_empty());
    }
    let pve = FakePve::start().await;
    let core = pve.core();
    let on = |storage: &str| TalosImage {
        storage: storage.into(),
        ..config("v1.12.6")
    };
    let error = core
        .object::<TalosImageResource>()
        .apply(Some(&on("nostore")))
        .await
        .err()
        .unwrap();
    assert!(
        told(&error).contains("TS-PVE-STORAGE-UNKNOWN"),
        "{}",
        told(&error)
    );
    let error = core
        .object::<TalosImageResource>()
        .apply(Some(&on("vms")))
        .await
        .err()
        .unwrap();
    assert!(
        told(&error).contains("TS-PVE-STORAGE-CONTENT"),
        "{}",
        told(&error)
    );
}

#[tokio::test]
async fn placeholders_are_planned_and_refused_at_apply_without_a_call() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    let from = |change: fn(&mut TalosImage)| {
        let mut config = TalosImage {
            factory: Field::Null,
            ..config("v1.12.6")
        };
        change(&mut config);
        config
    };
    let mut schematic = config("v1.12.6");
    schematic.factory.get_mut().unwrap().schematic_id = "mock".into();
    let mut name = config("v1.12.6");
    name.file_name = "mock".into();
    let cases = [
        ("factory.schematic_id", schematic),
        ("file_name", name),
        ("checksum.value", with_checksum("mock-checksum")),
        ("file", from(|config| config.file = "mock".into())),
        (
            "url",
            from(|config| config.url = "https://images.invalid/mock".into()),
        ),
    ];
    for (attribute, mock) in cases {
        assert_eq!(told_by(validate, &mock), "", "{attribute}");
        let plan = image.plan(Some(&mock)).await.unwrap();
        let text = told(&plan.warnings);
        assert!(text.contains("TS-PLACEHOLDER"), "{attribute}: {text}");
        let error = told(&image.apply_plan(Some(&mock), &plan).await.unwrap_err());
        assert!(
            error.contains("TS-PLACEHOLDER") && error.contains(attribute),
            "{attribute}: {error}"
        );
    }
    assert!(pve.host.journal().is_empty());
    // A name that follows from a real address may begin like one.
    let real = from(|config| config.url = "https://images.example/mock-up.iso".into());
    let mut named = real.clone();
    named.file_name = file_name(&real).into();
    for image in [real, named] {
        assert!(matches!(source(&image, None), Known::Source(_)));
    }
}

#[tokio::test]
async fn only_what_was_recorded_as_delivered_is_removed() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.6"))).await.unwrap();
    let (state, private) = (image.state().unwrap(), image.private().unwrap());
    let volume = state.file_id.text().to_owned();
    let own = private.own(&state);
    let both = ["pve1", "pve2"].map(|node| (node.to_owned(), volume.clone()));
    assert_eq!(own, BTreeSet::from(both));
    // State that has no record.
    let mut found = core.object::<TalosImageResource>();
    found.assume(&state, &Private::default()).unwrap();
    let text = told(&found.apply(None).await.unwrap().warnings);
    assert!(
        text.contains("TS-IMAGE-KEPT")
            && text.contains(&format!("{volume} on pve1, {volume} on pve2")),
        "{text}"
    );
    assert_eq!(pve.world().volume_names(), [volume]);
    // Its own record.
    image.apply(None).await.unwrap();
    assert!(pve.world().volumes.is_empty());
}

#[tokio::test]
async fn an_image_is_imported_and_not_removed_with_the_resource() {
    let pve = FakePve::start().await;
    pve.world()
        .volumes
        .insert("files:iso/there.iso".to_owned(), 5);
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.import("files:iso/there.iso").await.unwrap();
    assert_eq!(image.state().unwrap().size_bytes.get(), Some(&5));
    image.apply(None).await.unwrap();
    assert_eq!(pve.world().volumes.len(), 1);
}

#[test]
fn names_follow_from_sources() {
    let named = |url: &str| {
        file_name(&TalosImage {
            url: url.into(),
            ..TalosImage::absent()
        })
    };
    assert_eq!(
        named("https://x.example/a/talos.iso?x=1").as_deref(),
        Some("talos.iso")
    );
    assert_eq!(
        named("https://x.example/a%20b.iso").as_deref(),
        Some("a_20b.iso")
    );
    assert_eq!(content("a.iso"), Some("iso"));
    assert_eq!(content("a.qcow2"), Some("import"));
    assert_eq!(content("a.iso.xz"), None);
}

#[test]
fn mistakes_are_found_before_anybody_is_asked() {
    let found = |change: fn(&mut TalosImage)| {
        let mut config = config("v1.12.6");
        change(&mut config);
        told_by(validate, &config)
    };
    assert_eq!(found(|_| {}), "");
    assert!(found(|config| config.url = "https://x/a.iso".into()).contains("TS-INPUT-CONFLICT"));
    assert!(found(|config| config.factory = Field::Null).contains("TS-INPUT-CONFLICT"));
    for name in ["a.txt", "my image.iso", "../a.iso", "local:iso/a.iso"] {
        let mut config = config("v1.12.6");
        config.file_name = name.into();
        assert!(
            told_by(validate, &config).contains("TS-INPUT-INVALID"),
            "{name}"
        );
    }
    for version in ["v1.12", "1.12.x"] {
        let found = told_by(validate, &config(version));
        assert!(
            found.contains("TS-INPUT-INVALID: factory.talos_version"),
            "{found}"
        );
    }
    let digest = |algorithm: &'static str, value: &str| {
        let mut config = with_checksum(value);
        config.checksum.get_mut().unwrap().algorithm = algorithm.into();
        told_by(validate, &config)
    };
    assert_eq!(digest("sha256", DIGEST), "");
    assert_eq!(digest("sha256", "mock-checksum"), "");
    assert!(digest("sha512", DIGEST).contains("TS-INPUT-INVALID: checksum.value"));
    assert!(digest("sha256", &"xy".repeat(32)).contains("64 hexadecimal digits"));
    assert!(
        found(|config| config.nodes = Field::Known(BTreeSet::new())).contains("TS-INPUT-MISSING")
    );
}
