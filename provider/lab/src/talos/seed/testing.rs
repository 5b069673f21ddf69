//! Images for tests, written record by record as ECMA-119 has it.

const SECTOR: usize = 2048;

/// An image with files in its root folder; `kind` is `joliet`, `rock ridge` or `short`.
pub(crate) fn image(volume: &str, files: &[(&str, &str)], kind: &str) -> Vec<u8> {
    let joliet = kind == "joliet";
    let mut bytes = vec![0; 20 * SECTOR];
    let mut records = vec![
        record(&[0], 19, SECTOR, 2, &[]),
        record(&[1], 19, SECTOR, 2, &[]),
    ];
    for (name, content) in files {
        let sector = bytes.len() / SECTOR;
        let (own, system_use) = match kind {
            "joliet" => (utf16(name), Vec::new()),
            "rock ridge" => (short(name), alternate(name)),
            _ => (short(name), Vec::new()),
        };
        records.push(record(&own, sector, content.len(), 0, &system_use));
        let mut padded = content.as_bytes().to_vec();
        padded.resize(content.len().div_ceil(SECTOR).max(1) * SECTOR, 0);
        bytes.extend(padded);
    }
    let folder = records.concat();
    bytes[19 * SECTOR..19 * SECTOR + folder.len()].copy_from_slice(&folder);
    describe(&mut bytes, 16, 1, volume.as_bytes(), &[]);
    if joliet {
        describe(&mut bytes, 17, 2, &utf16(volume), b"%/E");
    }
    let end = if joliet { 18 } else { 17 };
    describe(&mut bytes, end, 255, &[], &[]);
    bytes
}

fn describe(bytes: &mut [u8], sector: usize, kind: u8, volume: &[u8], escape: &[u8]) {
    let descriptor = &mut bytes[sector * SECTOR..(sector + 1) * SECTOR];
    descriptor[0] = kind;
    descriptor[1..6].copy_from_slice(b"CD001");
    descriptor[40..72].fill(b' ');
    descriptor[40..40 + volume.len()].copy_from_slice(volume);
    descriptor[88..88 + escape.len()].copy_from_slice(escape);
    let root = record(&[0], 19, SECTOR, 2, &[]);
    descriptor[156..156 + root.len()].copy_from_slice(&root);
}

fn record(name: &[u8], sector: usize, length: usize, flags: u8, system_use: &[u8]) -> Vec<u8> {
    let both = |number: usize| {
        let number = u32::try_from(number).unwrap();
        [number.to_le_bytes(), number.to_be_bytes()].concat()
    };
    let mut bytes = vec![0, 0];
    bytes.extend(both(sector));
    bytes.extend(both(length));
    bytes.extend([0; 7]);
    bytes.extend([flags, 0, 0, 0, 0, 0, 0, u8::try_from(name.len()).unwrap()]);
    bytes.extend(name);
    if name.len().is_multiple_of(2) {
        bytes.push(0);
    }
    bytes.extend(system_use);
    bytes[0] = u8::try_from(bytes.len()).unwrap();
    bytes
}

fn utf16(name: &str) -> Vec<u8> {
    name.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn short(name: &str) -> Vec<u8> {
    format!("{}.;1", name.to_uppercase()).into_bytes()
}

fn alternate(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len() + 5).unwrap();
    [&[b'N', b'M', length, 1, 0], name.as_bytes()].concat()
}
