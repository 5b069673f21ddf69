//! Reading a small CD-ROM image: ECMA-119, with the names of Joliet or Rock Ridge where it has
//! them.

use std::collections::BTreeMap;

const SECTOR: usize = 2048;
/// The first volume descriptor (ECMA-119, 6.2.1).
const FIRST: usize = 16;
/// No image has more descriptors than this; it guards against garbage.
const DESCRIPTORS: usize = 16;

/// What an image holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Volume {
    /// Its name, without the blanks behind it.
    pub name: String,
    /// Files of the root folder by name, as its writer meant them.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Reads an image; none where it is no CD-ROM.
pub(crate) fn read(image: &[u8]) -> Option<Volume> {
    let mut plain = None;
    let mut joliet = None;
    for sector in FIRST..FIRST + DESCRIPTORS {
        let descriptor = slice(image, sector * SECTOR, SECTOR)?;
        if slice(descriptor, 1, 5)? != b"CD001" {
            return None;
        }
        match descriptor.first()? {
            1 => plain = Some(descriptor),
            2 if is_joliet(descriptor) => joliet = Some(descriptor),
            255 => break,
            _ => {}
        }
    }
    let plain = plain?;
    let name = String::from_utf8_lossy(slice(plain, 40, 32)?)
        .trim_end()
        .to_owned();
    let files = match joliet {
        Some(descriptor) => files(image, descriptor, &wide)?,
        None => files(image, plain, &narrow)?,
    };
    Some(Volume { name, files })
}

/// The escape sequences of UCS-2 (Joliet specification).
fn is_joliet(descriptor: &[u8]) -> bool {
    let escape = slice(descriptor, 88, 3).unwrap_or_default();
    [b"%/@", b"%/C", b"%/E"]
        .iter()
        .any(|known| escape == *known)
}

fn files(
    image: &[u8],
    descriptor: &[u8],
    name: &dyn Fn(&[u8], &[u8]) -> String,
) -> Option<BTreeMap<String, Vec<u8>>> {
    let root = slice(descriptor, 156, 34)?;
    let folder = extent(image, root)?;
    let mut found = BTreeMap::new();
    let mut at = 0;
    while at < folder.len() {
        let length = usize::from(*folder.get(at)?);
        if length == 0 {
            // Records do not cross sectors: the rest of this one is empty.
            at = (at / SECTOR + 1) * SECTOR;
            continue;
        }
        let record = slice(folder, at, length)?;
        at += length;
        let is_folder = record.get(25)? & 2 != 0;
        if !is_folder {
            let own = slice(record, 33, usize::from(*record.get(32)?))?;
            let padded = 33 + own.len() + (own.len() + 1) % 2;
            let rest = record.get(padded..).unwrap_or_default();
            found.insert(name(own, rest), extent(image, record)?.to_vec());
        }
    }
    Some(found)
}

/// The bytes that a record points at.
fn extent<'a>(image: &'a [u8], record: &[u8]) -> Option<&'a [u8]> {
    let number = |at| {
        let bytes: [u8; 4] = slice(record, at, 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    slice(image, number(2)?.checked_mul(SECTOR)?, number(10)?)
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

fn wide(name: &[u8], _: &[u8]) -> String {
    let units: Vec<u16> = name
        .chunks_exact(2)
        .map(|two| u16::from_be_bytes([two[0], two[1]]))
        .collect();
    without_version(&String::from_utf16_lossy(&units))
}

/// The alternate name of Rock Ridge (`NM`), or the short one in lower case.
fn narrow(name: &[u8], system_use: &[u8]) -> String {
    let mut at = 0;
    while let Some(entry) = system_use.get(at..) {
        let Some(length) = entry.get(2).map(|length| usize::from(*length)) else {
            break;
        };
        if length < 4 {
            break;
        }
        if entry.starts_with(b"NM")
            && let Some(text) = entry.get(5..length)
        {
            return String::from_utf8_lossy(text).into_owned();
        }
        at += length;
    }
    without_version(&String::from_utf8_lossy(name)).to_lowercase()
}

/// `USER-DATA.;1` is `USER-DATA`.
fn without_version(name: &str) -> String {
    let name = name.split(';').next().unwrap_or_default();
    name.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talos::seed::testing::image;

    #[test]
    fn names_are_read_whatever_the_kind() {
        let files = [
            ("meta-data", "a"),
            ("network-config", "bb"),
            ("user-data", ""),
        ];
        for kind in ["joliet", "rock ridge", "short"] {
            let volume = read(&image("cidata", &files, kind)).unwrap();
            assert_eq!(volume.name, "cidata", "{kind}");
            let names: Vec<&str> = volume.files.keys().map(String::as_str).collect();
            assert_eq!(
                names,
                ["meta-data", "network-config", "user-data"],
                "{kind}"
            );
            assert_eq!(volume.files["network-config"], b"bb", "{kind}");
        }
    }

    #[test]
    fn garbage_is_no_image() {
        assert_eq!(read(b"hello"), None);
        assert_eq!(read(&vec![0; 40 * SECTOR]), None);
    }
}
