use super::*;

fn seed() -> Seed {
    let link = Link {
        addresses: vec!["10.101.0.11/24".to_owned(), "fd00:101::11/64".to_owned()],
        gateway4: Some("10.101.0.254".to_owned()),
        gateway6: Some("fe80::101:fffe".to_owned()),
        mtu: Some(1450),
        routes: vec![Route {
            to: "10.0.0.0/8".to_owned(),
            via: "10.101.0.253".to_owned(),
            metric: Some(50),
        }],
        ..Link::default()
    };
    let vlan = Link {
        dhcp4: true,
        ..Link::default()
    };
    Seed {
        hostname: Some("solcp01".to_owned()),
        interfaces: vec![Interface {
            name: "net0".to_owned(),
            mac: "BC:24:11:00:00:01".to_owned(),
            link,
            vlans: vec![(104, vlan)],
        }],
        nameservers: vec!["10.101.0.253".to_owned()],
        search_domains: vec!["sol.example".to_owned()],
    }
}

#[test]
fn documents_say_what_the_seed_says() {
    let wanted = "\
version: 2
ethernets:
  net0:
    match:
      macaddress: \"bc:24:11:00:00:01\"
    addresses:
      - \"10.101.0.11/24\"
      - \"fd00:101::11/64\"
    gateway4: \"10.101.0.254\"
    gateway6: \"fe80::101:fffe\"
    mtu: 1450
    routes:
      - to: \"10.0.0.0/8\"
        via: \"10.101.0.253\"
        metric: 50
    nameservers:
      addresses:
        - \"10.101.0.253\"
      search:
        - \"sol.example\"
vlans:
  net0.104:
    id: 104
    link: \"net0\"
    dhcp4: true
";
    assert_eq!(seed().network_config(), wanted);
    assert_eq!(
        seed().meta_data("0123456789abcdef0123"),
        "instance-id: \"0123456789abcdef\"\nlocal-hostname: \"solcp01\"\n"
    );
}

#[test]
fn the_same_seed_is_the_same_image_and_another_is_another() {
    let (one, two) = (seed().image(), seed().image());
    assert_eq!(one.bytes, two.bytes);
    let mut other = seed();
    other.interfaces[0].link.addresses.pop();
    assert_ne!(other.image().sha256, one.sha256);
}

/// Reads an image by the rules of ECMA-119, not by those of the writer.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u32(&self, at: usize) -> usize {
        let (little, big) = (&self.0[at..at + 4], &self.0[at + 4..at + 8]);
        let reversed: Vec<u8> = big.iter().rev().copied().collect();
        assert_eq!(little, reversed, "both orders at {at}");
        u32::from_le_bytes(little.try_into().unwrap()) as usize
    }

    /// Names and contents of the root folder of the volume described in a sector.
    fn files(&self, descriptor: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let start = descriptor * 2048;
        assert_eq!(&self.0[start + 1..start + 6], b"CD001");
        assert_eq!(self.u32(start + 80) * 2048, self.0.len());
        let folder = self.u32(start + 156 + 2) * 2048;
        let end = folder + self.u32(start + 156 + 10);
        let mut at = folder;
        let mut found = Vec::new();
        while at < end && self.0[at] != 0 {
            let (sector, length) = (self.u32(at + 2), self.u32(at + 10));
            let name = &self.0[at + 33..at + 33 + usize::from(self.0[at + 32])];
            if self.0[at + 25] & 2 == 0 {
                let content = &self.0[sector * 2048..sector * 2048 + length];
                found.push((name.to_vec(), content.to_vec()));
            }
            at += usize::from(self.0[at]);
        }
        found
    }
}

#[test]
fn an_image_holds_the_files_under_both_kinds_of_names() {
    let image = seed().image();
    let reader = Reader(&image.bytes);
    assert_eq!(&image.bytes[16 * 2048 + 40..16 * 2048 + 47], b"cidata ");
    let plain = reader.files(16);
    let names: Vec<String> = plain
        .iter()
        .map(|(name, _)| String::from_utf8(name.clone()).unwrap())
        .collect();
    assert_eq!(names, ["META-DATA.;1", "NETWORK-CONFIG.;1", "USER-DATA.;1"]);
    assert_eq!(plain[1].1, seed().network_config().into_bytes());
    let wide = |name: &[u8]| {
        let units: Vec<u16> = name
            .chunks(2)
            .map(|two| u16::from_be_bytes([two[0], two[1]]))
            .collect();
        String::from_utf16(&units).unwrap()
    };
    let joliet = reader.files(17);
    let names: Vec<String> = joliet.iter().map(|(name, _)| wide(name)).collect();
    assert_eq!(names, ["meta-data", "network-config", "user-data"]);
    assert_eq!(joliet[2].1, b"#cloud-config\n");
    assert_eq!(image.bytes[18 * 2048], 255);
}
