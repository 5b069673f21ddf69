//! What the main document and another document cannot both say.

use super::report::Checks;
use super::view::View;
use crate::document::Document;
use crate::scalar::parse_addr;

pub(super) fn check(document: &Document, main: View<'_>, checks: &mut Checks) {
    let conflict = match document.kind() {
        "HostnameConfig" => hostname(main),
        "ResolverConfig" => resolver(main),
        "TimeSyncConfig" => time_sync(main),
        "VolumeConfig" => encryption(document, main),
        _ => None,
    };
    if let Some(path) = conflict {
        checks.error(format!(
            "{path} of the main document says the same: delete it there"
        ));
    }
}

fn hostname(main: View<'_>) -> Option<&'static str> {
    if !main.at("machine.network.hostname").text().is_empty() {
        return Some("machine.network.hostname");
    }
    main.at("machine.features.stableHostname")
        .flag()
        .then_some("machine.features.stableHostname")
}

fn resolver(main: View<'_>) -> Option<&'static str> {
    let network = main.at("machine.network");
    if network.at("searchDomains").is_set() {
        return Some("machine.network.searchDomains");
    }
    if network
        .at("nameservers")
        .texts()
        .any(|address| parse_addr(address).is_some())
    {
        return Some("machine.network.nameservers");
    }
    network
        .at("disableSearchDomain")
        .flag()
        .then_some("machine.network.disableSearchDomain")
}

fn time_sync(main: View<'_>) -> Option<&'static str> {
    let time = main.at("machine.time");
    if time.at("disabled").flag() {
        return Some("machine.time.disabled");
    }
    if time.at("servers").len() > 0 {
        return Some("machine.time.servers");
    }
    time.at("bootTimeout")
        .is_set()
        .then_some("machine.time.bootTimeout")
}

fn encryption(document: &Document, main: View<'_>) -> Option<&'static str> {
    let encrypted = View::of_map(document.body()).at("encryption").is_set();
    let (path, label) = match document.name() {
        Some("STATE") => (
            "machine.systemDiskEncryption.state",
            "machine.systemDiskEncryption.state",
        ),
        Some("EPHEMERAL") => (
            "machine.systemDiskEncryption.ephemeral",
            "machine.systemDiskEncryption.ephemeral",
        ),
        _ => return None,
    };
    (encrypted && main.at(path).is_set()).then_some(label)
}
