use super::parser::type_of;
use super::{OOM_RANKING, disk, link};
use crate::tables::Line;

#[test]
fn usual_selectors_are_fine() {
    for text in [
        "disk.transport == \"nvme\" && !system_disk",
        "disk.size > 10u * GiB",
        "glob('/dev/sd*', disk.dev_path)",
        "'/x' in disk.symlinks",
        "true",
    ] {
        let disks = disk(Line::V1_12);
        assert_eq!(type_of(text, disks), Ok(disks.result.clone()), "{text}");
    }
    assert!(
        type_of(
            "mac(link.permanent_addr) == \"00:1a:2b:3c:4d:5e\"",
            link(Line::V1_12)
        )
        .is_ok()
    );
    assert_eq!(
        type_of("memory_max.hasValue() ? 0.0 : 1.5", &OOM_RANKING),
        Ok(OOM_RANKING.result.clone())
    );
}

#[test]
fn faults_are_named() {
    for (text, says) in [
        ("disk.sise > 1u", "'sise'"),
        ("disc.size > 1u", "'disc'"),
        ("disk.size > 1", "unsigned"),
        ("disk.size >", "early"),
        ("disk.model == 'x", "character 15"),
        ("(true", "lacks ')'"),
        ("true true", "after its end"),
    ] {
        let error = type_of(text, disk(Line::V1_12)).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn deep_nesting_ends() {
    assert!(type_of(&"(".repeat(100_000), disk(Line::V1_12)).is_err());
    assert!(type_of(&"!".repeat(100_000), disk(Line::V1_12)).is_err());
}
