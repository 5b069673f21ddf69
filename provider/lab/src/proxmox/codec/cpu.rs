//! CPU types and flags (recorded with PVE 9.2).

use super::property_string::Keys;
use crate::proxmox::schema::cpu_types;

/// Flags that a VM may set by itself.
const FLAGS: [&str; 13] = [
    "aes",
    "amd-no-ssb",
    "amd-ssbd",
    "hv-evmcs",
    "hv-tlbflush",
    "ibpb",
    "md-clear",
    "nested-virt",
    "pcid",
    "pdpe1gb",
    "spec-ctrl",
    "ssbd",
    "virt-ssbd",
];

/// Checks what the grammar does not: the type must exist, flags must be allowed.
///
/// # Errors
/// The text after `invalid format - `.
pub(crate) fn check(keys: &Keys) -> Result<(), String> {
    let Some(name) = keys.get("cputype") else {
        return Err("CPU is missing cputype\n".to_owned());
    };
    if let Some(custom) = name.strip_prefix("custom-") {
        return Err(format!("Custom cputype '{custom}' not found\n"));
    }
    if !cpu_types().any(|(known, _)| known == name) {
        return Err(format!(
            "Built-in cputype '{name}' is not defined (missing 'custom-' prefix?)\n"
        ));
    }
    let flags = keys.get("flags").map_or("", String::as_str);
    let allowed = |flag: &str| FLAGS.contains(&flag.trim_start_matches(['+', '-']));
    if flags
        .split(';')
        .all(|flag| flag.is_empty() || allowed(flag))
    {
        return Ok(());
    }
    let list = FLAGS.join(", ");
    Err(format!(
        "VM-specific CPU flags must be a subset of: {list}\n"
    ))
}
