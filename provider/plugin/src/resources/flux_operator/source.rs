//! The manifests: fetched, and checked against their digest.

use framework::prelude::*;
use kubernetes::artifact::{self, Reference, digest_of};
use kubernetes::{Code, Cx};
use serde_json::Value;

use super::model::FluxOperator;
use crate::shared::kubernetes::error;

/// Where the project publishes its manifests.
const PUBLISHED: &str = "oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests";
/// The file in the artifact that installs the operator.
const FILE: &str = "flux-operator/install.yaml";

/// Manifests as they were published.
pub struct Manifests {
    /// `sha256:…` of the artifact, or of the text.
    pub digest: String,
    /// The objects.
    pub objects: Vec<Value>,
}

/// Gets the manifests from where the configuration says.
pub async fn manifests(model: &FluxOperator, about: &str, calls: &Cx) -> Result<Manifests, Error> {
    let source = model.source.get();
    let wanted = source.and_then(|source| source.digest.as_str());
    let (name, text, digest) = match source {
        Some(source) if source.manifests.is_known() => {
            text("source.manifests", source.manifests.text().to_owned())
        }
        Some(source) if source.path.is_known() => {
            let path = source.path.text();
            let read = tokio::fs::read_to_string(path).await;
            let read = read.map_err(|problem| {
                Error::new(
                    format!("TS-K8S-MANIFEST: {about}: {path} cannot be read"),
                    format!("{problem}. Correct `source.path`."),
                )
            })?;
            text(path, read)
        }
        Some(source) if source.url.is_known() => {
            let url = source.url.text();
            let fetched = artifact::download(calls, url).await;
            text(url, fetched.map_err(|problem| error(about, &problem))?)
        }
        other => {
            let address = other
                .and_then(|source| source.oci.as_str())
                .unwrap_or(PUBLISHED);
            let tag = format!("v{}", model.version.text().trim_start_matches('v'));
            let pulled = async {
                let reference = Reference::parse(address, &tag)?;
                artifact::pull(calls, &reference, wanted, FILE).await
            };
            let pulled = pulled.await.map_err(|problem| error(about, &problem))?;
            (FILE.to_owned(), pulled.text, pulled.digest)
        }
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted != digest) {
        let seen = format!("{name} has {digest}, wanted is {wanted}");
        return Err(error(
            about,
            &kubernetes::Error::new(Code::ArtifactDigest, "reading the manifests", seen),
        ));
    }
    let objects = kubernetes::parse(&name, &text).map_err(|problem| error(about, &problem))?;
    Ok(Manifests { digest, objects })
}

fn text(name: &str, text: String) -> (String, String, String) {
    let digest = digest_of(text.as_bytes());
    (name.to_owned(), text, digest)
}
