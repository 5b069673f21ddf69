//! Values that take the place of placeholder inputs, so that a plan goes through before the earlier stage ran.
//!
//! What is made of them carries [`super::placeholder::PLACEHOLDER_MARK`] or is itself a placeholder, so nothing
//! that touches a machine accepts it.

use framework::prelude::*;
use talos_config::pki::ClientCredentials;
use talos_config::secrets::{self, Bundle};

use super::access::Unusable;
use super::machine_secrets::MachineSecrets;

/// Text that every resource takes for a placeholder.
pub const MOCK: &str = "mock";

/// `placeholder` in base64: well-formed wherever base64 is expected, and of no use.
const FILLER: &str = "cGxhY2Vob2xkZXI=";
/// A token of the right shape.
const TOKEN: &str = "stands.in00000000000000";

/// Secrets of a cluster, real or standing in.
pub struct Given {
    /// The bundle.
    pub bundle: Bundle,
    /// Whether it stands in for secrets that do not exist yet.
    pub placeholder: bool,
}

/// The bundle in `secrets`; stand-ins where any part of it is a placeholder.
pub fn secrets(secrets: &Field<MachineSecrets>) -> Result<Given, Unusable> {
    match MachineSecrets::bundle(secrets) {
        Ok(bundle) => Ok(Given {
            bundle,
            placeholder: false,
        }),
        Err(Unusable::Placeholder(_)) => Ok(Given {
            bundle: bundle(),
            placeholder: true,
        }),
        Err(other) => Err(other),
    }
}

fn bundle() -> Bundle {
    let pair = || secrets::CertAndKey {
        cert: FILLER.to_owned(),
        key: FILLER.into(),
    };
    Bundle {
        cluster: secrets::Cluster {
            id: FILLER.to_owned(),
            secret: FILLER.into(),
        },
        secrets: secrets::Secrets {
            bootstrap_token: TOKEN.into(),
            secretbox_encryption_secret: Some(FILLER.into()),
            aescbc_encryption_secret: None,
        },
        trustdinfo: secrets::TrustdInfo {
            token: TOKEN.into(),
        },
        certs: secrets::Certs {
            etcd: pair(),
            k8s: pair(),
            k8s_aggregator: pair(),
            k8s_serviceaccount: secrets::KeyOnly { key: FILLER.into() },
            os: pair(),
        },
    }
}

/// Credentials that every resource takes for placeholders.
pub fn credentials() -> ClientCredentials {
    ClientCredentials {
        ca_certificate: MOCK.to_owned(),
        client_certificate: MOCK.to_owned(),
        client_key: MOCK.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::access;

    #[test]
    fn empty_and_mock_secrets_are_replaced() {
        let empty = MachineSecrets {
            cluster: Field::Null,
            secrets: Field::Null,
            trustdinfo: Field::Null,
            certs: Field::Null,
        };
        assert!(secrets(&Field::Known(empty)).is_ok_and(|given| given.placeholder));
        let mut mock = MachineSecrets::of(&bundle());
        assert!(secrets(&Field::Known(mock.clone())).is_ok_and(|given| !given.placeholder));
        mock.trustdinfo.get_mut().unwrap().token =
            Field::Known(Secret::new("mock-token".to_owned()));
        assert!(secrets(&Field::Known(mock)).is_ok_and(|given| given.placeholder));
        assert!(secrets(&Field::Unknown).is_err());
    }

    #[test]
    fn stand_in_credentials_are_never_used() {
        let identity = access::identity(&Field::Known(credentials().into()));
        assert!(matches!(identity, Err(Unusable::Placeholder(_))));
    }
}
