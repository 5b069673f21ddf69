//! A cluster of one control plane that official talosctl made: nothing of ours has a part in it.

use std::time::Duration;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use crate::machines::{Rack, RackSpec, patches};
use crate::progress::Stderr;
use crate::talosctl::Talosctl;

/// Address of its machine, `cp1`.
pub const ADDRESS: &str = "10.5.0.11";

const SOON: Duration = Duration::from_secs(30);
const CLUSTER: Duration = Duration::from_secs(240);

/// Another configuration makes another world.
fn name() -> String {
    let digest = Sha256::digest(patches::SUITS_RACK);
    format!("one-control-plane-{:02x}{:02x}", digest[0], digest[1])
}

/// A cluster whose node is Ready, from nothing.
pub fn build() -> Result<Rack> {
    let rack = Rack::start(RackSpec::new(1), &mut Stderr)?;
    let folder = rack.files()?;
    let talosctl = Talosctl::new(&rack, &folder)?;
    talosctl.generate("one", &rack.addresses())?;
    let file = folder.join("controlplane.yaml");
    let apply = [
        "apply-config",
        "--insecure",
        "--file",
        &file.to_string_lossy(),
    ];
    talosctl.wait(ADDRESS, &apply, SOON, |_| true)?;
    talosctl.wait(ADDRESS, &["bootstrap"], SOON, |_| true)?;
    wait_until_ready(&talosctl)?;
    Ok(rack)
}

/// Keeps the machine's disk for [`start`]; the machine may still run.
pub fn save(rack: &Rack) -> Result<()> {
    Ok(rack.save(&name())?)
}

/// The cluster from its saved disk; it boots. Built first where nothing is saved.
pub fn start() -> Result<Rack> {
    let name = name();
    if !Rack::has_world(&name, &mut Stderr)? {
        save(&build()?)?;
    }
    Ok(Rack::start(RackSpec::new(1).from_world(name), &mut Stderr)?)
}

/// Waits until the kubelet reports its node as Ready.
pub fn wait_until_ready(talosctl: &Talosctl<'_>) -> Result<()> {
    let ready = |text: &str| text.contains("true");
    talosctl.wait(ADDRESS, &["get", "nodestatus"], CLUSTER, ready)?;
    Ok(())
}
