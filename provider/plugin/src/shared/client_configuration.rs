//! The identity with which the Talos API is called, as configurations write it.

use framework::prelude::*;

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
