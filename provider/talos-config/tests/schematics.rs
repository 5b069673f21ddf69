//! Schematics are written as Go writes them, so that their ids are the factory's. Skipped where
//! there is no Go.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use std::path::Path;

use oracle::grammar::Dice;
use oracle::{Answer, machinery};
use talos_config::tables::Line;

/// Texts as people write them, some of which look like something else.
const TEXTS: &[&str] = &[
    "console=ttyS0",
    "-console",
    "net.ifnames=0",
    "a b",
    "a: b",
    "#x",
    "1",
    "0x1f",
    "1.5",
    "true",
    "yes",
    "off",
    "null",
    "~",
    "",
    "é",
    "'q'",
    "\"q\"",
    " lead",
    "trail ",
    "{a: 1}",
    "[a]",
    "siderolabs/qemu-guest-agent",
    "2024-01-01",
    "12:30:45",
    "ip=10.0.0.1::10.0.0.254:255.255.255.0::eth0:off",
    "talos.config=https://example.com/?a=b&c=d",
    "one\ntwo\n",
    "machine:\n    type: worker\n",
];

fn quoted(dice: &mut Dice) -> String {
    serde_json::to_string(dice.pick(TEXTS)).unwrap()
}

fn list(dice: &mut Dice) -> String {
    let items: Vec<String> = (0..dice.below(4)).map(|_| quoted(dice)).collect();
    format!("[{}]", items.join(", "))
}

/// A schematic with some of all fields, in a layout that is not the canonical one.
fn schematic(dice: &mut Dice) -> String {
    let mut top = Vec::new();
    if dice.below(4) == 0 {
        top.push(format!("owner: {}", quoted(dice)));
    }
    if dice.below(2) == 0 {
        top.push(format!("customization: {{{}}}", customization(dice)));
    }
    if dice.below(3) == 0 {
        top.push(overlay(dice));
    }
    format!("{{{}}}", top.join(", "))
}

fn overlay(dice: &mut Dice) -> String {
    let options: Vec<String> = (0..dice.below(4))
        .map(|number| {
            let value = match dice.below(4) {
                0 => "{z: 1, a: [true, 2]}".to_owned(),
                1 => dice.below(1000).to_string(),
                2 => "false".to_owned(),
                _ => quoted(dice),
            };
            format!("option{}: {value}", 12 - number * 5)
        })
        .collect();
    format!(
        "overlay: {{name: {}, options: {{{}}}, image: {}}}",
        quoted(dice),
        options.join(", "),
        quoted(dice)
    )
}

fn customization(dice: &mut Dice) -> String {
    let mut fields = vec![
        format!("systemExtensions: {{officialExtensions: {}}}", list(dice)),
        format!("extraKernelArgs: {}", list(dice)),
        format!(
            "meta: [{{value: {}, key: {}}}]",
            quoted(dice),
            dice.below(256)
        ),
        format!(
            "bootloader: {}",
            dice.pick(&["dual-boot", "sd-boot", "grub"])
        ),
        format!(
            "secureboot: {{includeWellKnownCertificates: {}, enrollKeys: {}}}",
            dice.pick(&["true", "false"]),
            dice.pick(&["\"off\"", "manual", "if-safe", "force"])
        ),
        format!(
            "diskImage: {{sectorSize: {}}}",
            dice.pick(&["0", "512", "4096"])
        ),
        format!("embeddedMachineConfiguration: {}", quoted(dice)),
    ];
    fields.retain(|_| dice.below(2) == 0);
    fields.join(", ")
}

#[test]
fn schematics_are_written_as_go_writes_them() {
    // Factories of different age have the libraries of these lines.
    for line in [Line::V1_12, Line::V1_13] {
        if let Some(program) = machinery::find("schematics", line) {
            compare(&program, line);
        }
    }
}

fn compare(program: &Path, line: Line) {
    let mut dice = Dice::new(31);
    let fixed = [
        "customization: {}",
        "overlay: {}",
        "overlay: {image: a}",
        "customization: {extraKernelArgs: [1, true, null]}",
        "customization: {extraKernelArgs: a}",
        "customization: {meta: [{key: 10}]}",
        "customization: {meta: [{kee: 10}]}",
        "customization: {meta: [{key: x}]}",
        "customization: {meta: [{key: 255}]}",
        "customization: {meta: [{key: 256}]}",
        "customization: {meta: [{key: -1}]}",
        "customization: {meta: [{key: 0xa}]}",
        "customization: {meta: [{key: 10.0}]}",
        "customization: {meta: [{key: \"10\"}]}",
        "customization: {diskImage: {sectorSize: 18446744073709551615}}",
        "customization: {diskImage: {sectorSize: -1}}",
        "customization: {diskImage: {sectorSize: 1e30}}",
        "customization: {<<: {bootloader: grub}}",
        "customization: {bootloader: grub, <<: {bootloader: sd-boot, extraKernelArgs: [a]}}",
        "customization: {<<: [{bootloader: grub}, {bootloader: sd-boot}]}",
        "customization: {bootloader: null, <<: {bootloader: sd-boot}}",
        "customization: {<<: {nothing: 1}}",
        "customization: {<<: {bootloader: grub, bootloader: grub}}",
        "customization: {<<: {bootloader: grub}, <<: {owner: a}}",
        "customization: {<<: a}",
        "customization: {<<: null}",
        "customization: {<<: []}",
        "customization: {<<: [a]}",
        "customization: {diskImage: &d {sectorSize: 512}, systemExtensions: {<<: *d}}",
        "customization: {diskImage: &d {}, systemExtensions: {<<: *d}}",
        "overlay: {options: {a: &a {b: 1}, c: {<<: *a, d: 2}, <<: {e: 1, a: 2}}}",
        "overlay: {options: {<<: [{1: a}, {true: b}, {~: c}]}}",
        "overlay: {options: {a: {<<: [{1: a}]}}}",
        "overlay: {options: {1: a}}",
        "{owner: a, owner: b}",
        "{? [a] : b}",
        "nothing: 1",
        "- a",
    ];
    let random: Vec<String> = (0..1000).map(|_| schematic(&mut dice)).collect();
    let questions: Vec<Answer> = fixed
        .into_iter()
        .map(str::to_owned)
        .chain(random)
        .map(|config| Answer {
            name: config.clone(),
            op: "schematic".into(),
            config,
            ..Answer::default()
        })
        .collect();
    let answers = machinery::ask(program, &questions);
    let accepted = answers.iter().filter(|answer| answer.error.is_empty());
    assert!(accepted.count() > 1000);
    let differences: Vec<String> = answers
        .iter()
        .filter_map(|answer| oracle::difference(answer, line))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
