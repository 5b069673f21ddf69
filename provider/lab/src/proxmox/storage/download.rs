//! Files that hosts fetch.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::upload::{check_sum, file_name};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::fetch::{Fetch, Fetched};
use crate::proxmox::task::Job;

/// A file on its way from another server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Download {
    node: String,
    storage: String,
    content: String,
    name: String,
    url: String,
    verify: bool,
    checksum: Option<(String, String)>,
    compression: Option<String>,
}

fn check_network(call: &Call<'_>) -> Reply<()> {
    let node = format!("/nodes/{}", call.node());
    let system = call.may("/", &["Sys.Audit"]) && call.may("/", &["Sys.Modify"]);
    match system || call.may(&node, &["Sys.AccessNetwork"]) {
        true => Ok(()),
        false => Err(Refusal::forbidden("")),
    }
}

/// Starts a download; its rights are checked before its parameters (see `route`).
pub(crate) fn download_url(call: &mut Call<'_>) -> Reply {
    let storage = call.text("storage").to_owned();
    let content = call.text("content").to_owned();
    let node = call.node().to_owned();
    if !call.dc.storage_on(&storage, &node)?.holds(&content) {
        let text = format!("storage '{storage}' does not support '{content}' content");
        return Err(Refusal::die(text));
    }
    let name = file_name(&content, call.text("filename"))?;
    call.dc.version.check_import_file(&content, &name)?;
    let checksum = call
        .args
        .get("checksum-algorithm")
        .map(|algorithm| (algorithm.to_owned(), call.text("checksum").to_owned()));
    let job = Job::Download(Download {
        node,
        storage,
        content,
        name: name.clone(),
        url: call.text("url").to_owned(),
        verify: call.args.get("verify-certificates") != Some("0"),
        checksum,
        compression: call.args.get("compression").map(str::to_owned),
    });
    Ok(call.fork("download", &name, job))
}

/// Rights of a download.
pub(crate) fn check_download(call: &Call<'_>) -> Reply<()> {
    let storage = format!("/storage/{}", call.text("storage"));
    call.check(&storage, &["Datastore.AllocateTemplate"])?;
    check_network(call)
}

/// Rights of a look at a URL.
pub(crate) fn check_query(call: &Call<'_>) -> Reply<()> {
    check_network(call)
}

/// What is behind a URL, as the host sees it.
pub(crate) fn query_url(call: &mut Call<'_>) -> Reply {
    let url = call.text("url").to_owned();
    let Some(fetched) = call.fetched else {
        return Err(Refusal::Ask(Fetch {
            url,
            head: true,
            verify: call.args.get("verify-certificates") != Some("0"),
        }));
    };
    if !fetched.is_ok() {
        let text = format!("invalid server response: '{}'", fetched.status_line);
        return Err(Refusal::die(text));
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut data = json!({ "filename": name, "size": fetched.size });
    if let Some(kind) = &fetched.content_type {
        data["mimetype"] = json!(kind);
    }
    Ok(data)
}

impl Download {
    fn volid(&self) -> String {
        format!("{}:{}/{}", self.storage, self.content, self.name)
    }

    /// What to fetch; nothing where the file is there already.
    pub(crate) fn fetch(&self, dc: &Datacenter) -> Option<Fetch> {
        let there = dc.volume(&self.node, &self.volid()).is_some();
        (!there).then(|| Fetch {
            url: self.url.clone(),
            head: false,
            verify: self.verify,
        })
    }

    /// A file that is there already ends the task before anything is fetched.
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        let known = ["gz", "lzo", "zst", "bz2"];
        let compression = self.compression.as_deref();
        if compression.is_some_and(|compression| !known.contains(&compression)) {
            return Err(Refusal::die("no decompression method found"));
        }
        let volid = self.volid();
        let path = dc.path_of(&volid);
        let there = dc
            .volume(&self.node, &volid)
            .map(|volume| volume.content.clone());
        match (there, &self.checksum) {
            (None, _) => Ok(500),
            (Some(super::Content::Image(blob, _)), Some((algorithm, wanted))) => {
                let bytes = dc.blobs.get(&blob).unwrap_or_default();
                check_sum(algorithm, wanted, &bytes).map(|()| 0)
            }
            _ => Err(Refusal::die(format!(
                "refusing to override existing file '{path}'"
            ))),
        }
    }

    /// Stores what came, or says why it did not.
    pub(crate) fn store(
        &self,
        dc: &mut Datacenter,
        fetched: &Fetched,
        log: &mut Vec<String>,
    ) -> Reply<()> {
        let volid = self.volid();
        log.push(format!(
            "downloading {} to {}",
            self.url,
            dc.path_of(&volid)
        ));
        if !fetched.is_ok() {
            log.push(fetched.status_line.clone());
            return Err(Refusal::die(format!(
                "download failed: {}",
                fetched.status_line
            )));
        }
        if let Some((algorithm, wanted)) = &self.checksum {
            check_sum(algorithm, wanted, &fetched.body)?;
        }
        dc.check_room(&self.storage, &self.node, fetched.size)?;
        let kept = dc.blobs.put(&fetched.body);
        let digest = kept.map_err(|error| Refusal::die(error.to_string()))?;
        let length = u64::try_from(fetched.body.len()).unwrap_or_default();
        dc.put_file(&self.node, &volid, &(digest, length), &fetched.body);
        log.push("download finished".to_owned());
        Ok(())
    }
}
