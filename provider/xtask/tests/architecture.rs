//! The invariants of docs/architecture.md that the source tree itself can break.

#![allow(clippy::unwrap_used, reason = "tests end by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().to_owned()
}

/// Workspace crates that each crate uses, tests aside.
fn arrows() -> BTreeMap<String, Vec<String>> {
    let members = ["proto/tfplugin", "proto/talos", "acceptance-tests"]
        .map(|path| root().join(path))
        .into_iter()
        .chain(
            fs::read_dir(root().join("provider"))
                .unwrap()
                .map(|entry| entry.unwrap().path()),
        );
    members.filter_map(|folder| crate_of(&folder)).collect()
}

fn crate_of(folder: &Path) -> Option<(String, Vec<String>)> {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let name = manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = \""))?
        .trim_end_matches('"')
        .to_owned();
    let used = section(&manifest, "[dependencies]");
    Some((name, used))
}

/// Names of the workspace's own crates in one section of a manifest.
fn section(manifest: &str, header: &str) -> Vec<String> {
    const OWN: [&str; 13] = [
        "acceptance-tests",
        "client-core",
        "framework",
        "framework-derive",
        "kubernetes",
        "lab",
        "plugin",
        "proto-talos",
        "proto-tfplugin",
        "proxmox-client",
        "talos-client",
        "talos-config",
        "talos-contract",
    ];
    let lines = manifest.lines().skip_while(|line| *line != header).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    names
        .filter(|name| OWN.contains(name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn crates_use_only_what_the_map_allows() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "acceptance-tests",
            ["talos-client", "talos-config"].as_slice(),
        ),
        ("framework", &["framework-derive", "proto-tfplugin"]),
        ("framework-derive", &[]),
        ("client-core", &[]),
        ("kubernetes", &["client-core"]),
        ("lab", &["proto-talos"]),
        (
            "plugin",
            &[
                "client-core",
                "framework",
                "kubernetes",
                "proxmox-client",
                "talos-client",
                "talos-config",
            ],
        ),
        ("proxmox-client", &["client-core"]),
        ("proto-talos", &[]),
        ("proto-tfplugin", &[]),
        ("talos-client", &["client-core", "proto-talos"]),
        ("talos-config", &[]),
        ("talos-contract", &[]),
        (
            "xtask",
            &[
                "acceptance-tests",
                "framework",
                "proto-tfplugin",
                "talos-client",
            ],
        ),
    ]);
    for (name, used) in arrows() {
        let allowed = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is not on the map"));
        for other in used {
            assert!(
                allowed.contains(&other.as_str()),
                "{name} must not use {other}"
            );
        }
    }
}

/// Files below a folder, with their text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

#[test]
fn decisions_do_no_io_and_read_no_clock() {
    const WORLD: [&str; 9] = [
        "net::Tcp",
        "net::Udp",
        "ToSocketAddrs",
        "std::fs",
        "tokio::",
        "SystemTime::now",
        "Instant::now",
        "SystemRandom",
        "OsRandom",
    ];
    // Signatures on P-384: `ring` takes its randomness from nowhere else.
    const APART: (&str, &str) = ("pki/curve.rs", "SystemRandom");
    let pure = sources(&root().join("provider/talos-config/src"))
        .into_iter()
        .chain(
            sources(&root().join("provider/plugin/src"))
                .into_iter()
                .filter(|(path, _)| path.ends_with("plan.rs") || path.ends_with("decide.rs")),
        );
    for (path, text) in pure.filter(|(path, _)| !path.to_string_lossy().contains("tests")) {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let apart = |world: &str| path.ends_with(APART.0) && world == APART.1;
        for world in WORLD.into_iter().filter(|world| !apart(world)) {
            assert!(!code.contains(world), "{} uses {world}", path.display());
        }
    }
}

#[test]
fn every_resource_has_its_parts() {
    let resources = root().join("provider/plugin/src/resources");
    for entry in fs::read_dir(resources).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for part in ["mod.rs", "model.rs", "plan.rs", "resource.rs", "tests.rs"] {
            assert!(
                folder.join(part).is_file(),
                "{} lacks {part}",
                folder.display()
            );
        }
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let example = root()
            .join("examples/resources")
            .join(&name)
            .join("resource.tf");
        assert!(example.is_file(), "{name} has no example");
    }
}

/// Codes such as `TS-NODE-OTHER` in a text.
fn codes(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| {
        !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '-')
    });
    words
        .map(|word| word.trim_matches('-'))
        .filter(|word| word.starts_with("TS-"))
        .map(str::to_owned)
        .collect()
}

/// Codes that the plugin and its framework give, tests aside.
fn codes_in_sources() -> BTreeSet<String> {
    let folders = ["provider/plugin/src", "provider/framework/src"];
    let files = folders
        .iter()
        .flat_map(|folder| sources(&root().join(folder)));
    files
        .filter(|(path, _)| !path.to_string_lossy().contains("tests"))
        .flat_map(|(_, text)| codes(text.split("#[cfg(test)]\nmod tests {").next().unwrap()))
        .collect()
}

#[test]
fn every_code_is_on_a_page_and_every_page_is_true() {
    let guide = |name: &str| fs::read_to_string(root().join("docs/guides").join(name)).unwrap();
    let (machines, hosts) = (guide("errors.md"), guide("proxmox-errors.md"));
    let (clusters, plugins) = (guide("kubernetes-errors.md"), guide("plugin-errors.md"));
    let given = codes_in_sources();
    assert!(given.len() > 60, "only {} codes were found", given.len());
    let listed: BTreeSet<String> = [&machines, &hosts, &clusters, &plugins]
        .into_iter()
        .flat_map(|page| codes(page))
        .collect();
    let missing: Vec<_> = given.difference(&listed).collect();
    assert!(missing.is_empty(), "on no page of docs/guides: {missing:?}");
    let stale: Vec<_> = codes(&plugins).difference(&given).cloned().collect();
    assert!(
        stale.is_empty(),
        "plugin-errors.md lists what nobody gives: {stale:?}"
    );
}

#[test]
fn every_summary_has_a_colon_after_its_code() {
    let mut told = 0;
    for (path, text) in sources(&root().join("provider")) {
        for (line, rest) in text.lines().flat_map(summaries) {
            told += usize::from(rest.starts_with(": "));
            assert!(
                !rest.starts_with(' '),
                "{}: a code without a colon: {}",
                path.display(),
                line.trim()
            );
        }
    }
    assert!(told > 60, "only {told} summaries were found");
}

/// What follows each code that begins a text, with the line that has it.
fn summaries(line: &str) -> Vec<(&str, &str)> {
    let is_code =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '-';
    let texts = line.split("\"TS-").skip(1);
    texts
        .map(|text| (line, text.trim_start_matches(is_code)))
        .collect()
}
