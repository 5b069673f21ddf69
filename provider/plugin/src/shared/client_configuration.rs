//! The identity with which the Talos API is called, as configurations write it.

use framework::prelude::*;
use talos_config::pki::ClientCredentials;

/// Identity of a client of the Talos API.
#[derive(Model, Clone, PartialEq)]
pub struct ClientConfiguration {
    /// Certificate of the machines' CA, base64 of PEM.
    #[tf(optional)]
    pub ca_certificate: Field<String>,
    /// Certificate of the client, base64 of PEM.
    #[tf(optional)]
    pub client_certificate: Field<String>,
    /// Key of the client, base64 of PEM.
    #[tf(optional, sensitive)]
    pub client_key: Field<Secret<String>>,
}

impl From<ClientCredentials> for ClientConfiguration {
    fn from(credentials: ClientCredentials) -> Self {
        Self {
            ca_certificate: credentials.ca_certificate.into(),
            client_certificate: credentials.client_certificate.into(),
            client_key: Field::Known(Secret::new(credentials.client_key.expose().to_owned())),
        }
    }
}
