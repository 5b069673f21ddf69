//! Files that clients send.

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::blobs::hex;
use super::volume::{Content, Volume};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::task::Job;

/// A file on its way from a host's temporary folder to the storage.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    node: String,
    storage: String,
    folder: String,
    name: String,
    temporary: String,
    /// Digest and length in bytes.
    blob: (String, u64),
    checksum: Option<(String, String)>,
}

/// Where a content type's files are, and the endings they may have.
pub(crate) fn file_name(content: &str, name: &str) -> Reply<String> {
    let endings: &[&str] = match content {
        "iso" => &["iso", "img"],
        "import" => &["ova", "qcow2", "raw", "vmdk"],
        _ => &["tar.gz", "tar.xz", "tar.zst"],
    };
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => letter,
        _ => '_',
    };
    let name: String = name.chars().map(plain).collect();
    let fits = |ending: &&&str| name.to_lowercase().ends_with(&format!(".{ending}"));
    match endings.iter().find(fits) {
        Some(_) => Ok(name),
        None => Err(Refusal::parameter("filename", "wrong file extension")),
    }
}

/// Takes a file; it is copied by a worker.
pub(crate) fn upload(call: &mut Call<'_>) -> Reply {
    let storage = call.text("storage").to_owned();
    let content = call.text("content").to_owned();
    let node = call.node().to_owned();
    if !call.dc.storage_on(&storage, &node)?.holds(&content) {
        let text = format!("storage '{storage}' does not support '{content}' content");
        return Err(Refusal::die(text));
    }
    let name = file_name(&content, call.text("filename"))?;
    call.dc.version.check_import_file(&content, &name)?;
    let Some(file) = call.file else {
        return Err(Refusal::Bare(500, NO_FILE.to_owned()));
    };
    let length = u64::try_from(file.bytes.len()).unwrap_or_default();
    let kept = call.dc.blobs.put(&file.bytes);
    let digest = kept.map_err(|error| Refusal::die(format!("unable to store upload: {error}")))?;
    let checksum = call
        .args
        .get("checksum-algorithm")
        .map(|algorithm| (algorithm.to_owned(), call.text("checksum").to_lowercase()));
    let temporary = format!("/var/tmp/pveupload-{}", call.dc.random.hex(32));
    let job = Job::Upload(Upload {
        node,
        storage,
        folder: content,
        name,
        temporary,
        blob: (digest, length),
        checksum,
    });
    Ok(call.fork("imgcopy", "", job))
}

/// What the server says when no file part came (recorded with PVE 9.2).
pub(crate) const NO_FILE: &str =
    "upload failed at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 1370.";

impl Upload {
    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        let volid = format!("{}:{}/{}", self.storage, self.folder, self.name);
        let path = dc.path_of(&volid);
        let bytes = dc.blobs.get(&self.blob.0).unwrap_or_default();
        log.push(format!("starting file import from: {}", self.temporary));
        if let Some((algorithm, wanted)) = &self.checksum {
            check_sum(algorithm, wanted, &bytes)?;
        }
        check_image(&self.temporary, &self.name, &bytes)?;
        log.push(format!("target node: {}", self.node));
        log.push(format!("target file: {path}"));
        log.push(format!("file size is: {}", self.blob.1));
        dc.check_room(&self.storage, &self.node, self.blob.1)?;
        dc.put_file(&self.node, &volid, &self.blob, &bytes);
        log.push("finished file import successfully".to_owned());
        Ok(())
    }
}

impl Datacenter {
    /// Stores a file as a volume, over one of the same name.
    pub(super) fn put_file(&mut self, node: &str, volid: &str, blob: &(String, u64), bytes: &[u8]) {
        let (storage, name) = volid.split_once(':').unwrap_or_default();
        let place = self.place(storage, node);
        let format = name.rsplit_once('.').map_or("raw", |(_, ending)| ending);
        let size = virtual_size(format, bytes).unwrap_or(blob.1);
        let volume = Volume {
            format: format.to_owned(),
            size: if name.starts_with("import/") {
                size
            } else {
                blob.1
            },
            content: Content::Image(blob.0.clone(), blob.1),
            ctime: self.seconds(),
            parent: None,
        };
        self.places
            .entry(place)
            .or_default()
            .insert(name.to_owned(), volume);
    }
}

/// The size that a guest will see: a qcow2 file has it in its head (QEMU documentation).
fn virtual_size(format: &str, bytes: &[u8]) -> Option<u64> {
    if format != "qcow2" || !bytes.starts_with(b"QFI\xfb") {
        return None;
    }
    let field: [u8; 8] = bytes.get(24..32)?.try_into().ok()?;
    Some(u64::from_be_bytes(field))
}

fn check_image(temporary: &str, name: &str, bytes: &[u8]) -> Reply<()> {
    if name.ends_with(".qcow2") && !bytes.starts_with(b"QFI\xfb") {
        let text = format!("qemu-img: Could not open '{temporary}': Image is not in qcow2 format");
        return Err(Refusal::die(text));
    }
    Ok(())
}

/// Compares a checksum; the text is the one of downloads in the documentation of the source.
pub(super) fn check_sum(algorithm: &str, wanted: &str, bytes: &[u8]) -> Reply<()> {
    let found = match algorithm {
        "md5" => hex(&Md5::digest(bytes)),
        "sha1" => hex(&Sha1::digest(bytes)),
        "sha224" => hex(&Sha224::digest(bytes)),
        "sha384" => hex(&Sha384::digest(bytes)),
        "sha512" => hex(&Sha512::digest(bytes)),
        _ => hex(&Sha256::digest(bytes)),
    };
    if found == wanted.to_lowercase() {
        return Ok(());
    }
    let text = format!("checksum mismatch: got '{found}' != expect '{wanted}', aborting");
    Err(Refusal::die(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_plain_and_need_an_ending() {
        assert_eq!(file_name("iso", "a b(1).iso").unwrap(), "a_b_1_.iso");
        assert!(file_name("iso", "talos.raw.xz").is_err());
        assert!(file_name("import", "a.raw").is_ok());
        assert!(file_name("iso", "a.raw").is_err());
    }

    #[test]
    fn checksums_are_compared() {
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(check_sum("sha256", sum, b"abc").is_ok());
        assert!(check_sum("md5", "900150983cd24fb0d6963f7d28e17f72", b"abc").is_ok());
        assert!(check_sum("sha256", sum, b"abd").is_err());
    }

    #[test]
    fn a_qcow2_file_tells_its_size() {
        let mut bytes = b"QFI\xfb".to_vec();
        bytes.resize(24, 0);
        bytes.extend(10_u64.to_be_bytes());
        assert_eq!(virtual_size("qcow2", &bytes), Some(10));
        assert_eq!(virtual_size("raw", &bytes), None);
    }
}
