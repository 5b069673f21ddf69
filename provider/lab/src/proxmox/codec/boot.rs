//! Boot order: `order=scsi0;net0`.

use super::property_string;

/// Devices of a boot option; none for the old letter form and for an absent one.
pub(crate) fn order(text: &str) -> Option<Vec<String>> {
    let mut keys = property_string::parse("pve-qm-boot", text.trim()).ok()?;
    let order = keys.remove("order")?;
    Some(order.split(';').map(str::to_owned).collect())
}

/// The option's text; an empty order is empty.
pub(crate) fn print(devices: &[String]) -> String {
    if devices.is_empty() {
        return String::new();
    }
    format!("order={}", devices.join(";"))
}
