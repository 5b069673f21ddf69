//! Which keys each property string has. Source: the published parameter schemas of Proxmox VE 9.1.

use super::check::{self, Kind};
use super::format::{Format, Paired, Prop};
use super::slot;

const fn optional(name: &'static str, kind: Kind) -> Prop {
    Prop {
        name,
        kind,
        required: false,
        aliases: &[],
    }
}

const fn required(name: &'static str, kind: Kind) -> Prop {
    Prop {
        name,
        kind,
        required: true,
        aliases: &[],
    }
}

const fn aliased(prop: Prop, aliases: &'static [&'static str]) -> Prop {
    Prop {
        name: prop.name,
        kind: prop.kind,
        required: prop.required,
        aliases,
    }
}

const VOLUME: Kind = Kind::Form(check::is_volume, "a volume such as local:vm-100-disk-0");
const IMPORT: Kind = Kind::Form(check::is_import, "a volume or an absolute path");
const ANY: Kind = Kind::Int(0, i64::MAX);
const SOME: Kind = Kind::Int(1, i64::MAX);
const MODELS: &[&str] = &[
    "e1000",
    "e1000-82540em",
    "e1000-82544gc",
    "e1000-82545em",
    "e1000e",
    "i82551",
    "i82557b",
    "i82559er",
    "ne2k_isa",
    "ne2k_pci",
    "pcnet",
    "rtl8139",
    "virtio",
    "vmxnet3",
];

/// What every volume has.
const VOLUMES: &[Prop] = &[
    aliased(required("file", VOLUME), &["volume"]),
    optional("size", Kind::DiskSize),
    optional("import-from", IMPORT),
];

/// What every drive has.
const DRIVES: &[Prop] = &[
    optional(
        "format",
        Kind::Enum(&["raw", "qcow", "qed", "qcow2", "vmdk", "cloop"]),
    ),
    optional("aio", Kind::Enum(&["native", "threads", "io_uring"])),
    optional("backup", Kind::Bool),
    optional(
        "cache",
        Kind::Enum(&["none", "writethrough", "writeback", "unsafe", "directsync"]),
    ),
    optional("detect_zeroes", Kind::Bool),
    optional("discard", Kind::Enum(&["ignore", "on"])),
    optional("media", Kind::Enum(&["cdrom", "disk"])),
    optional("replicate", Kind::Bool),
    optional("rerror", Kind::Enum(&["ignore", "report", "stop"])),
    optional(
        "werror",
        Kind::Enum(&["enospc", "ignore", "report", "stop"]),
    ),
    optional("serial", Kind::Text(60)),
    optional("shared", Kind::Bool),
    optional("snapshot", Kind::Bool),
    optional("mbps", Kind::Number),
    optional("mbps_max", Kind::Number),
    optional("mbps_rd", Kind::Number),
    optional("mbps_rd_max", Kind::Number),
    optional("mbps_wr", Kind::Number),
    optional("mbps_wr_max", Kind::Number),
    optional("iops", ANY),
    optional("iops_max", ANY),
    optional("iops_rd", ANY),
    optional("iops_rd_max", ANY),
    optional("iops_wr", ANY),
    optional("iops_wr_max", ANY),
    optional("iops_max_length", SOME),
    aliased(optional("iops_rd_max_length", SOME), &["iops_rd_length"]),
    aliased(optional("iops_wr_max_length", SOME), &["iops_wr_length"]),
    optional("bps_max_length", SOME),
    aliased(optional("bps_rd_max_length", SOME), &["bps_rd_length"]),
    aliased(optional("bps_wr_max_length", SOME), &["bps_wr_length"]),
];

const SSD: Prop = optional("ssd", Kind::Bool);
const RO: Prop = optional("ro", Kind::Bool);
const IOTHREAD: Prop = optional("iothread", Kind::Bool);
const WWN: Prop = optional("wwn", Kind::Form(is_wwn, "0x and 16 hexadecimal digits"));

static SCSI: Format = drive(&[
    VOLUMES,
    DRIVES,
    &[
        SSD,
        RO,
        IOTHREAD,
        WWN,
        optional("queues", Kind::Int(2, i64::MAX)),
        optional("scsiblock", Kind::Bool),
        optional("product", Kind::Text(16)),
        optional("vendor", Kind::Text(8)),
    ],
]);
static VIRTIO: Format = drive(&[VOLUMES, DRIVES, &[RO, IOTHREAD]]);
static SATA: Format = drive(&[VOLUMES, DRIVES, &[SSD, WWN]]);
static IDE: Format = drive(&[
    VOLUMES,
    DRIVES,
    &[SSD, WWN, optional("model", Kind::Text(120))],
]);
static EFIDISK: Format = drive(&[
    VOLUMES,
    &[
        optional(
            "format",
            Kind::Enum(&["raw", "qcow", "qed", "qcow2", "vmdk", "cloop"]),
        ),
        optional("efitype", Kind::Enum(&["2m", "4m"])),
        optional("pre-enrolled-keys", Kind::Bool),
        optional("ms-cert", Kind::Enum(&["2011", "2023", "2023w", "2023k"])),
    ],
]);
static TPMSTATE: Format = drive(&[
    VOLUMES,
    &[
        optional("format", Kind::Enum(&["raw", "qcow2", "vmdk"])),
        optional("version", Kind::Enum(&["v1.2", "v2.0"])),
    ],
]);
static UNUSED: Format = drive(&[VOLUMES]);

static NET: Format = Format {
    default: Some("model"),
    props: &[&[
        required("model", Kind::Enum(MODELS)),
        optional(
            "macaddr",
            Kind::Form(check::is_mac, "the MAC address of one interface"),
        ),
        optional(
            "bridge",
            Kind::Form(check::is_bridge, "the name of a bridge"),
        ),
        optional("firewall", Kind::Bool),
        optional("link_down", Kind::Bool),
        optional("mtu", Kind::Int(1, 65520)),
        optional("queues", Kind::Int(0, 64)),
        optional("rate", Kind::Number),
        optional("tag", Kind::Int(1, 4094)),
        optional(
            "trunks",
            Kind::Form(check::is_trunks, "VLAN ids such as 1;2;5-7"),
        ),
    ]],
    paired: Some(Paired {
        names: MODELS,
        name: "model",
        value: "macaddr",
    }),
};

static CPU: Format = plain(
    Some("cputype"),
    &[&[
        required("cputype", Kind::Form(check::is_cpu, "a CPU type")),
        optional(
            "flags",
            Kind::Form(check::is_cpu_flags, "flags such as +aes;-pcid"),
        ),
        optional("hidden", Kind::Bool),
        optional("hv-vendor-id", Kind::Text(12)),
        optional(
            "phys-bits",
            Kind::Form(check::is_phys_bits, "host or a number from 8 to 64"),
        ),
        optional("guest-phys-bits", Kind::Int(32, 64)),
        optional("reported-model", Kind::Form(check::is_cpu, "a CPU type")),
    ]],
);
static MEMORY: Format = plain(
    Some("current"),
    &[&[required("current", Kind::Int(16, i64::MAX))]],
);
static AGENT: Format = plain(
    Some("enabled"),
    &[&[
        required("enabled", Kind::Bool),
        optional("fstrim_cloned_disks", Kind::Bool),
        aliased(
            optional("freeze-fs", Kind::Bool),
            &["freeze-fs-on-backup", "guest-fsfreeze"],
        ),
        optional("type", Kind::Enum(&["virtio", "isa"])),
    ]],
);
static HOSTPCI: Format = plain(
    Some("host"),
    &[&[
        optional(
            "host",
            Kind::Form(check::is_pci, "a PCI address such as 0000:01:00.0"),
        ),
        optional(
            "mapping",
            Kind::Form(check::is_config_id, "the name of a mapping"),
        ),
        optional("pcie", Kind::Bool),
        optional("rombar", Kind::Bool),
        optional("romfile", Kind::Text(255)),
        optional("x-vga", Kind::Bool),
        optional("legacy-igd", Kind::Bool),
        optional("mdev", Kind::Text(255)),
        optional("driver", Kind::Enum(&["vfio", "keep"])),
        optional(
            "vendor-id",
            Kind::Form(check::is_pci_id, "an id such as 0x10de"),
        ),
        optional(
            "device-id",
            Kind::Form(check::is_pci_id, "an id such as 0x10de"),
        ),
        optional(
            "sub-vendor-id",
            Kind::Form(check::is_pci_id, "an id such as 0x10de"),
        ),
        optional(
            "sub-device-id",
            Kind::Form(check::is_pci_id, "an id such as 0x10de"),
        ),
    ]],
);
static USB: Format = plain(
    Some("host"),
    &[&[
        optional(
            "host",
            Kind::Form(check::is_usb, "a device such as 1234:5678 or 1-1.2"),
        ),
        optional(
            "mapping",
            Kind::Form(check::is_config_id, "the name of a mapping"),
        ),
        optional("usb3", Kind::Bool),
    ]],
);
static VGA: Format = plain(
    Some("type"),
    &[&[
        optional(
            "type",
            Kind::Enum(&[
                "cirrus",
                "qxl",
                "qxl2",
                "qxl3",
                "qxl4",
                "none",
                "serial0",
                "serial1",
                "serial2",
                "serial3",
                "std",
                "virtio",
                "virtio-gl",
                "vmware",
            ]),
        ),
        optional("memory", Kind::Int(4, 512)),
        optional("clipboard", Kind::Enum(&["vnc"])),
    ]],
);
static MACHINE: Format = plain(
    Some("type"),
    &[&[
        optional(
            "type",
            Kind::Form(
                check::is_machine,
                "a machine type such as q35 or pc-q35-9.2",
            ),
        ),
        optional("viommu", Kind::Enum(&["intel", "virtio"])),
        optional("aw-bits", Kind::Int(32, 64)),
        optional("enable-s3", Kind::Bool),
        optional("enable-s4", Kind::Bool),
    ]],
);
const BASE64: Kind = Kind::Form(check::is_base64, "text in base64");
static SMBIOS: Format = plain(
    None,
    &[&[
        optional("uuid", Kind::Form(check::is_uuid, "a UUID")),
        optional("base64", Kind::Bool),
        optional("family", BASE64),
        optional("manufacturer", BASE64),
        optional("product", BASE64),
        optional("serial", BASE64),
        optional("sku", BASE64),
        optional("version", BASE64),
    ]],
);
static BOOT: Format = plain(
    Some("legacy"),
    &[&[
        optional(
            "legacy",
            Kind::Form(check::is_legacy_boot, "order=device;device"),
        ),
        optional(
            "order",
            Kind::Form(check::is_boot_order, "devices such as scsi0;ide0"),
        ),
    ]],
);
const SECONDS: Kind = Kind::Form(check::is_digits, "a number of seconds");
static STARTUP: Format = plain(
    Some("order"),
    &[&[
        optional("order", Kind::Form(check::is_digits, "a number")),
        optional("up", SECONDS),
        optional("down", SECONDS),
    ]],
);
static IPCONFIG: Format = plain(
    None,
    &[&[
        optional(
            "ip",
            Kind::Form(
                check::is_ipconfig4,
                "dhcp or an IPv4 address with prefix length",
            ),
        ),
        optional("gw", Kind::Form(check::is_ipv4, "an IPv4 address")),
        optional(
            "ip6",
            Kind::Form(
                check::is_ipconfig6,
                "auto, dhcp or an IPv6 address with prefix length",
            ),
        ),
        optional("gw6", Kind::Form(check::is_ipv6, "an IPv6 address")),
    ]],
);
static RNG: Format = plain(
    Some("source"),
    &[&[
        required(
            "source",
            Kind::Enum(&["/dev/urandom", "/dev/random", "/dev/hwrng"]),
        ),
        optional("max_bytes", ANY),
        optional("period", ANY),
    ]],
);

const fn plain(default: Option<&'static str>, props: &'static [&'static [Prop]]) -> Format {
    Format {
        default,
        props,
        paired: None,
    }
}

const fn drive(props: &'static [&'static [Prop]]) -> Format {
    plain(Some("file"), props)
}

fn is_wwn(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The format of a configuration key; `None` where its value is plain.
pub fn format_of(key: &str) -> Option<&'static Format> {
    Some(match key {
        "cpu" => &CPU,
        "memory" => &MEMORY,
        "agent" => &AGENT,
        "vga" => &VGA,
        "machine" => &MACHINE,
        "smbios1" => &SMBIOS,
        "boot" => &BOOT,
        "startup" => &STARTUP,
        "rng0" => &RNG,
        _ => match slot(key)?.0 {
            "scsi" => &SCSI,
            "virtio" => &VIRTIO,
            "sata" => &SATA,
            "ide" => &IDE,
            "efidisk" => &EFIDISK,
            "tpmstate" => &TPMSTATE,
            "unused" => &UNUSED,
            "net" => &NET,
            "hostpci" => &HOSTPCI,
            "usb" => &USB,
            "ipconfig" => &IPCONFIG,
            _ => return None,
        },
    })
}
