//! Bringing a file to one host.

use std::path::PathBuf;
use std::time::Duration;

use framework::prelude::*;
use proxmox_client::{Client, Code, Cx, Download, Error as PveError, Sent, Upload};

use super::super::TalosImageResource;
use super::super::model::TalosImage;
use super::super::plan::{self, Digests, OnHost};
use super::super::source::{Source, content};
use crate::shared::{fetch, proxmox};

/// How often something is asked for again whose answer was lost.
const ATTEMPTS: usize = 3;

/// What lies on a storage now.
pub struct Delivered {
    /// Bytes.
    pub size: u64,
    /// It was there before, and may be somebody else's.
    pub found: bool,
    /// Digests that it has for sure.
    pub digests: Digests,
}

/// One image on its way.
pub struct Delivery<'a> {
    /// Context of the operation.
    pub cx: &'a ApplyCx<TalosImageResource>,
    /// Client of the cluster.
    pub client: Client,
    /// Limits of calls.
    pub calls: Cx,
    /// What is delivered.
    pub model: TalosImage,
    /// Where it comes from.
    pub source: Source,
    /// The file, once it was fetched or found here.
    pub local: Option<fetch::Fetched>,
}

impl Delivery<'_> {
    fn name(&self) -> &str {
        self.model.file_name.text()
    }

    fn storage(&self) -> &str {
        self.model.storage.text()
    }

    fn content(&self) -> &'static str {
        content(self.name()).unwrap_or("iso")
    }

    fn checksum(&self) -> Option<(&str, &str)> {
        let checksum = self.model.checksum.get()?;
        Some((checksum.algorithm.as_str()?, checksum.value.as_str()?))
    }

    /// The volume that the file is to be.
    pub fn volume(&self) -> String {
        plan::volume(self.storage(), self.name())
    }

    /// An error of the client as one of this image, at the attribute that it is about.
    pub fn error(&self, error: &PveError) -> Error {
        let told = proxmox::error(self.name(), error);
        let attribute = match error.code {
            Code::StorageUnknown | Code::StorageContent | Code::StorageFull => "storage",
            Code::HostUnknown | Code::HostOffline if self.model.nodes.is_known() => "nodes",
            Code::Checksum => "checksum",
            Code::FileExists => "file_name",
            Code::Download if self.model.url.is_known() => "url",
            _ => return told,
        };
        told.at(attribute)
    }

    /// Makes sure that a host has the file. `known` is what was known of it before.
    pub async fn to(&mut self, node: &str, known: Option<&OnHost>) -> Result<Delivered, Error> {
        self.check_storage(node).await?;
        if let Some(size) = self.look(node).await? {
            let digests = self.take(node, size, known).await?;
            // The very file that is here: an upload of which nothing was recorded, because the run was killed.
            let is_local = matches!(self.source, Source::File(_)) && !digests.is_empty();
            return Ok(Delivered {
                size,
                found: known.is_some() || !is_local,
                digests,
            });
        }
        let digests = self.bring(node).await?;
        match self.look(node).await? {
            Some(size) => Ok(Delivered {
                size,
                found: false,
                digests,
            }),
            None => Err(self.error(&PveError::found(
                Code::VolumeMissing,
                format!("delivering {} to {node}", self.volume()),
                "the task ended well, and the file is not there",
            ))),
        }
    }

    /// Fetched by the host or sent from here; what is known of the file then.
    async fn bring(&mut self, node: &str) -> Result<Digests, Error> {
        let fetches = match (&self.source, self.model.delivery.text()) {
            (Source::File(_), _) | (_, "upload") => false,
            (Source::Url(..), _) => true,
        };
        if fetches {
            let Err(error) = self.download(node).await else {
                return Ok(self.compared());
            };
            let unable = error.code == Code::Download
                || (error.code == Code::Permission && !error.seen.contains("/storage/"));
            if self.model.delivery.text() != "auto" || !unable {
                return Err(self.error(&error));
            }
            tracing::info!(node, seen = %error.seen, "the host cannot fetch the image; it goes through here");
        }
        self.upload(node).await?;
        let mut digests = self.compared();
        digests.insert("sha256".to_owned(), self.local().await?.sha256.clone());
        Ok(digests)
    }

    /// What Proxmox VE compared the file with when it came.
    fn compared(&self) -> Digests {
        let checksum = self.checksum().into_iter();
        checksum
            .map(|(algorithm, value)| (algorithm.to_owned(), value.to_lowercase()))
            .collect()
    }

    async fn check_storage(&self, node: &str) -> Result<(), Error> {
        let storage = self
            .client
            .storage(&self.calls, node, self.storage())
            .await
            .map_err(|error| self.error(&error))?;
        let wanted = self.content();
        if storage.content.iter().any(|content| content == wanted) {
            return Ok(());
        }
        let error = PveError::found(
            Code::StorageContent,
            format!("delivering {} to {node}", self.volume()),
            format!(
                "storage {} takes {}",
                storage.name,
                storage.content.join(", ")
            ),
        );
        Err(self.error(&error.cured_by(format!(
            "add {wanted} to its content (pvesm set {} --content …), or choose another storage",
            storage.name
        ))))
    }

    /// Size of the file on the storage, where it is there.
    pub async fn present(&self, node: &str) -> proxmox_client::Result<Option<u64>> {
        let volumes = self
            .client
            .volumes(&self.calls, node, self.storage(), self.content())
            .await?;
        let volume = self.volume();
        Ok(volumes
            .into_iter()
            .find(|found| found.volid == volume)
            .map(|found| found.size))
    }

    async fn look(&self, node: &str) -> Result<Option<u64>, Error> {
        let found = self.present(node).await;
        found.map_err(|error| self.error(&error))
    }

    /// A file of this name that is there must be the one that is asked for. Gives what is known of it.
    async fn take(
        &mut self,
        node: &str,
        size: u64,
        known: Option<&OnHost>,
    ) -> Result<Digests, Error> {
        let volume = self.volume();
        if let Some(known) = known.filter(|known| known.is(&volume, size, self.checksum())) {
            return Ok(known.digests.clone());
        }
        if self.checksum().is_none() {
            self.compare(node, size).await?;
            return self.compare_with_local(node).await;
        }
        self.verify(node)
            .await
            .map_err(|error| self.error(&error))?;
        let before = known.filter(|known| known.is(&volume, size, None));
        let mut digests = before.map_or_else(Digests::new, |known| known.digests.clone());
        digests.extend(self.compared());
        Ok(digests)
    }

    /// Compares sizes. Where nobody says the size, the name has to do.
    async fn compare(&mut self, node: &str, size: u64) -> Result<(), Error> {
        let wanted = match &self.source {
            Source::File(_) => Some(self.local().await?.size),
            Source::Url(url, of_factory) => {
                match self.client.remote(&self.calls, node, url).await {
                    Ok(remote) => remote.size,
                    Err(_) => fetch::size(self.cx.provider(), url, *of_factory).await,
                }
            }
        };
        match wanted {
            Some(wanted) if wanted != size => Err(self.error(&PveError::found(
                Code::FileExists,
                format!("delivering {} to {node}", self.volume()),
                format!("the file there has {size} bytes, and the image has {wanted}"),
            ))),
            _ => Ok(()),
        }
    }

    /// Compares the file there with the one of this computer; gives its digest, and none where the host cannot compare.
    async fn compare_with_local(&mut self, node: &str) -> Result<Digests, Error> {
        if !matches!(self.source, Source::File(_)) {
            return Ok(Digests::new());
        }
        let sha256 = self.local().await?.sha256.clone();
        match self.ask(node, Some(("sha256", &sha256))).await {
            Ok(()) => Ok(Digests::from([("sha256".to_owned(), sha256)])),
            Err(error) if error.code == Code::Checksum => {
                let cause =
                    "another file was put there under the same name, or the one here has changed";
                let volume = self.volume();
                let attempted = format!("delivering {volume} to {node}");
                let found = PveError::found(Code::FileExists, attempted, error.seen);
                Err(self.error(&found.caused_by(cause).cured_by(format!(
                    "remove the file there when no machine needs it (pvesm free {volume}), or set another `file_name`"
                ))))
            }
            Err(error) if is_unable(error.code) => Ok(Digests::new()),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// Compares the file there with `checksum`, which must hold.
    async fn verify(&self, node: &str) -> proxmox_client::Result<()> {
        let compared = self.ask(node, self.checksum()).await;
        compared.map_err(|error| match error.code {
            code if code == Code::Checksum || is_unable(code) => self.unverified(node, &error),
            _ => error,
        })
    }

    /// Makes the host compare a file that is there with a checksum. A host that is asked to fetch a file that it has fetches nothing:
    /// the task ends well where the digest is the same, and fails where it is another one.
    async fn ask(&self, node: &str, checksum: Option<(&str, &str)>) -> proxmox_client::Result<()> {
        // A file of this computer has no address. It is not used: only a host that lost the file meanwhile would try it, on itself.
        let nowhere = format!("http://127.0.0.1/{}", self.name());
        let what = Download {
            content: self.content(),
            file_name: self.name(),
            url: match &self.source {
                Source::Url(url, _) => url,
                Source::File(_) => &nowhere,
            },
            checksum,
        };
        self.cx
            .phase(format!("{node} compares {} with its checksum", self.name()));
        let mut tries = 0;
        loop {
            tries += 1;
            match self
                .client
                .download(&self.calls, node, self.storage(), &what)
                .await
            {
                Ok(_) => return Ok(()),
                // Asking twice is the same as asking once.
                Err(error)
                    if error.sent == Sent::Maybe
                        && error.code != Code::Cancelled
                        && tries < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A file that is there and is not, or is not known to be, the one that `checksum` names.
    fn unverified(&self, node: &str, error: &PveError) -> PveError {
        let volume = self.volume();
        let (seen, cause) = if error.code == Code::Checksum {
            (
                error.seen.clone(),
                "another file was put there under the same name, or `checksum` belongs to another one",
            )
        } else {
            (
                format!(
                    "the host could not compare the file there with `checksum`: {}",
                    error.seen
                ),
                "the file was not delivered with this checksum as far as is known here: somebody else put it there, or a run was interrupted",
            )
        };
        PveError::found(
            Code::FileExists,
            format!("delivering {volume} to {node}"),
            seen,
        )
        .caused_by(cause)
        .cured_by(format!(
            "remove the file when no machine needs it (pvesm free {volume}), set another `file_name`, correct `checksum`, or leave it \
             out to take the file as it is"
        ))
    }

    /// Makes the host fetch it. A lost answer is looked into before the host is asked again.
    async fn download(&self, node: &str) -> proxmox_client::Result<()> {
        let Source::Url(url, _) = &self.source else {
            return Ok(());
        };
        let what = Download {
            content: self.content(),
            file_name: self.name(),
            url,
            checksum: self.checksum(),
        };
        self.cx.phase(format!("{node} fetches {}", self.name()));
        loop {
            let error = match self
                .client
                .download(&self.calls, node, self.storage(), &what)
                .await
            {
                Ok(_) => return Ok(()),
                Err(error) if error.sent == Sent::Maybe && error.code != Code::Cancelled => error,
                Err(error) => return Err(error),
            };
            tracing::info!(node, seen = %error.seen, "the answer was lost; looking whether the host fetches it");
            tokio::time::sleep(Duration::from_secs(1)).await;
            while self
                .client
                .is_busy_with(&self.calls, node, "download")
                .await?
            {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            if self.present(node).await?.is_some() {
                return Ok(());
            }
        }
    }

    /// Sends it from here. Doing it twice is the same as doing it once.
    async fn upload(&mut self, node: &str) -> Result<(), Error> {
        let source = {
            let local = self.local().await?;
            proxmox_client::Source::File(local.path.clone(), local.size)
        };
        self.cx
            .phase(format!("uploading {} to {node}", self.name()));
        let what = Upload {
            content: self.content(),
            file_name: self.name(),
            checksum: self.checksum(),
            source,
        };
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match self
                .client
                .upload(&self.calls, node, self.storage(), &what)
                .await
            {
                Ok(_) => return Ok(()),
                Err(error) if error.sent == Sent::Maybe && error.code != Code::Cancelled => {
                    last = Some(error)
                }
                Err(error) => return Err(self.error(&error)),
            }
        }
        Err(last.map_or_else(
            || {
                Error::new(
                    "TS-PROVIDER-BUG: an upload ended without a result",
                    "Please report this.",
                )
            },
            |error| self.error(&error),
        ))
    }

    /// The file here, fetched once.
    async fn local(&mut self) -> Result<&fetch::Fetched, Error> {
        if self.local.is_none() {
            self.cx.phase("reading the image");
            let fetched = match &self.source {
                Source::File(path) => fetch::read(PathBuf::from(path)).await?,
                Source::Url(url, of_factory) => {
                    fetch::fetch(self.cx.provider(), url, *of_factory).await?
                }
            };
            self.local = Some(fetched);
        }
        self.local
            .as_ref()
            .ok_or_else(|| Error::new("TS-PROVIDER-BUG: there is no file", "Please report this."))
    }
}

/// Whether a host that was to compare a file said that it does not.
fn is_unable(code: Code) -> bool {
    matches!(
        code,
        Code::Permission
            | Code::Unsupported
            | Code::Download
            | Code::Input
            | Code::Failed
            | Code::TaskFailed
    )
}
