//! A disk, and the one of the firmware.

use framework::prelude::*;
use proxmox_client::codec::{Properties, Size, Volume};

use super::super::model::{VmDisk, VmEfiDisk};
use super::Scope;
use super::read::{on, part};

pub fn disk(ours: Option<&VmDisk>, seen: &Properties, scope: Scope) -> VmDisk {
    let none = VmDisk {
        storage: Field::Null,
        size_gib: Field::Null,
        import_from: Field::Null,
        cache: Field::Null,
        aio: Field::Null,
        discard: Field::Null,
        ssd: Field::Null,
        iothread: Field::Null,
        serial: Field::Null,
        backup: Field::Null,
        replicate: Field::Null,
    };
    let ours = ours.unwrap_or(&none);
    let storage = Volume::of(seen).and_then(|volume| volume.storage().map(str::to_owned));
    let gib = seen
        .get("size")
        .and_then(Size::parse)
        .and_then(|size| i64::try_from(size.gib()).ok());
    let discard = seen.get("discard").map(|discard| discard == "on");
    VmDisk {
        storage: storage.unwrap_or_default().into(),
        // Proxmox VE may not say the size; the one that was set stands then.
        size_gib: scope.seen(&ours.size_gib, gib.or(ours.size_gib.cloned())),
        import_from: ours.import_from.clone(),
        cache: scope.seen_or(&ours.cache, part(seen, "cache"), "none".to_owned()),
        aio: scope.seen(&ours.aio, part(seen, "aio")),
        discard: scope.seen_or(&ours.discard, discard, false),
        ssd: scope.seen_or(&ours.ssd, on(seen, "ssd"), false),
        iothread: scope.seen_or(&ours.iothread, on(seen, "iothread"), false),
        serial: scope.seen(&ours.serial, part(seen, "serial")),
        backup: scope.seen_or(&ours.backup, on(seen, "backup"), true),
        replicate: scope.seen_or(&ours.replicate, on(seen, "replicate"), true),
    }
}

pub fn efi(
    ours: Option<&VmEfiDisk>,
    seen: &Properties,
    storage: String,
    scope: Scope,
) -> VmEfiDisk {
    let (kind, keys) = ours.map_or((Field::Null, Field::Null), |ours| {
        (ours.kind.clone(), ours.pre_enrolled_keys.clone())
    });
    VmEfiDisk {
        storage: storage.into(),
        kind: scope.seen_or(&kind, part(seen, "efitype"), "2m".to_owned()),
        pre_enrolled_keys: scope.seen_or(&keys, on(seen, "pre-enrolled-keys"), false),
    }
}
