//! Storages of the fake.

use client_core::hex;
use proxmox_client::testing::{Asked, Reply};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::World;

impl World {
    pub(super) fn storage(&mut self, asked: &Asked, rest: &[&str]) -> Reply {
        match (asked.method.as_str(), rest) {
            ("GET", []) => {
                let row = |(name, (content, shared)): (&&str, &(&str, bool))| json!({"storage": name, "content": content, "shared": u8::from(*shared), "active": 1, "enabled": 1});
                Reply::data(self.storages.iter().map(row).collect())
            }
            ("GET", [storage, "content"]) => {
                let prefix = format!("{storage}:{}/", asked.get("content").unwrap());
                let found = self
                    .volumes
                    .iter()
                    .filter(|(volume, _)| volume.starts_with(&prefix));
                Reply::data(
                    found
                        .map(|(volume, size)| json!({"volid": volume, "size": size}))
                        .collect(),
                )
            }
            ("POST", [storage, "upload"]) => self.upload(asked, storage),
            ("POST", [storage, "download-url"]) => {
                let volume = format!(
                    "{storage}:{}/{}",
                    asked.get("content").unwrap(),
                    asked.get("filename").unwrap()
                );
                self.download(volume, asked.get("checksum"))
            }
            ("DELETE", [_, "content", volume @ ..]) => {
                self.volumes.remove(&volume.join("/"));
                self.digests.remove(&volume.join("/"));
                self.task("imgdel", "", "OK")
            }
            _ => Reply::error(501, "not implemented"),
        }
    }

    /// A file that is there is compared with the checksum and never fetched again.
    fn download(&mut self, volume: String, checksum: Option<&str>) -> Reply {
        let exit = match (self.volumes.contains_key(&volume), checksum) {
            (false, digest) => {
                self.volumes.insert(volume.clone(), 1000);
                let digest = digest.map(str::to_owned);
                self.digests.extend(digest.map(|digest| (volume, digest)));
                "OK".to_owned()
            }
            (true, None) => format!("refusing to override existing file '{volume}'"),
            (true, Some(wanted)) => match self.digests.get(&volume) {
                Some(digest) if digest == wanted => "OK".to_owned(),
                digest => format!(
                    "checksum mismatch: got '{}' != expect '{wanted}', aborting",
                    digest.map_or("unknown", String::as_str)
                ),
            },
        };
        self.task("download", "", &exit)
    }

    fn upload(&mut self, asked: &Asked, storage: &str) -> Reply {
        let Some((content, _)) = self.storages.get(storage) else {
            return Reply::error(500, &format!("storage '{storage}' does not exist"));
        };
        if !content.contains("iso") {
            return Reply::error(
                500,
                &format!("storage '{storage}' does not support 'iso' content"),
            );
        }
        let body = &asked.body;
        let find = |needle: &str| {
            body.windows(needle.len())
                .position(|window| window == needle.as_bytes())
                .unwrap()
        };
        let name = &body[find("filename=\"") + 10..];
        let name =
            String::from_utf8_lossy(&name[..name.iter().position(|byte| *byte == b'"').unwrap()])
                .into_owned();
        let content =
            if body.windows(6).any(|window| window == b"import") && !name.ends_with(".iso") {
                "import"
            } else {
                "iso"
            };
        let start = find("application/octet-stream\r\n\r\n") + 28;
        let end = body.len() - "\r\n--talos-stack-7d9c1f0be2a54c6e--\r\n".len();
        let volume = format!("{storage}:{content}/{name}");
        self.digests
            .insert(volume.clone(), hex(Sha256::digest(&body[start..end])));
        self.volumes.insert(volume, (end - start) as u64);
        self.task("imgcopy", "", "OK")
    }

    /// Names of all volumes.
    pub fn volume_names(&self) -> Vec<String> {
        self.volumes.keys().cloned().collect()
    }
}
