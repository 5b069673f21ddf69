//! Own vectors, made from the published rules.

use super::*;

fn parse(key: &str, text: &str) -> Result<Properties, Malformed> {
    format_of(key).unwrap().parse(text)
}

fn printed(key: &str, text: &str) -> String {
    format_of(key).unwrap().print(&parse(key, text).unwrap())
}

#[test]
fn one_setting_has_many_spellings() {
    let cases = [
        ("agent", "1", "enabled=on"),
        ("agent", "1,freeze-fs=0", "enabled=1,guest-fsfreeze=no"),
        ("memory", "8192", "current=8192"),
        ("cpu", "host", "cputype=host"),
        (
            "net0",
            "virtio=BC:24:11:00:00:01,bridge=vmbr0",
            "bridge=vmbr0,macaddr=BC:24:11:00:00:01,model=virtio",
        ),
        ("scsi0", "a1:b,size=32G", "size=32768M,volume=a1:b"),
        ("startup", "1", "order=1"),
        (
            "hostpci0",
            "0000:00:02.1,pcie=1",
            "host=0000:00:02.1,pcie=yes",
        ),
    ];
    for (key, one, other) in cases {
        assert_eq!(
            parse(key, one).unwrap(),
            parse(key, other).unwrap(),
            "{key}"
        );
    }
}

#[test]
fn printing_is_canonical_and_reads_back() {
    let cases = [
        (
            "scsi0",
            "cache=none,rbd:vm-1-disk-0,aio=io_uring",
            "rbd:vm-1-disk-0,aio=io_uring,cache=none",
        ),
        (
            "net0",
            "bridge=vmbr0,virtio=BC:24:11:00:00:01,tag=5",
            "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5",
        ),
        ("net0", "model=virtio,bridge=vmbr0", "virtio,bridge=vmbr0"),
        (
            "efidisk0",
            "rbd:1,pre-enrolled-keys=0,efitype=4m",
            "rbd:1,efitype=4m,pre-enrolled-keys=0",
        ),
        ("usb0", "usb3=1,mapping=stick", "mapping=stick,usb3=1"),
        ("rng0", "source=/dev/urandom", "/dev/urandom"),
    ];
    for (key, text, canonical) in cases {
        assert_eq!(printed(key, text), canonical);
        assert_eq!(printed(key, canonical), canonical);
    }
}

#[test]
fn what_proxmox_refuses_is_refused() {
    let cases = [
        ("scsi0", "a1:b,cache=none,cache=none"),
        ("scsi0", "a1:b,foo=1"),
        ("scsi0", "cache=none"),
        ("net0", "virtio=bc:24:11:0:0:1"),
        ("net0", "virtio=01:24:11:00:00:01"),
        ("net0", "virtio,tag=4095"),
        ("net0", "virtio,e1000"),
        ("smbios1", "serial=ds=nocloud;h=a"),
        ("ipconfig0", "ip=10.0.0.1"),
        ("boot", "order=efidisk0"),
        ("hostpci0", "host=zz:00"),
        ("machine", "i440fx"),
    ];
    for (key, text) in cases {
        assert!(parse(key, text).is_err(), "{key} {text}");
    }
}

#[test]
fn slots_end_where_proxmox_ends_them() {
    assert_eq!(slot("scsi30"), Some(("scsi", 30)));
    for key in [
        "scsi31",
        "ide4",
        "net32",
        "scsi01",
        "scsi",
        "cores",
        "scsi0x",
        "virtiofs0",
    ] {
        assert_eq!(slot(key), None, "{key}");
    }
    assert!(is_drive("sata5") && !is_drive("efidisk0") && !is_drive("unused0"));
}

#[test]
fn sizes_are_written_in_the_largest_exact_unit() {
    let cases = [
        (1 << 40, "1T"),
        (32 << 30, "32G"),
        (540_672, "528K"),
        (1 << 20, "1M"),
        (1000, "1000"),
        (0, "0T"),
    ];
    for (bytes, text) in cases {
        assert_eq!(Size(bytes).to_string(), text);
        assert_eq!(Size::parse(text), Some(Size(bytes)));
    }
    assert_eq!(Size::parse("0.5G"), Some(Size(1 << 29)));
    for text in ["", "G", "32GB", "-1", "1e3", "inf"] {
        assert_eq!(Size::parse(text), None, "{text}");
    }
    assert_eq!((Size(1).gib(), gib(3).gib()), (1, 3));
}

#[test]
fn smbios_holds_any_text_in_base64_and_not_too_much_of_it() {
    let mut smbios = Smbios {
        uuid: Some("3f0c0000-0000-4000-8000-000000000001".to_owned()),
        ..Smbios::default()
    };
    smbios
        .texts
        .insert("serial".to_owned(), "ds=nocloud;h=a b".to_owned());
    let text = smbios.print().unwrap();
    assert_eq!(Smbios::parse(&text).unwrap(), smbios);
    assert!(text.starts_with("base64=1,"), "{text}");
    smbios.texts.insert("sku".to_owned(), "x".repeat(400));
    assert!(smbios.print().is_err());
    assert_eq!(
        Smbios::parse("manufacturer=foo").unwrap().texts["manufacturer"],
        "foo"
    );
}

#[test]
fn tags_are_one_set_however_they_are_written() {
    assert_eq!(Tags::parse("B;a,a c").print(), "a;b;c");
    assert!(
        Tags::is_valid("a_b-c.d+e")
            && !Tags::is_valid("-a")
            && !Tags::is_valid("a/b")
            && !Tags::is_valid("")
    );
}

#[test]
fn volumes_are_told_apart() {
    let of = |text: &str| Volume::of(&parse("ide0", text).unwrap()).unwrap();
    assert_eq!(of("none,media=cdrom"), Volume::Nothing);
    assert_eq!(of("/dev/sdb"), Volume::Host("/dev/sdb".to_owned()));
    assert_eq!(of("local:iso/a.iso,media=cdrom").storage(), Some("local"));
}
