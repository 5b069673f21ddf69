use nix::sys::resource::{UsageWho, getrusage};

use super::*;
use crate::diff::diff;
use crate::document::Config;
use crate::tables::Line;
use crate::yaml::comparisons;

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
    for line in Line::ALL {
        for text in ["---\n# nothing\n", "--- ~\n", "null\n", "---\n---\n"] {
            assert!(
                Patch::load(text, line).unwrap().is_empty(),
                "{line}: {text}"
            );
        }
    }
}

#[test]
fn json_patches_are_refused_beside_documents() {
    let error = patched(&["[{\"op\": \"remove\", \"path\": \"/machine\"}]"]).unwrap_err();
    assert!(error.contains("one document only"), "{error}");
}

/// A JSON patch for one document, one operation a line; the line and the path of its error.
fn refused(operations: &[&str]) -> (usize, String) {
    let base = "machine: {type: worker, certSANs: [a], sysctls: {a: \"1\"}}\n";
    let mut config = Config::load(base, Line::V1_12).unwrap();
    let lines: Vec<String> = operations.iter().map(|o| format!("- {{{o}}}\n")).collect();
    let patch = Patch::load(&lines.concat(), Line::V1_12).unwrap();
    let error = config.apply_patches(&[patch]).unwrap_err().error;
    (error.line, error.path)
}

#[test]
fn of_json_patches_the_operation_to_blame_is_named() {
    let good = [
        "op: add, path: /machine/token, value: a",
        "op: add, path: /machine/certSANs/-, value: b",
        "op: add, path: /machine/certSANs/0, value: c",
        "op: remove, path: /machine/sysctls/a",
        "op: copy, from: /machine/type, path: /machine/token",
        "op: test, path: /machine/type, value: worker",
        "op: replace, path: /machine/type, value: controlplane",
    ];
    let bad = [
        ("op: add, path: /machine/sysctl, value: {}", "machine"),
        (
            "op: move, from: /machine/type, path: /machine/typ",
            "machine",
        ),
        (
            "op: copy, from: /machine/certSANs, path: /machine/kubelet",
            "machine.kubelet",
        ),
        (
            "op: add, path: /machine/certSANs/-, value: {x: y}",
            "machine.certSANs",
        ),
        (
            "op: add, path: /machine/certSANs/0, value: [x]",
            "machine.certSANs",
        ),
        (
            "op: replace, path: /machine, value: {tipe: worker}",
            "machine",
        ),
        (
            "op: replace, path: \"\", value: {machine: {type: worker, nothing: 1}}",
            "machine",
        ),
    ];
    for (bad, wanted) in bad {
        // What comes after it must still be possible.
        let good: Vec<&str> = match bad {
            bad if bad.contains("replace") => Vec::from(&good[..1]),
            bad if bad.contains("move") => Vec::from(&good[..4]),
            _ => Vec::from(&good),
        };
        for place in [0, good.len() / 2, good.len()] {
            let mut operations = good.clone();
            operations.insert(place, bad);
            let (line, path) = refused(&operations);
            assert_eq!(line, place + 1, "{operations:#?}");
            assert!(path.starts_with(wanted), "{path}: {operations:#?}");
        }
    }
}

#[test]
fn of_long_json_patches_the_operation_to_blame_is_named_too() {
    let good = "op: add, path: /machine/certSANs/-, value: b";
    for place in [0, 1, 63, 64, 65, 98, 99] {
        let mut operations = [good; 100];
        operations[place] = "op: add, path: /machine/certSANs/-, value: [b]";
        assert_eq!(refused(&operations).0, place + 1);
    }
}

#[test]
fn a_mistake_that_was_made_good_is_not_blamed() {
    let (line, _) = refused(&[
        "op: add, path: /machine/sysctl, value: {}",
        "op: remove, path: /machine/sysctl",
        "op: add, path: /machine/token, value: a",
        "op: add, path: /machine/sysctl, value: {}",
        "op: add, path: /machine/token, value: b",
    ]);
    assert_eq!(line, 4);
}

/// Those made good lie in the middle, where wide steps back fall.
#[test]
fn a_mistake_that_was_made_good_long_ago_is_not_blamed() {
    let good = "op: add, path: /machine/token, value: a";
    let (spoils, mends) = (
        "op: add, path: /machine/sysctl, value: {}",
        "op: remove, path: /machine/sysctl",
    );
    for gap in 1..40 {
        let mut operations = vec![spoils, mends];
        operations.extend(vec![good; gap]);
        operations.push(spoils);
        operations.extend(vec![good; 6]);
        assert_eq!(refused(&operations).0, gap + 3, "{gap}");
        operations.splice(1..1, vec![good; gap]);
        assert_eq!(refused(&operations).0, 2 * gap + 3, "{gap}");
    }
}

/// JSON patches for one document; which of them is refused, and in which line.
fn joined(patches: &[&str]) -> Result<String, (usize, usize)> {
    let base = "machine: {type: worker, certSANs: [x, y, z], sysctls: {a: \"1\"}}\n";
    let mut config = Config::load(base, Line::V1_12).unwrap();
    let patches = Patch::load_all(patches, Line::V1_12).unwrap();
    match config.apply_patches(&patches) {
        Ok(()) => Ok(config.emit()),
        Err(error) => Err((error.patch, error.error.line)),
    }
}

const EMPTIES: &str = "[{op: replace, path: /machine/sysctls, value: {}}]";
const FILLS: &str = "[{op: add, path: /machine/sysctls/b, value: x}]";
const SPOILS: &str = "\n[{op: add, path: /machine/bogus, value: {}}]";
const MENDS: &str = "[{op: remove, path: /machine/bogus}]";

#[test]
fn neighbouring_json_patches_are_joined() {
    let text = joined(&[EMPTIES, FILLS]).unwrap();
    assert!(text.contains("b: x") && !text.contains("a: "), "{text}");
    assert!(joined(&[SPOILS, FILLS, MENDS]).is_ok());
}

#[test]
fn of_joined_json_patches_the_one_to_blame_is_named() {
    assert_eq!(joined(&[SPOILS, "machine: {}", MENDS]), Err((0, 2)));
    assert_eq!(joined(&["machine: {}", FILLS, SPOILS, FILLS]), Err((2, 2)));
    assert_eq!(joined(&[FILLS, FILLS, MENDS, FILLS]), Err((2, 1)));
    let whole = "\n\n[{op: replace, path: '', value: []}]";
    assert_eq!(joined(&[FILLS, whole]), Err((1, 3)));
}

#[test]
fn json_tests_for_null_pass_where_official_machinery_lets_them() {
    let test = |rest: &str| joined(&[&format!("[{{\"op\":\"test\",{rest}}}]")]).is_ok();
    for (rest, passes) in [
        (r#""path":"/nothing/here/x","value":null"#, false),
        (r#""path":"/machine/zz","value":null"#, true),
        (r#""path":"/machine/zz""#, true),
        (r#""path":"/machine/certSANs/9","value":null"#, false),
        (r#""path":"/machine/type/x","value":null"#, false),
        (r#""path":"/machine/type","value":null"#, false),
        (r#""path":"/machine/type""#, false),
    ] {
        assert_eq!(test(rest), passes, "{rest}");
    }
    // The null of YAML is a value, not none.
    assert!(joined(&["- op: test\n  path: /machine/zz\n  value: null\n"]).is_err());
    assert!(joined(&["- op: test\n  path: /machine/zz\n"]).is_ok());
}

#[test]
fn json_pointers_are_read_as_official_machinery_reads_them() {
    let remove = |path: &str| joined(&[&format!("[{{op: remove, path: {path}}}]")]);
    assert_eq!(
        remove("/machine/certSANs/-0"),
        remove("/machine/certSANs/0")
    );
    assert_eq!(
        remove("/machine/certSANs/+1"),
        remove("/machine/certSANs/1")
    );
    assert_eq!(remove("./machine/sysctls"), remove("/machine/sysctls"));
    assert!(remove("/machine/certSANs/-3").is_ok());
    for path in ["-+1", "--1", "-4", "3", "''"] {
        assert_eq!(remove(&format!("/machine/certSANs/{path}")), Err((0, 1)));
    }
    for value in [".inf", "[{a: -.inf}]", ".nan"] {
        let patch = format!("[{{op: add, path: /cluster, value: {value}}}]");
        assert!(Patch::load(&patch, Line::V1_12).is_err());
    }
}

/// Official machinery makes JSON of them first.
#[test]
fn json_patches_written_as_yaml_have_whole_numbers_and_no_dates() {
    let value = "{apiServer: {auditPolicy: {a: 1e6, b: 2024-01-01, c: 0.5, f: 1e19, g: 1e20}}}";
    let text = joined(&[&format!("[{{op: add, path: /cluster, value: {value}}}]")]).unwrap();
    for wanted in [
        "a: 1000000\n",
        "b: \"2024-01-01T00:00:00Z\"\n",
        "c: 0.5\n",
        "f: 10000000000000000000\n",
        "g: 1e+20\n",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
}

/// They go through JSON.
#[test]
fn json_patches_make_numbers_whole_and_take_no_infinities() {
    let patched = |number: &str| {
        let base = format!("machine: {{type: worker, kubelet: {{extraConfig: {{a: {number}}}}}}}");
        let mut config = Config::load(&base, Line::V1_14).unwrap();
        let patches = Patch::load_all(&["[{op: remove, path: /machine/type}]"], Line::V1_14);
        config
            .apply_patches(&patches.unwrap())
            .map(|()| config.emit())
    };
    assert!(patched("1e10").unwrap().contains("a: 10000000000\n"));
    assert!(patched(".inf").is_err());
}

/// Each copy doubles what is there.
#[test]
fn json_patches_that_copy_too_much_are_refused_at_their_place() {
    let copies: Vec<String> = (0..40)
        .map(|n| format!("- {{op: copy, from: /machine, path: /machine/a{n}}}\n"))
        .collect();
    let (patch, line) = joined(&[FILLS, &copies.concat()]).unwrap_err();
    assert!(patch == 1 && (10..25).contains(&line), "{line}");
}

#[test]
fn json_patches_that_nest_too_deep_are_refused_at_their_place() {
    let mut operations = String::from("- {op: add, path: /machine/n, value: {}}\n");
    for _ in 0..5_000 {
        operations += "- {op: add, path: /machine/m, value: {}}\n";
        operations += "- {op: move, from: /machine/n, path: /machine/m/n}\n";
        operations += "- {op: move, from: /machine/m, path: /machine/n}\n";
    }
    let (patch, line) = joined(&[&operations]).unwrap_err();
    assert_eq!((patch, line), (0, 594));
}

#[test]
fn a_json_patch_that_leaves_no_mapping_is_told_where() {
    let (line, _) = refused(&[
        "op: replace, path: \"\", value: hello",
        "op: test, path: \"\", value: hello",
    ]);
    assert_eq!(line, 1);
}

/// A link may have one end of a pair for its name, but not both.
#[test]
fn of_two_documents_that_clash_the_one_in_the_patch_is_told() {
    let pair = |peer: &str| {
        format!("apiVersion: v1alpha1\nkind: VethConfig\nname: a\npeer:\n    name: {peer}\n")
    };
    let link = "apiVersion: v1alpha1\nkind: LinkConfig\nname: b\n";
    let (before, after) = (
        format!("{link}---\n{}", pair("c")),
        format!("{}---\n{link}", pair("c")),
    );
    // After two lines that say nothing.
    for (base, patch, document, path) in [
        (pair("b"), link.to_owned(), "LinkConfig/b", "name"),
        (link.to_owned(), pair("b"), "VethConfig/a", "peer.name"),
        (before, pair("b"), "VethConfig/a", "peer.name"),
        (after, pair("b"), "VethConfig/a", "peer.name"),
        (
            pair("c"),
            pair("c").replace("name: a", "name: d"),
            "VethConfig/d",
            "peer.name",
        ),
    ] {
        let mut config = Config::load(&base, Line::V1_14).unwrap();
        let patch = Patch::load(&format!("# -\n# -\n{patch}"), Line::V1_14).unwrap();
        let error = config.apply_patches(&[patch]).unwrap_err().error;
        let found = (error.document.as_str(), error.path.as_str(), error.line);
        assert_eq!(found, (document, path, 3), "{error}");
    }
}

/// A wide mapping takes as many comparisons as it has keys, times what halving takes: no more.
#[test]
fn wide_mappings_are_merged_and_compared_without_looking_through_them() {
    const WIDTH: usize = 5_000;
    let wide = |from: usize| -> String {
        let entries: Vec<String> = (from..from + WIDTH)
            .map(|number| format!("k{number}: \"{from}\""))
            .collect();
        entries.join(", ")
    };
    let texts = |from| {
        [
            format!("machine: {{sysctls: {{{}}}}}", wide(from)),
            format!(
                "machine: {{kubelet: {{extraConfig: {{a: {{{}}}}}}}}}",
                wide(from)
            ),
        ]
    };
    let merging = |merge: &str| {
        format!(
            "machine: {{kubelet: {{extraConfig: {{{}, <<: {{{merge}}}}}}}}}",
            wide(0)
        )
    };
    for (base, patch) in texts(0).into_iter().zip(texts(WIDTH / 2)) {
        let mut config = Config::load(&base, Line::V1_12).unwrap();
        let before = config.clone();
        let patch = Patch::load(&patch, Line::V1_12).unwrap();
        let merged = comparisons(|| config.apply_patches(&[patch]).unwrap());
        let compared = comparisons(|| assert!(!diff(&before, &config).is_empty()));
        assert!(merged < WIDTH * 40, "{merged}");
        assert!(compared < WIDTH * 80, "{compared}");
    }
    let loaded = comparisons(|| {
        let config = Config::load(&merging(&wide(WIDTH / 2)), Line::V1_12);
        assert!(config.is_ok());
    });
    assert!(loaded < WIDTH * 40, "{loaded}");
}

/// A patch that deletes interfaces of these names, one a line from the fourth on.
fn interfaces_gone<T: std::fmt::Display>(names: impl Iterator<Item = T>) -> Patch {
    let items = names.map(|name| format!("  - {{interface: {name}, $patch: delete}}\n"));
    let text = format!(
        "machine:\n network:\n  interfaces:\n{}",
        items.collect::<String>()
    );
    Patch::load(&text, Line::V1_12).unwrap()
}

#[test]
fn each_deletion_takes_one_item_of_a_list() {
    let base = "machine: {network: {interfaces: [{interface: a, mtu: 1}, {interface: b}, {interface: a, mtu: 2}]}}";
    let base = Config::load(base, Line::V1_12).unwrap();
    let mut config = base.clone();
    config
        .apply_patches(&[interfaces_gone(["b", "a"].iter())])
        .unwrap();
    assert!(config.emit().contains("mtu: 2") && !config.emit().contains("mtu: 1"));
    let gone = interfaces_gone(["a", "a", "c", "b", "a"].iter());
    let missing = base
        .clone()
        .apply_patches_again(std::slice::from_ref(&gone))
        .unwrap();
    let lines: Vec<usize> = missing.iter().map(|missing| missing.error.line).collect();
    assert_eq!(lines, [6, 8]);
    let error = base.clone().apply_patches(&[gone]).unwrap_err();
    assert_eq!(error.error.line, 6);
}

#[test]
fn many_deletions_take_no_longer_than_many_items() {
    const MANY: usize = 20_000;
    let busy = || {
        let time = getrusage(UsageWho::RUSAGE_THREAD).unwrap().user_time();
        time.tv_sec() * 1000 + time.tv_usec() / 1000
    };
    let items = (0..MANY).map(|n| format!("{{interface: e{n}}}, "));
    let list = items.collect::<String>();
    let base = format!("machine: {{network: {{interfaces: [{list}]}}}}");
    let mut config = Config::load(&base, Line::V1_12).unwrap();
    let before = busy();
    let gone = interfaces_gone((0..MANY).rev().map(|n| format!("e{n}")));
    config.apply_patches(&[gone]).unwrap();
    // A tenth of a second; ten seconds if each deletion looks at all items.
    assert!(busy() - before < 2000, "{} ms", busy() - before);
    assert!(!config.emit().contains("interface:"));
}
