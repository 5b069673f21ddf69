use super::*;
use crate::document::Config;
use crate::tables::Line;

const BASE: &str = "machine:\n    type: worker\n    sysctls:\n        a: \"1\"\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n";

fn patched(patches: &[&str]) -> Result<String, String> {
    let mut config = Config::load(BASE, Line::V1_12).map_err(|e| e.to_string())?;
    let patches: Result<Vec<_>, _> = patches
        .iter()
        .map(|p| Patch::load(p, Line::V1_12))
        .collect();
    config
        .apply_patches(&patches.map_err(|e| e.to_string())?)
        .map_err(|e| e.to_string())?;
    Ok(config.emit())
}

#[test]
fn a_failing_patch_changes_nothing() {
    let mut config = Config::load(BASE, Line::V1_12).unwrap();
    let before = config.emit();
    let good = Patch::load("machine: {sysctls: {b: \"2\"}}", Line::V1_12).unwrap();
    let bad = Patch::load(
        "machine: {network: {hostname: {$patch: delete}}}",
        Line::V1_12,
    )
    .unwrap();
    let error = config.apply_patches(&[good, bad]).unwrap_err();
    assert_eq!(
        (error.patch, error.error.path.as_str(), error.error.line),
        (1, "machine.network.hostname", 1)
    );
    assert_eq!(config.emit(), before);
}

#[test]
fn deleting_from_a_document_that_is_not_there_is_an_error() {
    let error =
        patched(&["apiVersion: v1alpha1\nkind: ResolverConfig\n$patch: delete\n"]).unwrap_err();
    assert_eq!(
        error,
        "patch 1: document ResolverConfig: there is no such document to delete from (line 3)"
    );
}

#[test]
fn an_empty_patch_says_nothing() {
    assert_eq!(patched(&["# nothing\n", "\n"]), patched(&[]));
}

#[test]
fn json_patches_are_refused_beside_documents() {
    let error = patched(&["[{\"op\": \"remove\", \"path\": \"/machine\"}]"]).unwrap_err();
    assert!(error.contains("one document only"), "{error}");
}
