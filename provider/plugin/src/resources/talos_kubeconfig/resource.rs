//! `talos_kubeconfig` has no remote object: create mints, read looks whether the certificate ends soon,
//! update mints anew where an input changed or the end is near, delete forgets.

use framework::prelude::*;
use talos_config::pki::{Certificate, Lifetime, Timestamp};

use super::mint::{Request, mint};
use super::model::Kubeconfig;
use super::plan::{self, Private};
use crate::provider::TalosStack;
use crate::shared::access::Unusable;
use crate::shared::entropy::now;
use crate::shared::import;
use crate::shared::lifetime::{self, Due};
use crate::shared::machine_secrets::MachineSecrets;

/// Group of a cluster's administrators.
const ADMINISTRATORS: &str = "system:masters";

/// The resource.
pub struct TalosKubeconfig;

impl Resource for TalosKubeconfig {
    type Provider = TalosStack;
    type Model = Kubeconfig;
    type Private = Private;
    const NAME: &'static str = "talos_kubeconfig";

    fn validate(config: &Kubeconfig, diagnostics: &mut Diagnostics) {
        lifetime::check_ttl(&config.ttl, diagnostics);
    }

    fn plan(_cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(plan);
        Ok(())
    }

    async fn create(
        _cx: &ApplyCx<Self>,
        planned: Kubeconfig,
        _config: Kubeconfig,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        refuse_placeholders(&planned)?;
        slot.set(minted(planned)?);
        Ok(())
    }

    async fn read(
        _cx: &ReadCx<Self>,
        state: Kubeconfig,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        private.due = due(&state, now());
        Ok(Read::State {
            model: state,
            private,
        })
    }

    async fn update(
        _cx: &ApplyCx<Self>,
        _prior: Kubeconfig,
        planned: Kubeconfig,
        _config: Kubeconfig,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        refuse_placeholders(&planned)?;
        let state = if planned.kubeconfig.is_unknown() {
            minted(planned)?
        } else {
            planned
        };
        slot.set(state);
        Ok(())
    }

    async fn delete(
        _cx: &ApplyCx<Self>,
        _state: Kubeconfig,
        _slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn import(_cx: &ReadCx<Self>, id: &str) -> Result<(Kubeconfig, Private), Error> {
        Ok((Kubeconfig::imported(id)?, Private::default()))
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        vec![
            import::required("cluster_name", "Name of the cluster in the kubeconfig."),
            import::required("user", "User name in the certificate."),
        ]
    }

    fn identity(state: &Kubeconfig) -> Option<Identity> {
        let (cluster, user) = (state.cluster_name.as_str()?, state.user.as_str()?);
        Some(import::identity([
            ("cluster_name", cluster),
            ("user", user),
        ]))
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        Ok(import::joined(identity, &["cluster_name", "user"], "/"))
    }
}

/// A kubeconfig made of placeholders would look like one that works.
fn refuse_placeholders(planned: &Kubeconfig) -> Result<(), Error> {
    match plan::placeholder(planned) {
        None => Ok(()),
        Some(attribute) => Err(Unusable::Placeholder(attribute)
            .diagnostic("the kubeconfig")
            .into()),
    }
}

fn minted(mut state: Kubeconfig) -> Result<Kubeconfig, Error> {
    let bundle = MachineSecrets::bundle(&state.machine_secrets)
        .map_err(|problem| problem.diagnostic("the kubeconfig"))?;
    let organizations = groups(&state.organizations);
    let ttl = state.ttl.get().map_or(0, |ttl| ttl.value().as_secs());
    let minted = mint(
        &bundle,
        &Request {
            cluster_name: state.cluster_name.text(),
            endpoint: state.cluster_endpoint.text(),
            user: state.user.text(),
            organizations: &organizations,
            lifetime: Lifetime {
                now: now(),
                seconds: i64::try_from(ttl).unwrap_or(i64::MAX),
            },
        },
    )?;
    state.id = format!("{}/{}", state.cluster_name.text(), state.user.text()).into();
    state.kubeconfig = Field::Known(minted.kubeconfig);
    state.kubernetes_client_configuration = Field::Known(minted.client_configuration);
    state.expires_at = minted.expires_at.to_rfc3339().into();
    Ok(state)
}

/// The default stands for a null list; an empty one is meant.
fn groups(organizations: &Field<Vec<Field<String>>>) -> Vec<String> {
    if organizations.is_null() {
        vec![ADMINISTRATORS.to_owned()]
    } else {
        organizations.all_known().unwrap_or_default()
    }
}

/// Whether the certificate in state ends within `renew_before`.
fn due(state: &Kubeconfig, now: Timestamp) -> Due {
    let Some(configuration) = state.kubernetes_client_configuration.get() else {
        return Due::default();
    };
    let Ok(certificate) = Certificate::from_base64(configuration.client_certificate.text()) else {
        return Due::default();
    };
    Due::of(&certificate.validity, &state.renew_before, now)
}
