//! `machine.network.interfaces[].bond`.

use super::report::Checks;
use super::view::View;

/// Options that take one of a set of words, or nothing.
const WORDS: [(&str, &[&str]); 7] = [
    (
        "xmitHashPolicy",
        &["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"],
    ),
    ("lacpRate", &["slow", "fast"]),
    (
        "arpValidate",
        &[
            "none",
            "active",
            "backup",
            "all",
            "filter",
            "filter-active",
            "filter-backup",
        ],
    ),
    ("arpAllTargets", &["any", "all"]),
    ("primaryReselect", &["always", "better", "failure"]),
    ("failOverMac", &["none", "active", "follow"]),
    ("adSelect", &["stable", "bandwidth", "count"]),
];
const MODES: [&str; 7] = [
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
];

pub(super) fn check(place: &str, bond: View<'_>, checks: &mut Checks) {
    let mode = match bond.at("mode").text() {
        "" => "balance-rr",
        mode if MODES.contains(&mode) => mode,
        _ => {
            checks.error(format!("{place}.mode: must be one of {}", MODES.join(", ")));
            "balance-rr"
        }
    };
    for (key, words) in WORDS {
        let text = bond.at(key).text();
        let known = text.is_empty() || words.contains(&text);
        checks.refuse(
            !known,
            format!("{place}.{key}: must be one of {}", words.join(", ")),
        );
    }
    delays(place, bond, checks);
    for key in ["arpIPTarget", "adActorSystem"] {
        checks.refuse(
            bond.at(key).is_set(),
            format!("{place}.{key}: Talos does not support it"),
        );
    }
    by_mode(place, bond, mode, checks);
}

fn delays(place: &str, bond: View<'_>, checks: &mut Checks) {
    let interval = bond.at("miimon").int();
    for key in ["updelay", "downdelay"] {
        let delay = bond.at(key).int();
        if interval == 0 {
            checks.refuse(delay != 0, format!("{place}.{key}: needs miimon"));
        } else {
            checks.refuse(
                delay % interval != 0,
                format!("{place}.{key}: must be a multiple of miimon"),
            );
        }
    }
}

/// Options that exist in some modes only.
fn by_mode(place: &str, bond: View<'_>, mode: &str, checks: &mut Checks) {
    let lacp = mode == "802.3ad";
    let balancing = matches!(mode, "balance-alb" | "balance-tlb");
    let positive = |key: &str, least: i128| bond.at(key).int() > least;
    let set = |key: &str| !bond.at(key).text().is_empty();
    for (key, wrong) in [
        ("lacpRate", set("lacpRate") && !lacp),
        ("arpValidate", set("arpValidate") && (lacp || balancing)),
        (
            "primary",
            set("primary") && !(balancing || mode == "active-backup"),
        ),
        (
            "arpInterval",
            positive("arpInterval", 0) && (lacp || balancing),
        ),
        (
            "packetsPerSlave",
            positive("packetsPerSlave", 1) && mode != "balance-rr",
        ),
        ("tlbDynamicLb", positive("tlbDynamicLb", 0) && !balancing),
        ("adActorSysPrio", positive("adActorSysPrio", 0) && !lacp),
        ("adUserPortKey", positive("adUserPortKey", 0) && !lacp),
    ] {
        checks.refuse(wrong, format!("{place}.{key}: not possible in mode {mode}"));
    }
}
