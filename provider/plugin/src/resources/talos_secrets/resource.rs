//! `talos_secrets` has no remote object: what it observes is what it generated.
//!
//! Create generates or adopts, read looks whether the client certificate ends soon, update issues a new one,
//! delete forgets (and is refused while protected). Imported by the text of a secrets file.

use framework::prelude::*;
use talos_config::pki::{self, Lifetime, Timestamp};
use talos_config::secrets::Bundle;

use super::model::TalosSecretsModel;
use super::plan::{self, Private};
use crate::provider::{Data, TalosStack};
use crate::shared::client_configuration::ClientConfiguration;
use crate::shared::entropy::{OsRandom, now};
use crate::shared::machine_secrets::MachineSecrets;

/// How long an administrator's certificate is valid: a year, as Talos has it.
const CLIENT_CERTIFICATE_SECONDS: i64 = 8760 * 3600;

/// The resource.
pub struct TalosSecrets;

impl Resource for TalosSecrets {
    type Provider = TalosStack;
    type Model = TalosSecretsModel;
    type Private = Private;
    const NAME: &'static str = "talos_secrets";

    fn validate(config: &TalosSecretsModel, diagnostics: &mut Diagnostics) {
        if config.secrets_yaml.is_known() && config.secrets_yaml_wo.is_known() {
            diagnostics.error_at(
                "secrets_yaml_wo",
                "TS-INPUT-CONFLICT: secrets_yaml and secrets_yaml_wo are both set",
                "Keep one of the two.",
            );
        }
        if let Some(version) = config.talos_version.as_str()
            && let Err(problem) = plan::contract(version)
        {
            diagnostics.push(problem);
        }
        if let Err(problem) = plan::adopted(config) {
            diagnostics.push(problem);
        }
    }

    fn plan(_cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(plan)
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: TalosSecretsModel,
        config: TalosSecretsModel,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let contract = plan::contract(planned.talos_version.text())?;
        let given = plan::adopted(&config)?;
        let now = now();
        let bundle = match given {
            Some(bundle) => bundle,
            None => generate(contract.minor, now).await?,
        };
        let mut state = planned;
        state.contract = contract.to_string().into();
        describe(&mut state, &bundle, cx.provider());
        issue(&mut state, &bundle, now)?;
        slot.set(state);
        Ok(())
    }

    async fn read(
        _cx: &ReadCx<Self>,
        state: TalosSecretsModel,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        private.renew = ends_soon(&state, now());
        Ok(Read::State {
            model: state,
            private,
        })
    }

    async fn update(
        _cx: &ApplyCx<Self>,
        _prior: TalosSecretsModel,
        planned: TalosSecretsModel,
        _config: TalosSecretsModel,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let mut state = planned;
        if state.client_configuration.is_unknown() {
            let bundle = MachineSecrets::bundle(&state.machine_secrets)
                .map_err(|problem| problem.diagnostic("talos_secrets"))?;
            issue(&mut state, &bundle, now())?;
        }
        slot.set(state);
        Ok(())
    }

    async fn delete(
        _cx: &ApplyCx<Self>,
        state: TalosSecretsModel,
        _slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        Ok(plan::refuse_destroy(Some(&state))?)
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(TalosSecretsModel, Private), Error> {
        let text = std::fs::read_to_string(id).map_err(|error| {
            Error::new(
                format!("TS-IMPORT: unable to read the secrets file {id:?}"),
                format!("{error}. The import id is the path of a file that `talosctl gen secrets` wrote."),
            )
        })?;
        let bundle = plan::parse(&text, "secrets_yaml")?;
        let mut state = TalosSecretsModel::imported();
        describe(&mut state, &bundle, cx.provider());
        issue(&mut state, &bundle, now())?;
        Ok((state, Private::default()))
    }
}

/// RSA-4096 takes seconds: away from the threads that serve other requests.
async fn generate(contract_minor: u32, now: Timestamp) -> Result<Bundle, Error> {
    let mut random = OsRandom::new()?;
    tokio::task::spawn_blocking(move || Bundle::generate(contract_minor, now, &mut random))
        .await
        .map_err(|_| unable("the generator stopped"))?
        .map_err(|error| unable(&error.to_string()))
}

fn unable(cause: &str) -> Error {
    Error::new(
        "TS-SECRETS-GENERATE: unable to generate the cluster's secrets",
        format!("{cause}. Nothing was created; apply again."),
    )
}

/// Everything that follows from the bundle alone.
fn describe(state: &mut TalosSecretsModel, bundle: &Bundle, data: &Data) {
    let name = if data.cluster_name.is_empty() {
        &bundle.cluster.id
    } else {
        &data.cluster_name
    };
    state.id = name.clone().into();
    state.cluster_id = bundle.cluster.id.clone().into();
    state.machine_secrets = Field::Known(MachineSecrets::of(bundle));
    let fingerprints = bundle.fingerprints();
    state.fingerprints = Field::Known(
        fingerprints
            .into_iter()
            .map(|(name, print)| (name, print.into()))
            .collect(),
    );
    if !state.secrets_yaml.is_known() {
        state.secrets_yaml = Field::Known(Secret::new(bundle.to_yaml().expose().to_owned()));
    }
}

/// A new client certificate.
fn issue(state: &mut TalosSecretsModel, bundle: &Bundle, now: Timestamp) -> Result<(), Error> {
    let lifetime = Lifetime {
        now,
        seconds: CLIENT_CERTIFICATE_SECONDS,
    };
    let mut random = OsRandom::new()?;
    let credentials = pki::talos_client(
        &bundle.certs.os,
        &["os:admin".to_owned()],
        lifetime,
        &mut random,
    )
    .map_err(|error| unable(&format!("the client certificate cannot be signed: {error}")))?;
    state.client_certificate_expires_at = now
        .plus_seconds(CLIENT_CERTIFICATE_SECONDS)
        .to_rfc3339()
        .into();
    state.client_configuration = Field::Known(ClientConfiguration {
        ca_certificate: credentials.ca_certificate.into(),
        client_certificate: credentials.client_certificate.into(),
        client_key: Field::Known(Secret::new(credentials.client_key.expose().to_owned())),
    });
    Ok(())
}

/// Whether the client certificate in state ends within `client_certificate_renew_before`.
pub(super) fn ends_soon(state: &TalosSecretsModel, now: Timestamp) -> bool {
    let Some(configuration) = state.client_configuration.get() else {
        return false;
    };
    let Ok(certificate) = pki::Certificate::from_base64(configuration.client_certificate.text())
    else {
        return false;
    };
    let margin = state
        .client_certificate_renew_before
        .get()
        .map_or(0, |margin| margin.value().as_secs());
    certificate.validity.not_after <= now.plus_seconds(i64::try_from(margin).unwrap_or(i64::MAX))
}
