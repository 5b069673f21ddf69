//! Seeds of NoCloud: a small CD-ROM image that gives a machine its host name and addresses before it has a configuration. Pure.
//!
//! The same input makes the same bytes, so that a seed can be named after its content and compared without reading it back.

mod documents;
mod iso9660;

pub use documents::{Interface, Link, Route, Seed};

use sha2::{Digest, Sha256};

/// Name of the volume by which guests know a seed.
const VOLUME: &str = "cidata";

/// An image, and the digest of its bytes in lower-case hexadecimal.
pub struct Image {
    /// ISO 9660 with Joliet names.
    pub bytes: Vec<u8>,
    /// SHA-256.
    pub sha256: String,
}

impl Seed {
    /// The image of this seed.
    pub fn image(&self) -> Image {
        let (network, user) = (self.network_config(), self.user_data());
        let meta = self.meta_data(&digest(format!("{network}{user}").as_bytes()));
        let files = [
            ("meta-data", meta.into_bytes()),
            ("network-config", network.into_bytes()),
            ("user-data", user.into_bytes()),
        ];
        let bytes = iso9660::image(VOLUME, &files);
        let sha256 = digest(&bytes);
        Image { bytes, sha256 }
    }
}

fn digest(bytes: &[u8]) -> String {
    client_core::hex(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
