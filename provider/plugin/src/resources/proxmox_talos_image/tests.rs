//! Images on a fake Proxmox VE.

use std::collections::BTreeSet;

use framework::prelude::*;
use framework::testing::Change;

use super::TalosImageResource;
use super::model::{ImageChecksum, ImageFactorySource, TalosImage};
use super::plan::validate;
use super::source::{content, file_name};
use crate::shared::fake_pve::{FakePve, FakeVm, Fault};
use crate::shared::testing::told;

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
async fn what_could_not_be_removed_is_removed_later() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let mut image = core.object::<TalosImageResource>();
    image.apply(Some(&config("v1.12.5"))).await.unwrap();
    pve.fault(
        "DELETE /nodes/pve1/storage/files/content",
        Fault::Refused(500, "the storage is in a bad mood"),
    );
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
    // The same file is taken as it is, and is not ours to remove.
    let mut other = core.object::<TalosImageResource>();
    other.apply(Some(&from_file(file.path()))).await.unwrap();
    other.apply(None).await.unwrap();
    assert_eq!(pve.world().volume_names(), ["files:iso/own.iso"]);
    // Another one under its name is not overwritten.
    pve.world()
        .volumes
        .insert("files:iso/own.iso".to_owned(), 99);
    let mut third = core.object::<TalosImageResource>();
    let error = third
        .apply(Some(&from_file(file.path())))
        .await
        .err()
        .unwrap();
    assert!(
        told(&error).contains("TS-PVE-FILE-EXISTS"),
        "{}",
        told(&error)
    );
    assert!(third.state().is_none());
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
            value: "00".into(),
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
    let mut mock = config("v1.12.6");
    mock.factory.get_mut().unwrap().schematic_id = "mock".into();
    let plan = image.plan(Some(&mock)).await.unwrap();
    assert!(
        told(&plan.warnings).contains("TS-PLACEHOLDER"),
        "{}",
        told(&plan.warnings)
    );
    let error = image.apply_plan(Some(&mock), &plan).await.unwrap_err();
    assert!(told(&error).contains("TS-PLACEHOLDER"), "{}", told(&error));
    assert!(pve.host.journal().is_empty());
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
        let mut found = Diagnostics::new();
        validate(&config, &mut found);
        told(&found)
    };
    assert_eq!(found(|_| {}), "");
    assert!(found(|config| config.url = "https://x/a.iso".into()).contains("TS-INPUT-CONFLICT"));
    assert!(found(|config| config.factory = Field::Null).contains("TS-INPUT-CONFLICT"));
    assert!(found(|config| config.file_name = "a.txt".into()).contains("TS-INPUT-INVALID"));
    assert!(
        found(|config| config.nodes = Field::Known(BTreeSet::new())).contains("TS-INPUT-MISSING")
    );
}
