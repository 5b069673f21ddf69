//! From which devices a machine starts, in order.

use super::slot;

/// Slots in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BootOrder(pub Vec<String>);

impl BootOrder {
    /// Reads `scsi0;ide0`; `None` where one of them is no device to start from.
    pub fn parse(text: &str) -> Option<BootOrder> {
        let devices = text
            .split([';', ' ', ','])
            .filter(|device| !device.is_empty());
        let devices: Vec<String> = devices.map(str::to_owned).collect();
        devices
            .iter()
            .all(|device| is_bootable(device))
            .then_some(BootOrder(devices))
    }

    /// `scsi0;ide0`.
    pub fn print(&self) -> String {
        self.0.join(";")
    }
}

/// Whether a machine can start from what is in this slot.
pub fn is_bootable(device: &str) -> bool {
    matches!(
        slot(device),
        Some((
            "ide" | "sata" | "scsi" | "virtio" | "net" | "hostpci" | "usb",
            _
        ))
    )
}
