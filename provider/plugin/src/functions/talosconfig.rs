//! `talosconfig`: the file with which talosctl reaches a cluster.

use framework::prelude::*;
use talos_config::pki::ClientCredentials;
use talos_config::talosconfig::{TalosConfig, render};

use super::arguments;
use crate::shared::client_configuration::ClientConfiguration;

/// Parameters.
#[derive(Args)]
pub struct TalosconfigArgs {
    /// Client identity: `{ ca_certificate, client_certificate, client_key }`, each base64 of PEM.
    client_configuration: Dynamic,
    /// Name of the context.
    cluster_name: String,
    /// Addresses that answer for the cluster.
    endpoints: Vec<String>,
    /// Machines that commands go to unless told otherwise; may be empty.
    nodes: Vec<String>,
}

/// The function.
pub struct Talosconfig;

impl Function for Talosconfig {
    type Args = TalosconfigArgs;
    type Return = String;
    const NAME: &'static str = "talosconfig";
    const SUMMARY: &'static str = "Writes a talosconfig";
    const DESCRIPTION: &'static str = "Returns the text of a talosconfig with one context, as talosctl writes it. \
        Placeholder identities give a placeholder file.";

    fn call(args: TalosconfigArgs) -> Result<String, FunctionError> {
        let identity: ClientConfiguration = arguments::object(0, &args.client_configuration)?;
        let credentials = ClientCredentials {
            ca_certificate: identity.ca_certificate.text().to_owned(),
            client_certificate: identity.client_certificate.text().to_owned(),
            client_key: identity
                .client_key
                .get()
                .map_or("", |key| key.expose().as_str())
                .into(),
        };
        let text = render(&TalosConfig {
            context: &args.cluster_name,
            endpoints: &args.endpoints,
            nodes: &args.nodes,
            credentials: &credentials,
        });
        Ok(text.expose().to_owned())
    }
}
