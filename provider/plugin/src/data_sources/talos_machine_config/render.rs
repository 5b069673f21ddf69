//! Attributes in, configuration out. Pure.

use framework::prelude::*;
use talos_config::contract::Contract;
use talos_config::document::Config;
use talos_config::generate::{self, Input, Role};
use talos_config::tables::Line;
use talos_config::version;

use super::checks::{check, refuse_kernel_arguments};
use super::model::{Install, MachineConfig};
use super::patches::Patches;
use crate::shared::placeholder::{
    PLACEHOLDER_MARK, is_placeholder_host, is_placeholder_text, stands_in,
};
use crate::shared::{digest, full_version, stand_in};

/// Where Talos is installed unless somebody says otherwise, as in the official tools.
const DISK: &str = "/dev/sda";
/// Endpoint that stands in for a placeholder.
const ENDPOINT: &str = "https://placeholder.invalid:6443";

/// A rendered configuration.
pub struct Rendered {
    /// The documents.
    pub config: Config,
    /// Some input stands in for the output of a stage that has not run.
    pub placeholder: bool,
    warnings: Vec<String>,
    /// What to tell where the Talos version is newer than any that is known here.
    pub newer: Option<String>,
    key: talos_config::secrets::Secret,
}

/// Generates, patches and checks.
pub fn render(model: &MachineConfig) -> Result<Rendered, Error> {
    let given = stand_in::secrets(&model.machine_secrets)
        .map_err(|problem| problem.diagnostic("talos_machine_config"))?;
    let (contract, line) = talos_version(model.talos_version.text())?;
    check_kubernetes_version(model.kubernetes_version.text())?;
    let patches = Patches::read(model, line)?;
    let mut config =
        generate::generate(&input(model, contract, &given.bundle)?).map_err(|error| {
            Error::new(
                "TS-CONFIG-GENERATE: the configuration cannot be generated",
                format!("{error}."),
            )
        })?;
    patches.apply(&mut config)?;
    refuse_kernel_arguments(&config, model)?;
    let mut warnings = check(&config)?;
    warnings.extend(contract.warning());
    let placeholder = given.placeholder || patches.placeholder || placeholder_inputs(model);
    Ok(Rendered {
        config,
        placeholder,
        newer: contract.warning(),
        warnings,
        key: given.bundle.cluster.secret,
    })
}

/// What can be said before anything is rendered: parts may be unknown.
pub fn inspect(model: &MachineConfig, found: &mut Diagnostics) {
    if let Some(text) = model.cluster_endpoint.as_str()
        && let Err(problem) = endpoint(text)
    {
        found.extend(Diagnostics::from(problem));
    }
    if let Some(text) = model.kubernetes_version.as_str()
        && let Err(problem) = check_kubernetes_version(text)
    {
        found.extend(Diagnostics::from(problem));
    }
    let Some(text) = model.talos_version.as_str() else {
        return;
    };
    match talos_version(text) {
        Err(problem) => found.extend(Diagnostics::from(problem)),
        Ok((_, line)) => {
            if let Err(problems) = Patches::read(model, line) {
                found.extend(problems);
            }
        }
    }
}

impl Rendered {
    /// Fills the computed attributes.
    pub fn describe(self, model: &mut MachineConfig) {
        let text = self.config.emit();
        let key = self.key.expose();
        let digests = self
            .config
            .documents()
            .iter()
            .map(|document| (document.id(), digest::keyed(key, &document.emit()).into()));
        model.documents = Field::Known(digests.collect());
        model.config_hash = digest::keyed(key, &text).into();
        model.warnings = Field::Known(self.warnings.into_iter().map(Field::Known).collect());
        let text = if self.placeholder {
            format!("{PLACEHOLDER_MARK}\n{text}")
        } else {
            text
        };
        model.machine_configuration = Field::Known(Secret::new(text));
        let redacted = self.config.redact_documents().into_iter();
        model.redacted = Field::Known(redacted.map(|(id, text)| (id, text.into())).collect());
    }
}

fn talos_version(text: &str) -> Result<(Contract, Line), Error> {
    let contract = if stands_in(text) {
        Ok(Contract::NEWEST)
    } else {
        Contract::parse(text)
    };
    contract
        .and_then(|contract| Ok((contract, Line::of(contract)?)))
        .map_err(|error| {
            Error::new(
                "TS-INPUT-INVALID: talos_version cannot be rendered for",
                format!("{error}."),
            )
            .at("talos_version")
        })
}

/// Kubernetes' images have tags for full versions only.
fn check_kubernetes_version(text: &str) -> Result<(), Error> {
    match full_version::refusal(text, "Kubernetes", "1.35.6") {
        None => Ok(()),
        Some(reason) => Err(Error::new(
            "TS-INPUT-INVALID: kubernetes_version is not a full version",
            format!("{reason}."),
        )
        .at("kubernetes_version")),
    }
}

/// The endpoint, or what stands in for a placeholder that is no URL.
fn endpoint(given: &str) -> Result<&str, Error> {
    match generate::check_endpoint(given) {
        Ok(_) => Ok(given),
        Err(_) if is_placeholder_host(given) => Ok(ENDPOINT),
        Err(error) => Err(Error::new(
            "TS-INPUT-INVALID: cluster_endpoint is not valid",
            format!("{error}."),
        )
        .at("cluster_endpoint")),
    }
}

fn input<'a>(
    model: &MachineConfig,
    contract: Contract,
    bundle: &'a talos_config::secrets::Bundle,
) -> Result<Input<'a>, Error> {
    let endpoint = endpoint(model.cluster_endpoint.text())?;
    let role = if model.machine_type.text() == "worker" {
        Role::Worker
    } else {
        Role::ControlPlane
    };
    let mut input = Input::new(
        model.cluster_name.text(),
        endpoint,
        role,
        contract,
        model.kubernetes_version.text(),
        bundle,
    );
    install(&mut input, model.install.get(), model.talos_version.text());
    input.cert_sans = model.cert_sans.all_known().unwrap_or_default();
    if let Some(domain) = model.dns_domain.as_str() {
        input.dns_domain = domain.to_owned();
    }
    input.allow_scheduling_on_control_planes =
        model.allow_scheduling_on_control_planes.get() == Some(&true);
    for (registry, mirrors) in model.registry_mirrors.get().into_iter().flatten() {
        input
            .registry_mirrors
            .insert(registry.clone(), mirrors.all_known().unwrap_or_default());
    }
    Ok(input)
}

fn install(input: &mut Input<'_>, install: Option<&Install>, talos_version: &str) {
    let disk = install.and_then(|install| install.disk.as_str());
    let image = install.and_then(|install| install.image.as_str());
    input.install_disk = disk.unwrap_or(DISK).to_owned();
    input.install_image = image.map_or_else(|| default_image(talos_version), str::to_owned);
    if let Some(install) = install {
        input.install_extra_kernel_args = install.extra_kernel_args.all_known().unwrap_or_default();
        input.install_wipe = install.wipe.get() == Some(&true);
    }
}

/// The official installer of a full version; of a line such as `1.12` there is none, and Talos uses its own.
fn default_image(talos_version: &str) -> String {
    if version::is_full(talos_version) {
        let version = talos_version.trim_start_matches('v');
        format!("ghcr.io/siderolabs/installer:v{version}")
    } else {
        String::new()
    }
}

fn placeholder_inputs(model: &MachineConfig) -> bool {
    let install = model.install.get();
    let required = [
        &model.cluster_name,
        &model.talos_version,
        &model.kubernetes_version,
    ];
    let optional = [
        &model.dns_domain,
        install.map_or(&Field::Null, |install| &install.disk),
        install.map_or(&Field::Null, |install| &install.image),
    ];
    let mirrors = model.registry_mirrors.get().into_iter().flatten();
    let lists = mirrors
        .map(|(_, mirrors)| mirrors)
        .chain([&model.cert_sans]);
    let is_text = |field: &Field<String>| field.as_str().is_some_and(is_placeholder_text);
    // Empty is none, for what may be left out; a certificate may be for any address.
    let stands_in = |field: &Field<String>| {
        field
            .as_str()
            .is_some_and(|text| stands_in(text) || text.ends_with(".invalid"))
    };
    is_placeholder_host(model.cluster_endpoint.text())
        || required.into_iter().any(is_text)
        || optional.into_iter().any(stands_in)
        || lists.flat_map(|list| list.get()).flatten().any(stands_in)
}
