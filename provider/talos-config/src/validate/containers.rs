//! `ContainerConfig`: containers that Talos itself runs.

use std::collections::{BTreeMap, HashSet};

use super::report::Checks;
use super::view::View;
use crate::scalar::parse_bytes;

const LONGEST_NAME: usize = 63;
const MOUNT_OPTIONS: [&str; 8] = [
    "ro", "rw", "noexec", "nosuid", "nodev", "noatime", "rbind", "rshared",
];
const CONDITIONS: [&str; 4] = ["addresses", "connectivity", "hostname", "etcfiles"];
const ALL_CAPABILITIES: &str = "ALL";

pub(super) fn check(view: View<'_>, checks: &mut Checks) {
    name(view, checks);
    image(view, checks);
    for (index, text) in view.at("environment").texts().enumerate() {
        checks.refuse(
            !text.contains('='),
            format!("environment[{index}]: must be KEY=value"),
        );
    }
    mounts(view, checks);
    security(view.at("security"), checks);
    let mode = view.at("network.mode").text();
    checks.refuse(
        !matches!(mode, "" | "none" | "host"),
        "network.mode: must be none or host",
    );
    limits(view.at("resources.limits"), checks);
    dependencies(view, checks);
    for key in ["uid", "gid"] {
        checks.refuse(
            view.at("runAs").at(key).int() < 0,
            format!("runAs.{key}: cannot be negative"),
        );
    }
}

fn name(view: View<'_>, checks: &mut Checks) {
    let name = view.at("name").text();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain);
    checks.refuse(
        !fits,
        format!("name: must have 1 to {LONGEST_NAME} small letters, digits and hyphens"),
    );
}

fn image(view: View<'_>, checks: &mut Checks) {
    match reference(view.at("image").text()) {
        None => checks.error("image: is no name of an image"),
        Some(Reference::Tag) => {
            checks.warn("image: without a digest, another image may run after a restart")
        }
        Some(Reference::Digest) => {}
    }
}

/// What an image is named by.
enum Reference {
    Tag,
    Digest,
}

/// Reads `[registry/]repository[:tag][@sha256:…]`.
fn reference(text: &str) -> Option<Reference> {
    if is_tagged(text) {
        return Some(Reference::Tag);
    }
    let (base, digest) = text.split_once('@')?;
    let hex = digest.strip_prefix("sha256:")?;
    let is_hex = hex.len() == 64
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    (is_hex && is_tagged(base)).then_some(Reference::Digest)
}

fn is_tagged(text: &str) -> bool {
    let (base, tag) = match text.rsplit_once(':') {
        Some((base, tag)) if !tag.contains('/') => (base, tag),
        _ => (text, ""),
    };
    let tag_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if tag.len() > 128 || !tag.chars().all(tag_char) {
        return false;
    }
    let repository = match base.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
            if !is_authority(host) {
                return false;
            }
            rest
        }
        _ => base,
    };
    let letter = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.' | '/')
    };
    (2..=255).contains(&repository.len()) && repository.chars().all(letter)
}

/// Host and port as they may stand in a URL.
fn is_authority(host: &str) -> bool {
    crate::scalar::Url::parse(&format!("//{host}"))
        .is_ok_and(|url| url.host == host.as_bytes() && url.path.is_empty())
}

fn mounts(view: View<'_>, checks: &mut Checks) {
    const KINDS: [&str; 3] = ["userVolume", "tmpfs", "hostPath"];
    let mut destinations = HashSet::new();
    for (index, mount) in view.at("mounts").items().enumerate() {
        let place = format!("mounts[{index}]");
        let kinds: Vec<&str> = KINDS
            .into_iter()
            .filter(|kind| mount.at(kind).is_set())
            .collect();
        let [kind] = kinds.as_slice() else {
            checks.error(format!(
                "{place}: needs exactly one of userVolume, tmpfs and hostPath"
            ));
            continue;
        };
        let part = mount.at(kind);
        let faults = mount_faults(kind, part);
        let destination = part.at("destination").text();
        if faults.is_empty() {
            let twice = !destinations.insert(destination);
            checks.refuse(
                twice,
                format!("{place}: the destination {destination} is there twice"),
            );
        }
        for what in faults {
            checks.error(format!("{place}.{kind}.{what}"));
        }
    }
}

fn mount_faults(kind: &str, part: View<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    if kind == "userVolume" && part.at("name").text().is_empty() {
        faults.push("name: is missing".to_owned());
    }
    let paths: &[&str] = if kind == "hostPath" {
        &["source", "destination"]
    } else {
        &["destination"]
    };
    for key in paths {
        if !part.at(key).text().starts_with('/') {
            faults.push(format!("{key}: must be an absolute path"));
        }
    }
    let options: Vec<&str> = part.at("options").texts().collect();
    for option in options.iter().filter(|o| !MOUNT_OPTIONS.contains(o)) {
        faults.push(format!("options: '{option}' is not possible"));
    }
    if options.contains(&"ro") && options.contains(&"rw") {
        faults.push("options: ro and rw exclude each other".to_owned());
    }
    faults
}

fn security(security: View<'_>, checks: &mut Checks) {
    let profile = security.at("profile").text();
    checks.refuse(
        !matches!(profile, "" | "restricted" | "privileged"),
        "security.profile: must be restricted or privileged",
    );
    let list = |key: &str| security.at("capabilities").at(key).texts();
    for name in list("add") {
        if name == ALL_CAPABILITIES {
            checks.error("security.capabilities.add: for all of them use profile privileged");
        } else {
            capability("add", name, checks);
        }
    }
    for name in list("drop").filter(|name| *name != ALL_CAPABILITIES) {
        capability("drop", name, checks);
    }
    for name in list("add").filter(|name| list("drop").any(|other| other == *name)) {
        checks.error(format!(
            "security.capabilities: {name} is both added and dropped"
        ));
    }
}

fn capability(list: &str, name: &str, checks: &mut Checks) {
    let plain = |c: char| c.is_ascii_uppercase() || c == '_';
    let fits = !name.is_empty() && !name.starts_with("CAP_") && name.chars().all(plain);
    checks.refuse(
        !fits,
        format!(
            "security.capabilities.{list}: '{name}' must be a name such as NET_ADMIN, without CAP_"
        ),
    );
}

fn limits(limits: View<'_>, checks: &mut Checks) {
    let memory = limits.at("memory").text();
    checks.refuse(
        !memory.is_empty() && parse_bytes(memory).is_none(),
        "resources.limits.memory: is not a size such as 512MiB",
    );
    let cpu = limits.at("cpu").text();
    let millicores = cpu.strip_suffix('m').filter(|n| !n.starts_with('+'));
    let positive = millicores.is_some_and(|n| n.parse::<u64>().is_ok_and(|n| n > 0));
    checks.refuse(
        !cpu.is_empty() && !positive,
        "resources.limits.cpu: must be in thousandths of a core such as 1500m",
    );
}

fn dependencies(view: View<'_>, checks: &mut Checks) {
    let depends = view.at("dependsOn");
    for path in depends.at("paths").texts() {
        checks.refuse(
            !path.starts_with('/'),
            "dependsOn.paths: must be absolute paths",
        );
    }
    for condition in depends.at("networks").texts() {
        checks.refuse(
            !CONDITIONS.contains(&condition),
            format!(
                "dependsOn.networks: '{condition}' is not one of {}",
                CONDITIONS.join(", ")
            ),
        );
    }
    let own = view.at("name").text();
    for name in depends.at("containers").texts() {
        if name.is_empty() {
            checks.error("dependsOn.containers: a name is empty");
        } else {
            checks.refuse(
                name == own,
                "dependsOn.containers: a container cannot wait for itself",
            );
        }
    }
}

/// Whether all containers that others wait for are there, and none waits for itself in the end.
pub(super) fn graph<'a>(containers: impl Iterator<Item = View<'a>>, checks: &mut Checks) {
    let edges: BTreeMap<&str, Vec<&str>> = containers
        .map(|view| {
            let depends = view.at("dependsOn.containers").texts().collect();
            (view.at("name").text(), depends)
        })
        .collect();
    for (name, others) in &edges {
        for other in others.iter().filter(|other| !edges.contains_key(**other)) {
            checks.error(format!(
                "ContainerConfig/{name}: waits for {other}, which is not there"
            ));
        }
    }
    let mut done = HashSet::new();
    let cycle = edges
        .keys()
        .any(|name| has_cycle(name, &edges, &mut Vec::new(), &mut done));
    checks.refuse(
        cycle,
        "ContainerConfig: containers wait for each other in a circle",
    );
}

fn has_cycle<'a>(
    name: &'a str,
    edges: &BTreeMap<&'a str, Vec<&'a str>>,
    path: &mut Vec<&'a str>,
    done: &mut HashSet<&'a str>,
) -> bool {
    if done.contains(name) {
        return false;
    }
    if path.contains(&name) {
        return true;
    }
    path.push(name);
    let found = edges.get(name).is_some_and(|others| {
        others
            .iter()
            .any(|other| has_cycle(other, edges, path, done))
    });
    path.pop();
    done.insert(name);
    found
}
