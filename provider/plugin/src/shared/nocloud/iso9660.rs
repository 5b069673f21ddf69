//! A writer of ISO 9660 images with one folder. Names are kept by Joliet; for readers that know only the base format they are there in
//! capitals. There are crates that do far more; none of it is needed for three files that must come out the same every time.
//!
//! Format: ECMA-119, and the Joliet specification for the second volume descriptor.

const SECTOR: usize = 2048;
const SYSTEM_AREA: usize = 16;
const PRIMARY: usize = SYSTEM_AREA;
const JOLIET: usize = PRIMARY + 1;
const TERMINATOR: usize = JOLIET + 1;
const PATHS: usize = TERMINATOR + 1;
const FOLDERS: usize = PATHS + 4;
const CONTENT: usize = FOLDERS + 2;
/// First of January 1970: 70 years after 1900.
const DATE: [u8; 7] = [70, 1, 1, 0, 0, 0, 0];
const ROOT: &[u8] = &[0];
const PARENT: &[u8] = &[1];

/// One of the two trees: how it writes names.
#[derive(Clone, Copy)]
struct Tree {
    /// Sector of its descriptor.
    descriptor: usize,
    /// Sector of its first path table.
    paths: usize,
    /// Sector of its folder.
    folder: usize,
    name: fn(&str) -> Vec<u8>,
    label: fn(&str, usize) -> Vec<u8>,
}

const TREES: [Tree; 2] = [
    Tree {
        descriptor: PRIMARY,
        paths: PATHS,
        folder: FOLDERS,
        name: |name| format!("{}.;1", name.to_uppercase()).into_bytes(),
        label: padded,
    },
    Tree {
        descriptor: JOLIET,
        paths: PATHS + 2,
        folder: FOLDERS + 1,
        name: utf16,
        label: |text, length| {
            let mut bytes = utf16(text);
            while bytes.len() + 1 < length {
                bytes.extend([0, b' ']);
            }
            bytes.resize(length, 0);
            bytes
        },
    },
];

/// Where a file lies.
struct Placed<'a> {
    name: &'a str,
    sector: usize,
    length: usize,
}

/// An image with these files, sorted by name, of which none is empty and all fit into one folder's sector.
pub(super) fn image(volume: &str, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut next = CONTENT;
    let placed: Vec<Placed<'_>> = files
        .iter()
        .map(|(name, bytes)| {
            let sector = next;
            next += bytes.len().div_ceil(SECTOR).max(1);
            Placed {
                name,
                sector,
                length: bytes.len(),
            }
        })
        .collect();
    let mut image = vec![0; next * SECTOR];
    for tree in TREES {
        put(&mut image, tree.descriptor, &descriptor(tree, volume, next));
        put(
            &mut image,
            tree.paths,
            &path_table(tree.folder, u32::to_le_bytes, u16::to_le_bytes),
        );
        put(
            &mut image,
            tree.paths + 1,
            &path_table(tree.folder, u32::to_be_bytes, u16::to_be_bytes),
        );
        put(&mut image, tree.folder, &folder(tree, &placed));
    }
    put(&mut image, TERMINATOR, b"\xffCD001\x01");
    for (place, (_, bytes)) in placed.iter().zip(files) {
        put(&mut image, place.sector, bytes);
    }
    image
}

fn put(image: &mut [u8], sector: usize, bytes: &[u8]) {
    let start = sector * SECTOR;
    image[start..start + bytes.len()].copy_from_slice(bytes);
}

/// A volume descriptor. Fields follow each other as in ECMA-119, 8.4 and 8.5.
fn descriptor(tree: Tree, volume: &str, sectors: usize) -> Vec<u8> {
    let joliet = tree.descriptor == JOLIET;
    let blank = |length| (tree.label)("", length);
    let mut bytes = vec![if joliet { 2 } else { 1 }];
    bytes.extend(b"CD001\x01\0");
    bytes.extend(blank(32));
    bytes.extend((tree.label)(volume, 32));
    bytes.extend([0; 8]);
    bytes.extend(both32(sectors));
    let mut escapes = [0; 32];
    if joliet {
        // UCS-2, level 3.
        escapes[..3].copy_from_slice(b"%/E");
    }
    bytes.extend(escapes);
    bytes.extend(both16(1));
    bytes.extend(both16(1));
    bytes.extend(both16(SECTOR as u16));
    bytes.extend(both32(
        path_table(tree.folder, u32::to_le_bytes, u16::to_le_bytes).len(),
    ));
    bytes.extend((tree.paths as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend((tree.paths as u32 + 1).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(record(ROOT, tree.folder, SECTOR, true));
    for length in [128, 128, 128, 128, 37, 37, 37] {
        bytes.extend(blank(length));
    }
    for _ in 0..4 {
        // No date: sixteen zeros and no offset.
        bytes.extend(b"0000000000000000\0");
    }
    bytes.push(1);
    bytes
}

fn path_table(folder: usize, long: fn(u32) -> [u8; 4], short: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mut bytes = vec![1, 0];
    bytes.extend(long(folder as u32));
    bytes.extend(short(1));
    bytes.extend([0, 0]);
    bytes
}

fn folder(tree: Tree, files: &[Placed<'_>]) -> Vec<u8> {
    let mut bytes = record(ROOT, tree.folder, SECTOR, true);
    bytes.extend(record(PARENT, tree.folder, SECTOR, true));
    for file in files {
        bytes.extend(record(
            &(tree.name)(file.name),
            file.sector,
            file.length,
            false,
        ));
    }
    bytes
}

/// A directory record, ECMA-119, 9.1.
fn record(name: &[u8], sector: usize, length: usize, is_folder: bool) -> Vec<u8> {
    let mut bytes = vec![0, 0];
    bytes.extend(both32(sector));
    bytes.extend(both32(length));
    bytes.extend(DATE);
    bytes.extend([if is_folder { 2 } else { 0 }, 0, 0]);
    bytes.extend(both16(1));
    bytes.push(name.len() as u8);
    bytes.extend(name);
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes[0] = bytes.len() as u8;
    bytes
}

fn both32(number: usize) -> [u8; 8] {
    let number = number as u32;
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    bytes
}

fn both16(number: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (number.to_le_bytes(), number.to_be_bytes());
    [a, b, c, d]
}

fn padded(text: &str, length: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(length, b' ');
    bytes
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
