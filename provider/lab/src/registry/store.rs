//! Blobs, manifests and tags.

use std::collections::BTreeMap;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// What a registry holds.
#[derive(Debug, Default)]
pub(super) struct Store {
    blobs: BTreeMap<String, Bytes>,
    /// Media type and text, by repository and digest.
    manifests: BTreeMap<(String, String), (&'static str, Bytes)>,
    /// Digests, by repository and tag.
    tags: BTreeMap<(String, String), String>,
}

/// `sha256:…`.
pub(super) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

impl Store {
    pub(super) fn put(&mut self, bytes: Vec<u8>) -> String {
        let name = digest(&bytes);
        self.blobs.insert(name.clone(), bytes.into());
        name
    }

    pub(super) fn put_manifest(
        &mut self,
        repository: &str,
        name: &str,
        kind: &'static str,
        bytes: Vec<u8>,
    ) {
        self.manifests.insert(
            (repository.to_owned(), name.to_owned()),
            (kind, bytes.into()),
        );
    }

    pub(super) fn tag(&mut self, repository: &str, tag: &str, name: &str) {
        self.tags
            .insert((repository.to_owned(), tag.to_owned()), name.to_owned());
    }

    pub(super) fn blob(&self, name: &str) -> Option<Bytes> {
        self.blobs.get(name).cloned()
    }

    /// A manifest by tag or digest.
    pub(super) fn manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Option<(&'static str, Bytes)> {
        let tagged = self
            .tags
            .get(&(repository.to_owned(), reference.to_owned()));
        let name = tagged.map_or(reference, String::as_str);
        self.manifests
            .get(&(repository.to_owned(), name.to_owned()))
            .cloned()
    }

    /// Tags of a repository; none where there is no such repository.
    pub(super) fn tags(&self, repository: &str) -> Option<Vec<String>> {
        let tags = self.tags.keys().filter(|(own, _)| own == repository);
        let tags: Vec<String> = tags.map(|(_, tag)| tag.clone()).collect();
        (!tags.is_empty()).then_some(tags)
    }
}
