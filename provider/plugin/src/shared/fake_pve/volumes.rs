//! Storages of the fake.

use proxmox_client::testing::{Asked, Reply};
use serde_json::json;

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
                if self.volumes.contains_key(&volume) {
                    return self.task("download", "", "refusing to override existing file");
                }
                self.volumes.insert(volume, 1000);
                self.task("download", "", "OK")
            }
            ("DELETE", [_, "content", volume @ ..]) => {
                self.volumes.remove(&volume.join("/"));
                self.task("imgdel", "", "OK")
            }
            _ => Reply::error(501, "not implemented"),
        }
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
        self.volumes
            .insert(format!("{storage}:{content}/{name}"), (end - start) as u64);
        self.task("imgcopy", "", "OK")
    }

    /// Names of all volumes.
    pub fn volume_names(&self) -> Vec<String> {
        self.volumes.keys().cloned().collect()
    }
}
