//! Names of volumes: `100/vm-100-disk-0.raw`, `vm-100-disk-0`, `iso/talos.iso`.

use super::Storage;
use crate::proxmox::answer::{Refusal, Reply};

/// A volume's name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VolumeName {
    /// `images`, `iso`, `import`, …
    pub(crate) content: &'static str,
    pub(crate) format: String,
    pub(crate) owner: Option<u32>,
}

/// Folders of a storage with files, and what is in them.
const FOLDERS: [(&str, &str); 5] = [
    ("iso", "iso"),
    ("import", "import"),
    ("vztmpl", "vztmpl"),
    ("snippets", "snippets"),
    ("backup", "backup"),
];

impl VolumeName {
    /// Reads a name as a storage of its kind does.
    ///
    /// # Errors
    /// 500: `unable to parse … volume name`.
    pub(crate) fn parse(storage: &Storage, name: &str) -> Reply<Self> {
        let read = match storage.has_files() {
            true => Self::file(name),
            false => Self::block(name),
        };
        let kind = match storage.kind.as_str() {
            "rbd" => "rbd",
            "zfspool" => "zfs",
            kind if kind.starts_with("lvm") => "lvm",
            _ => "directory",
        };
        let wrong = || Refusal::die(format!("unable to parse {kind} volume name '{name}'"));
        read.ok_or_else(wrong)
    }

    fn file(name: &str) -> Option<Self> {
        let (folder, rest) = name.rsplit_once('/')?;
        if let Some((_, content)) = FOLDERS.iter().find(|(known, _)| *known == folder) {
            let extension = rest
                .rsplit_once('.')
                .map_or("raw", |(_, extension)| extension);
            let format = if *content == "iso" { "iso" } else { extension };
            return Some(Self {
                content,
                format: format.to_owned(),
                owner: None,
            });
        }
        let owner: u32 = folder.rsplit('/').next()?.parse().ok()?;
        let (stem, format) = rest.rsplit_once('.')?;
        let known = ["raw", "qcow2", "vmdk", "subvol"].contains(&format);
        (known && vm_of(stem).is_some()).then_some(())?;
        Some(Self {
            content: "images",
            format: format.to_owned(),
            owner: Some(owner),
        })
    }

    fn block(name: &str) -> Option<Self> {
        let last = name.rsplit('/').next()?;
        Some(Self {
            content: "images",
            format: "raw".to_owned(),
            owner: Some(vm_of(last)?),
        })
    }
}

/// 100 of `vm-100-disk-0` and `base-100-disk-0`.
fn vm_of(stem: &str) -> Option<u32> {
    let rest = stem
        .strip_prefix("vm-")
        .or_else(|| stem.strip_prefix("base-"))?;
    rest.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::VolumeName;

    #[test]
    fn file_names_tell_content_and_owner() {
        let owner = |name| VolumeName::file(name).and_then(|name| name.owner);
        assert_eq!(owner("100/vm-100-disk-0.raw"), Some(100));
        assert_eq!(
            owner("134/base-134-disk-0.raw/136/vm-136-disk-0.qcow2"),
            Some(136)
        );
        assert_eq!(VolumeName::file("iso/a.iso").unwrap().content, "iso");
        assert_eq!(VolumeName::file("import/a.qcow2").unwrap().format, "qcow2");
        for wrong in ["abc", "1", "100/foo.raw", "100/vm-100-disk-0"] {
            assert_eq!(VolumeName::file(wrong), None, "{wrong}");
        }
        assert_eq!(
            VolumeName::block("vm-9999-pvc-1").unwrap().owner,
            Some(9999)
        );
    }
}
