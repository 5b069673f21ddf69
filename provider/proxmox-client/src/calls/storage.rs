//! Storages and what lies on them.

use serde_json::Value;

use crate::answer::{self, member, number, truth};
use crate::client::Client;
use crate::error::{Code, Error, Result};
use crate::request::{Method, Request};
use crate::task::Finished;
use client_core::Cx;

/// A storage as one host sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Its name.
    pub name: String,
    /// Kinds of content that it takes.
    pub content: Vec<String>,
    /// Whether all hosts see the same volumes.
    pub shared: bool,
    /// Whether it can be used now.
    pub active: bool,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name, `storage:…`.
    pub volid: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A file that a host shall fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download<'a> {
    /// `iso` or `import`.
    pub content: &'a str,
    /// Name that the file gets.
    pub file_name: &'a str,
    /// Where it is fetched from.
    pub url: &'a str,
    /// Algorithm and digest.
    pub checksum: Option<(&'a str, &'a str)>,
}

/// What a host says of a file behind an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its size in bytes, where the server tells it.
    pub size: Option<u64>,
}

impl Client {
    /// A storage as a host sees it.
    ///
    /// # Errors
    /// `TS-PVE-STORAGE-UNKNOWN` where the host does not have it or the token may not see it, or what was answered.
    pub async fn storage(&self, cx: &Cx, node: &str, name: &str) -> Result<Storage> {
        let request = Request::new(Method::Get, &["nodes", node, "storage"]);
        let data = self.call(cx, &request).await?;
        let attempted = format!("looking for storage {name} on {node}");
        let rows: Vec<Storage> = answer::list(&data, &attempted)?
            .iter()
            .filter_map(storage)
            .collect();
        let seen: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let unknown = Error::found(
            Code::StorageUnknown,
            attempted,
            format!(
                "the token sees these storages there: {}",
                if seen.is_empty() {
                    "none".to_owned()
                } else {
                    seen.join(", ")
                }
            ),
        );
        rows.into_iter().find(|row| row.name == name).ok_or(unknown)
    }

    /// The volumes of one kind on a storage.
    ///
    /// # Errors
    /// What was answered.
    pub async fn volumes(
        &self,
        cx: &Cx,
        node: &str,
        storage: &str,
        content: &str,
    ) -> Result<Vec<Volume>> {
        let request = Request::new(Method::Get, &["nodes", node, "storage", storage, "content"])
            .with("content", content);
        let data = self.call(cx, &request).await?;
        let rows = answer::list(&data, "listing volumes")?;
        Ok(rows.iter().filter_map(volume).collect())
    }

    /// Makes a host fetch a file onto a storage.
    ///
    /// # Errors
    /// What was answered, or the task's failure.
    pub async fn download(
        &self,
        cx: &Cx,
        node: &str,
        storage: &str,
        what: &Download<'_>,
    ) -> Result<Finished> {
        self.run(cx, &download_request(node, storage, what)).await
    }

    /// Asks a host what lies behind an address.
    ///
    /// # Errors
    /// What was answered: `TS-PVE-DOWNLOAD` where the host cannot reach it.
    pub async fn remote(&self, cx: &Cx, node: &str, url: &str) -> Result<Remote> {
        let request =
            Request::new(Method::Get, &["nodes", node, "query-url-metadata"]).with("url", url);
        let data = self.call(cx, &request).await?;
        Ok(Remote {
            size: number(&data, "size").filter(|size| *size > 0),
        })
    }

    /// Removes a volume; one that is not there is fine.
    ///
    /// # Errors
    /// What was answered, or the task's failure.
    pub async fn remove_volume(&self, cx: &Cx, node: &str, volid: &str) -> Result<()> {
        let storage = volid.split(':').next().unwrap_or_default();
        let request = Request::new(
            Method::Delete,
            &["nodes", node, "storage", storage, "content", volid],
        );
        match self.run(cx, &request).await {
            Err(error) if error.code == Code::VolumeMissing => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

fn download_request(node: &str, storage: &str, what: &Download<'_>) -> Request {
    let request = Request::new(
        Method::Post,
        &["nodes", node, "storage", storage, "download-url"],
    )
    .with("content", what.content)
    .with("filename", what.file_name)
    .with("url", what.url);
    match what.checksum {
        Some((algorithm, digest)) => request
            .with("checksum", digest)
            .with("checksum-algorithm", algorithm),
        None => request,
    }
}

fn storage(row: &Value) -> Option<Storage> {
    let content = member(row, "content").unwrap_or_default();
    Some(Storage {
        name: member(row, "storage")?,
        content: content.split(',').map(str::to_owned).collect(),
        shared: truth(row, "shared"),
        active: truth(row, "active"),
    })
}

fn volume(row: &Value) -> Option<Volume> {
    Some(Volume {
        volid: member(row, "volid")?,
        size: number(row, "size").unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_names_both_or_neither_of_checksum_and_algorithm() {
        let mut what = Download {
            content: "iso",
            file_name: "a.iso",
            url: "https://f.example/a.iso",
            checksum: None,
        };
        let bare = download_request("pve1", "local", &what);
        assert_eq!(bare.path, "/nodes/pve1/storage/local/download-url");
        assert_eq!(bare.parameters.len(), 3);
        what.checksum = Some(("sha256", "00"));
        let names: Vec<_> = download_request("pve1", "local", &what).parameters;
        assert!(names.contains(&("checksum-algorithm".to_owned(), "sha256".to_owned())));
        assert!(names.contains(&("checksum".to_owned(), "00".to_owned())));
    }
}
