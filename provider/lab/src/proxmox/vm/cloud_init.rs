//! PVE's own cloud-init values and the documents made of them.

use serde_json::{Value, json};

use super::Config;
use super::hardware::name_of;
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::{Nic, percent_decode, property_string};

const VALUES: [&str; 8] = [
    "cicustom",
    "cipassword",
    "citype",
    "ciupgrade",
    "ciuser",
    "nameserver",
    "searchdomain",
    "sshkeys",
];

/// The values by themselves; addresses only where they differ from what the drive has, which
/// the lab always keeps in step (recorded with PVE 9.2: no ipconfig row).
pub(crate) fn values(call: &mut Call<'_>) -> Reply {
    let config = &call.dc.vm(call.node(), call.vmid())?.config;
    let rows = VALUES.iter().filter_map(|name| {
        let value = config.get(name)?;
        let value = if *name == "cipassword" {
            "**********"
        } else {
            value
        };
        Some(json!({ "key": name, "value": value }))
    });
    Ok(rows.collect())
}

/// Writes the drive again.
pub(crate) fn regenerate(call: &mut Call<'_>) -> Reply {
    let config = &call.dc.vm(call.node(), call.vmid())?.config;
    config.check_lock()?;
    let has_drive = config.drives().iter().any(|drive| drive.is_cloud_init());
    match has_drive {
        true => Ok(Value::Null),
        false => Err(Refusal::die("no cloud-init drive found")),
    }
}

/// One document of the drive.
pub(crate) fn dump(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    let config = &call.dc.vm(call.node(), vmid)?.config;
    Ok(json!(match call.text("type") {
        "user" => user_data(vmid, config),
        "network" => network_config(config),
        _ => format!("instance-id: {}\n", config.digest()),
    }))
}

fn user_data(vmid: u32, config: &Config) -> String {
    let host = name_of(vmid, config).replace(' ', "");
    let mut text =
        format!("#cloud-config\nhostname: {host}\nmanage_etc_hosts: true\nfqdn: {host}\n");
    if let Some(user) = config.get("ciuser") {
        text.push_str(&format!("user: {user}\n"));
    }
    if let Some(keys) = config.get("sshkeys") {
        text.push_str("ssh_authorized_keys:\n");
        for key in percent_decode(keys, false).lines() {
            text.push_str(&format!("  - {key}\n"));
        }
    }
    text.push_str("chpasswd:\n  expire: False\nusers:\n  - default\npackage_upgrade: true\n");
    text
}

/// Version 1 of the network format (reference: qemu-server; not recorded).
fn network_config(config: &Config) -> String {
    let mut text = "version: 1\nconfig:\n".to_owned();
    for number in 0..32 {
        let nic = config.get(&format!("net{number}")).and_then(Nic::parse);
        let Some(mac) = nic.as_ref().and_then(|nic| nic.get("macaddr")) else {
            continue;
        };
        let mac = mac.to_lowercase();
        text.push_str(&format!(
            "    - type: physical\n      name: eth{number}\n      mac_address: '{mac}'\n      subnets:\n"
        ));
        let address = config.get(&format!("ipconfig{number}")).unwrap_or_default();
        let keys = property_string::parse("pve-qm-ipconfig", address).unwrap_or_default();
        for (key, gateway, kinds) in [
            ("ip", "gw", ("dhcp4", "static")),
            ("ip6", "gw6", ("dhcp6", "static6")),
        ] {
            text.push_str(&subnet(keys.get(key), keys.get(gateway), kinds));
        }
    }
    text
}

fn subnet(
    address: Option<&String>,
    gateway: Option<&String>,
    (dynamic, fixed): (&str, &str),
) -> String {
    match address.map(String::as_str) {
        None => String::new(),
        Some("dhcp") => format!("      - type: {dynamic}\n"),
        Some("auto") => "      - type: ipv6_slaac\n".to_owned(),
        Some(address) => {
            let gateway = gateway.map(|gateway| format!("        gateway: '{gateway}'\n"));
            format!(
                "      - type: {fixed}\n        address: '{address}'\n{}",
                gateway.unwrap_or_default()
            )
        }
    }
}
