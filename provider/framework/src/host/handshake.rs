//! What the host says in the environment, and the one line we answer.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The shared secret that is none: it only tells a host from a curious user.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// The only protocol version spoken here. A host that does not offer it reports the mismatch itself.
const PROTOCOL: u32 = 6;

/// What the host wants.
#[derive(Debug)]
pub(super) struct Handshake {
    /// The one client to let in; without it the transport is plain.
    pub(super) client_certificate: Option<CertificateDer<'static>>,
    /// Where the host wants the socket.
    pub(super) socket_folder: Option<String>,
    /// Whether the host asks about multiplexing.
    multiplexing_asked: bool,
}

/// Why we do not serve.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody started us as a plugin.
    NotAPlugin,
    /// The host's certificate cannot be read; serving without it would let anyone in.
    BadCertificate,
}

impl Handshake {
    /// Reads the host's variables.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Refusal> {
        if variable(COOKIE.0).as_deref() != Some(COOKIE.1) {
            return Err(Refusal::NotAPlugin);
        }
        let present = |name| variable(name).filter(|text| !text.is_empty());
        let client_certificate = match present("PLUGIN_CLIENT_CERT") {
            None => None,
            Some(pem) => Some(
                CertificateDer::from_pem_slice(pem.as_bytes())
                    .map_err(|_| Refusal::BadCertificate)?,
            ),
        };
        Ok(Self {
            client_certificate,
            socket_folder: present("PLUGIN_UNIX_SOCKET_DIR"),
            multiplexing_asked: present("PLUGIN_MULTIPLEX_GRPC").is_some(),
        })
    }

    /// The line that tells the host where and how to connect.
    pub(super) fn line(&self, socket: &Path, certificate: Option<&[u8]>) -> String {
        let certificate = certificate
            .map(|der| STANDARD_NO_PAD.encode(der))
            .unwrap_or_default();
        let multiplexing = if self.multiplexing_asked {
            "|false"
        } else {
            ""
        };
        format!(
            "1|{PROTOCOL}|unix|{}|grpc|{certificate}{multiplexing}\n",
            socket.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Handshake, Refusal> {
        Handshake::read(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn only_a_host_is_served() {
        assert_eq!(read(&[]).unwrap_err(), Refusal::NotAPlugin);
        assert_eq!(
            read(&[(COOKIE.0, "wrong")]).unwrap_err(),
            Refusal::NotAPlugin
        );
        assert_eq!(
            read(&[COOKIE, ("PLUGIN_CLIENT_CERT", "junk")]).unwrap_err(),
            Refusal::BadCertificate
        );
    }

    #[test]
    fn the_line_has_six_fields_and_a_seventh_when_asked() {
        let plain = read(&[COOKIE]).unwrap();
        assert_eq!(
            plain.line(Path::new("/tmp/x/s"), None),
            "1|6|unix|/tmp/x/s|grpc|\n"
        );
        let asked = read(&[COOKIE, ("PLUGIN_MULTIPLEX_GRPC", "true")]).unwrap();
        assert_eq!(
            asked.line(Path::new("/s"), Some(&[0xff])),
            "1|6|unix|/s|grpc|/w|false\n"
        );
    }
}
