//! Opening mints a certificate offline; there is nothing to renew or close.

use framework::prelude::*;
use talos_config::pki::{self, ClientCredentials, Lifetime, Timestamp};
use talos_config::random::Random;
use talos_config::talosconfig::{TalosConfig, render};

use super::model::ClientConfig;
use crate::ephemeral::{PLACEHOLDER_DETAIL, seconds, texts};
use crate::provider::TalosStack;
use crate::shared::entropy::{OsRandom, now};
use crate::shared::lifetime::check_ttl;
use crate::shared::stand_in;

/// Lifetime unless given: long enough for one apply.
const TTL_SECONDS: i64 = 3600;
/// Role unless given.
const ADMINISTRATOR: &str = "os:admin";

/// The ephemeral resource.
pub struct TalosClientConfig;

impl Ephemeral for TalosClientConfig {
    type Provider = TalosStack;
    type Model = ClientConfig;
    type Lease = ();
    const NAME: &'static str = "talos_client_config";

    fn validate(config: &ClientConfig, diagnostics: &mut Diagnostics) {
        check_ttl(&config.ttl, diagnostics);
        let Some(roles) = config.roles.get() else {
            return;
        };
        if roles.is_empty() {
            diagnostics.error_at(
                "roles",
                "TS-INPUT-INVALID: roles is empty",
                "An identity without a role may do nothing. Name a role such as \"os:reader\", or leave `roles` out.",
            );
        }
        for (index, role) in roles.iter().enumerate() {
            if role.as_str().is_some_and(|role| !role.starts_with("os:")) {
                diagnostics.error_at(
                    Path::attribute("roles").index(index),
                    format!("TS-INPUT-INVALID: {:?} is not a role", role.text()),
                    "Roles of the Talos API begin with `os:`, such as `os:admin` or `os:reader`.",
                );
            }
        }
    }

    async fn open(cx: &EphemeralCx<Self>, config: ClientConfig) -> Result<Opened<Self>, Error> {
        let given = stand_in::secrets(&config.machine_secrets)
            .map_err(|problem| problem.diagnostic("talos_client_config"))?;
        let name = match config.cluster_name.as_str() {
            Some(name) => name.to_owned(),
            None => Some(cx.provider().cluster_name.clone())
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "talos".to_owned()),
        };
        let context = Context {
            name,
            endpoints: texts(cx.provider().endpoints(&config.endpoints), &[]),
        };
        let model = if given.placeholder {
            cx.warn(
                "TS-PLACEHOLDER: talos_client_config gives placeholder credentials",
                PLACEHOLDER_DETAIL,
            );
            filled(config, &context, stand_in::credentials(), None)
        } else {
            let mut random = OsRandom::new()?;
            mint(config, &context, &given.bundle.certs.os, now(), &mut random)?
        };
        Ok(Opened {
            model,
            lease: (),
            renew_at: None,
        })
    }
}

/// What the talosconfig says of the cluster: the attributes, or the provider's defaults.
pub(super) struct Context {
    /// Name of the context.
    pub name: String,
    /// Addresses that answer for the cluster.
    pub endpoints: Vec<String>,
}

/// Signs a certificate and writes it in all forms.
pub(super) fn mint(
    config: ClientConfig,
    context: &Context,
    authority: &talos_config::secrets::CertAndKey,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<ClientConfig, Error> {
    let lifetime = Lifetime {
        now,
        seconds: seconds(&config.ttl, TTL_SECONDS),
    };
    let roles = texts(&config.roles, &[ADMINISTRATOR]);
    let credentials = pki::talos_client(authority, &roles, lifetime, random).map_err(|error| {
        Error::new(
            "TS-CLIENT-CONFIG: unable to sign a client certificate",
            format!("The Talos CA in `machine_secrets` cannot sign: {error}."),
        )
        .at("machine_secrets")
    })?;
    let ends = now.plus_seconds(lifetime.seconds).to_rfc3339();
    Ok(filled(config, context, credentials, Some(ends)))
}

fn filled(
    mut model: ClientConfig,
    context: &Context,
    credentials: ClientCredentials,
    ends: Option<String>,
) -> ClientConfig {
    let text = render(&TalosConfig {
        context: &context.name,
        endpoints: &context.endpoints,
        nodes: &texts(&model.nodes, &[]),
        credentials: &credentials,
    });
    model.talosconfig = Field::Known(Secret::new(text.expose().to_owned()));
    model.client_configuration = Field::Known(credentials.into());
    model.expires_at = ends.into();
    model
}
