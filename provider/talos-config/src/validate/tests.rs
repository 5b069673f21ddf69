use super::*;
use crate::tables::Line;

fn report(text: &str, mode: Mode) -> Report {
    validate(&Config::load(text, Line::V1_12).unwrap(), mode)
}

#[test]
fn errors_name_document_and_path() {
    let text = "apiVersion: v1alpha1\nkind: VLANConfig\nname: v5\nparent: eth0\n";
    assert_eq!(
        report(text, Mode::Metal).errors,
        ["VLANConfig/v5: vlanID: must be from 1 to 4094"]
    );
}

#[test]
fn kernel_arguments_are_refused_where_the_image_has_them() {
    let text =
        "machine: {install: {disk: /dev/sda, extraKernelArgs: [a], grubUseUKICmdline: true}}\n";
    assert!(
        report(text, Mode::Metal)
            .errors
            .iter()
            .any(|e| e.contains("schematic"))
    );
    assert!(
        !report(text, Mode::Cloud)
            .errors
            .iter()
            .any(|e| e.contains("schematic"))
    );
}
