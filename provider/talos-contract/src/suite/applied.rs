//! Configurations for a machine that has one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::ask::{MODES, apply, ask, get};
use super::maintenance::wrong;
use crate::Who::Admin;
use crate::{Site, Step};

/// The configuration with more before a key of the machine: at the place that the real ones write
/// it to, so that differences show it alike.
fn before(site: &Site, key: &str, text: &str) -> String {
    let line = format!("    {key}:\n");
    assert!(site.config.contains(&line), "{key}");
    site.config.replacen(&line, &format!("{text}{line}"), 1)
}

/// The configuration with a change that needs a reboot.
pub(super) fn for_a_reboot(site: &Site) -> String {
    before(site, "time", "    env:\n        PLANTED: planted\n")
}

pub(super) fn steps(site: &Site) -> Vec<Step> {
    let live = before(
        site,
        "features",
        "    sysctls:\n        net.core.somaxconn: \"4096\"\n",
    );
    let reboot = for_a_reboot(site);
    let spelled = site.config.replacen("certSANs: []", "certSANs:   []", 1);
    let part = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: part\n";
    let dry = |about: &str, text: &str, mode: &str| {
        apply(
            &format!("dry run: {about} with {mode}"),
            Admin,
            text,
            mode,
            true,
        )
    };
    let real = |about: &str, text: &str, mode: &str| {
        apply(
            &format!("apply: {about} with {mode}"),
            Admin,
            text,
            mode,
            false,
        )
    };
    let mut steps: Vec<Step> = wrong(site)
        .into_iter()
        .map(|(about, text)| dry(about, &text, "AUTO"))
        .collect();
    steps.push(dry("a part", part, "AUTO"));
    for mode in MODES {
        steps.push(dry("the same", &site.config, mode));
        steps.push(dry("a change", &live, mode));
        steps.push(dry("a change that needs a reboot", &reboot, mode));
    }
    steps.push(dry("another spelling", &spelled, "AUTO"));
    steps.push(dry("another document", &format!("{}---\napiVersion: v1alpha1\nkind: KmsgLogConfig\nname: log\nurl: tcp://10.5.0.1:4001\n", site.config), "AUTO"));
    steps.extend([
        real("a part", part, "AUTO"),
        real("a change that needs a reboot", &reboot, "NO_REBOOT"),
        real("a change that needs a reboot", &reboot, "TRY"),
        real("a change", &live, "NO_REBOOT"),
        config("after a change", "v1alpha1"),
        config("after a change", "persistent"),
        real("the first one", &site.config, "STAGED"),
        config("while one is staged", "v1alpha1"),
        config("while one is staged", "persistent"),
        real("the first one", &site.config, "AUTO"),
        config("after it took effect", "v1alpha1"),
        config("after it took effect", "persistent"),
        ask(
            "apply: a change to be tried",
            Admin,
            "ApplyConfiguration",
            json!({ "data": STANDARD.encode(&live), "mode": "TRY", "tryModeTimeout": "3600s" }),
        ),
        config("while one is tried", "v1alpha1"),
        config("while one is tried", "persistent"),
        real("the first one again", &site.config, "NO_REBOOT"),
        config("after the try", "v1alpha1"),
        config("after the try", "persistent"),
    ]);
    steps
}

fn config(when: &str, id: &str) -> Step {
    let name = format!("apply: configuration {id} {when}");
    get(
        &name,
        Admin,
        "config",
        "MachineConfigs.config.talos.dev",
        id,
    )
}
