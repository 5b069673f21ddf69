//! Opening mints a certificate offline; there is nothing to renew or close.

use framework::prelude::*;
use talos_config::kubeconfig::{KubeConfig, render};
use talos_config::pki::Lifetime;

use super::model::EphemeralKubeconfigModel;
use crate::ephemeral::{PLACEHOLDER_DETAIL, seconds, texts};
use crate::provider::TalosStack;
use crate::resources::talos_kubeconfig::{KubernetesClientConfiguration, Request, mint};
use crate::shared::entropy::now;
use crate::shared::lifetime::check_ttl;
use crate::shared::placeholder::is_placeholder_host;
use crate::shared::stand_in::{self, MOCK};

/// Lifetime unless given: a year, as of the resource of the same name.
const TTL_SECONDS: i64 = 8760 * 3600;
/// Group unless given: the cluster's administrators.
const ADMINISTRATORS: &str = "system:masters";
/// User unless given.
const ADMINISTRATOR: &str = "admin";

/// The ephemeral resource.
pub struct EphemeralKubeconfig;

impl Ephemeral for EphemeralKubeconfig {
    type Provider = TalosStack;
    type Model = EphemeralKubeconfigModel;
    type Lease = ();
    const NAME: &'static str = "talos_kubeconfig";

    fn validate(config: &EphemeralKubeconfigModel, diagnostics: &mut Diagnostics) {
        check_ttl(&config.ttl, diagnostics);
    }

    async fn open(
        cx: &EphemeralCx<Self>,
        config: EphemeralKubeconfigModel,
    ) -> Result<Opened<Self>, Error> {
        let given = stand_in::secrets(&config.machine_secrets)
            .map_err(|problem| problem.diagnostic("talos_kubeconfig"))?;
        let nowhere = is_placeholder_host(config.cluster_endpoint.text());
        let model = if given.placeholder || nowhere {
            cx.warn(
                "TS-PLACEHOLDER: talos_kubeconfig gives placeholder credentials",
                PLACEHOLDER_DETAIL,
            );
            placeholder(config)
        } else {
            minted(config, &given.bundle)?
        };
        Ok(Opened {
            model,
            lease: (),
            renew_at: None,
        })
    }
}

pub(super) fn minted(
    mut model: EphemeralKubeconfigModel,
    bundle: &talos_config::secrets::Bundle,
) -> Result<EphemeralKubeconfigModel, Error> {
    let organizations = texts(&model.organizations, &[ADMINISTRATORS]);
    let minted = mint(
        bundle,
        &Request {
            cluster_name: model.cluster_name.text(),
            endpoint: model.cluster_endpoint.text(),
            user: model.user.as_str().unwrap_or(ADMINISTRATOR),
            organizations: &organizations,
            lifetime: Lifetime {
                now: now(),
                seconds: seconds(&model.ttl, TTL_SECONDS),
            },
        },
    )?;
    model.kubeconfig = Field::Known(minted.kubeconfig);
    model.kubernetes_client_configuration = Field::Known(minted.client_configuration);
    model.expires_at = minted.expires_at.to_rfc3339().into();
    Ok(model)
}

pub(super) fn placeholder(mut model: EphemeralKubeconfigModel) -> EphemeralKubeconfigModel {
    let text = render(&KubeConfig {
        cluster_name: model.cluster_name.text(),
        endpoint: model.cluster_endpoint.text(),
        user: model.user.as_str().unwrap_or(ADMINISTRATOR),
        credentials: &stand_in::credentials(),
    });
    model.kubeconfig = Field::Known(Secret::new(text.expose().to_owned()));
    model.kubernetes_client_configuration = Field::Known(KubernetesClientConfiguration {
        host: model.cluster_endpoint.clone(),
        ca_certificate: MOCK.into(),
        client_certificate: MOCK.into(),
        client_key: Field::Known(Secret::new(MOCK.to_owned())),
    });
    model
}
