//! Why a machine, or what stands at its address, was not spoken to: TCP and TLS failures by their evidence.

use std::io::{self, ErrorKind};

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::certificate::Facts;
use crate::dial::attempted;
use crate::endpoint::Endpoint;
use crate::error::{Code, Error};
use crate::tls::Credentials;

/// Organization of the CA that Talos generates for its API (Talos: pkg/machinery/config/generate/secrets).
const TALOS_ISSUER: &str = "talos";

/// How far the connection had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The TLS handshake.
    Handshake,
    /// After it, before the first frame of the machine.
    Acceptance,
}

/// A TCP connection that was not made.
pub(crate) fn tcp(endpoint: &Endpoint, error: &io::Error) -> Error {
    let seen = match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
            "no route to the address".to_owned()
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            "connection was reset".to_owned()
        }
        _ => error.to_string(),
    };
    let found = Error::new(Code::NodeUnreachable, attempted(endpoint), seen);
    match error.kind() {
        ErrorKind::ConnectionRefused => found.caused_by(
            "the machine is there, but its Talos API does not run: it is starting, or is not Talos",
        ),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
            found.caused_by("the machine is off, or this computer has no route to its network")
        }
        _ => found,
    }
}

/// A connection that ended in or right after the TLS handshake.
pub(crate) fn explain(
    endpoint: &Endpoint,
    credentials: &Credentials,
    peer: Option<&Facts>,
    stage: Stage,
    error: &io::Error,
) -> Error {
    let case = Case {
        endpoint,
        credentials,
        peer,
    };
    match tls_error(error) {
        Some(TlsError::InvalidCertificate(why)) => case.certificate(why),
        Some(TlsError::AlertReceived(alert)) => case.alert(*alert),
        Some(
            TlsError::InvalidMessage(_)
            | TlsError::PeerIncompatible(_)
            | TlsError::PeerMisbehaved(_),
        ) => case.says(
            Code::NodeNotTalos,
            "an answer that is not TLS as Talos speaks it",
        ),
        Some(other) => case.says(Code::NodeNotTalos, &format!("a TLS failure: {other}")),
        None => case.closed(stage, error),
    }
}

fn tls_error(error: &io::Error) -> Option<&TlsError> {
    let inner = error.get_ref()?;
    inner
        .downcast_ref()
        .or_else(|| inner.source().and_then(|source| source.downcast_ref()))
}

#[derive(Clone, Copy)]
struct Case<'a> {
    endpoint: &'a Endpoint,
    credentials: &'a Credentials,
    peer: Option<&'a Facts>,
}

impl Case<'_> {
    fn says(&self, code: Code, seen: &str) -> Error {
        Error::new(code, attempted(self.endpoint), seen)
    }

    fn closed(&self, stage: Stage, error: &io::Error) -> Error {
        let when = match stage {
            Stage::Handshake => "during the TLS handshake",
            Stage::Acceptance => "right after the TLS handshake",
        };
        let how = match error.kind() {
            ErrorKind::UnexpectedEof => "it closed the connection",
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
                "connection was reset"
            }
            _ => return self.says(Code::NodeUnreachable, &format!("{error} {when}")),
        };
        self.says(Code::NodeUnreachable, &format!("{how} {when}"))
            .caused_by("the Talos API is restarting, or something else listens at this port")
    }

    fn certificate(&self, why: &CertificateError) -> Error {
        let Some(peer) = self.peer else {
            return self.says(Code::NodeNotTalos, "a certificate that cannot be read");
        };
        match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => self.says(
                Code::NodeClock,
                "the machine's certificate has ended by this computer's clock",
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => self
                .says(
                    Code::NodeClock,
                    "the machine's certificate is not valid yet by this computer's clock",
                ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                let names = if peer.names.is_empty() {
                    "nothing".to_owned()
                } else {
                    peer.names.join(", ")
                };
                self.says(
                    Code::NodeAddress,
                    &format!(
                        "a certificate for {names}, not for {}",
                        self.endpoint.host()
                    ),
                )
            }
            CertificateError::ApplicationVerificationFailure => self.says(
                Code::NodeFingerprint,
                &format!("a certificate with the fingerprint {}", peer.fingerprint),
            ),
            _ => self.untrusted(peer),
        }
    }

    /// Not signed by our CA: maintenance mode, another cluster, or no Talos at all.
    fn untrusted(&self, peer: &Facts) -> Error {
        if peer.is_maintenance() {
            return self.says(Code::NodeMaintenance, "the certificate of maintenance mode");
        }
        let Credentials::Identity(identity) = self.credentials else {
            return self.says(Code::NodeNotTalos, "a certificate that cannot be verified");
        };
        let issuer = match (
            peer.authority_key_id.as_deref(),
            peer.issuer_organizations.as_slice(),
        ) {
            (Some(id), []) => format!("issued by CA key {id}"),
            (Some(id), names) => format!("issued by {} with CA key {id}", names.join("/")),
            (None, []) => "with no issuer".to_owned(),
            (None, names) => format!("issued by {}", names.join("/")),
        };
        let seen = format!(
            "expected a certificate of the CA with fingerprint {} (CA key {}); got one with fingerprint {}, {issuer}",
            identity.ca_fingerprint(),
            identity.ca_key_id().unwrap_or("unknown"),
            peer.fingerprint,
        );
        if peer
            .issuer_organizations
            .iter()
            .any(|name| name != TALOS_ISSUER)
        {
            return self.says(Code::NodeNotTalos, &seen).caused_by(
                "the certificate is of another kind than Talos makes: a Kubernetes API server, etcd or a web interface, \
                 or a Talos cluster whose CA was made by hand",
            );
        }
        self.says(Code::NodeWrongCa, &seen)
    }

    /// The machine's own word on our certificate, or on our having none.
    fn alert(&self, alert: AlertDescription) -> Error {
        let seen = format!("the machine ended TLS with the alert {alert:?}");
        if matches!(alert, AlertDescription::NoApplicationProtocol) {
            return self.says(
                Code::NodeNotTalos,
                "a TLS server that does not speak HTTP/2",
            );
        }
        if matches!(self.credentials, Credentials::Insecure { .. }) {
            return match alert {
                AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::HandshakeFailure
                | AlertDescription::AccessDenied => self.says(Code::NodeNotMaintenance, &seen),
                _ => self.says(Code::NodeNotTalos, &seen),
            };
        }
        match alert {
            AlertDescription::CertificateExpired => self.says(Code::NodeClock, &seen).caused_by(
                "by the machine's clock the client certificate is not valid: its clock is wrong",
            ),
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied => self.says(Code::NodeCertRejected, &seen),
            AlertDescription::InternalError
            | AlertDescription::UserCanceled
            | AlertDescription::CloseNotify => self
                .says(Code::NodeUnreachable, &seen)
                .caused_by("the Talos API is starting: it has no certificate yet"),
            _ => self.says(Code::NodeNotTalos, &seen),
        }
    }
}
