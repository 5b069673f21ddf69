//! What a plan of `flux_instance` says, from configuration, state and what the refresh saw.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use kubernetes::Code;
use serde::{Deserialize, Serialize};

use super::FluxInstanceResource;
use super::credentials::{self, minor};
use super::model::FluxInstance;
use super::secrets::{
    digests, is_age_key, one_of, placeholder, pull_secret, secret_placeholder, secrets, sops_secret,
};
use super::spec::{extra, instance, is_mock};
use crate::provider::Data;
use crate::shared::change::listing;
use crate::shared::placeholder::is_placeholder_text;
use crate::shared::{announce, kubernetes as operation};

/// What is kept beside the attributes.
#[derive(Serialize, Deserialize, Default, Clone, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Private {
    /// UID of the cluster.
    pub cluster: String,
    /// What differs from what is declared, as the refresh saw it.
    pub drift: BTreeMap<String, String>,
    /// The last operation did not come to its end.
    pub unfinished: bool,
    /// UID of the cluster that the refresh found in place of ours.
    pub other: String,
    /// Key of the digests.
    pub salt: String,
    /// Keyed digest of each secret that the sync uses, by name; also of one that held the same already and is somebody else's.
    pub secrets: BTreeMap<String, String>,
    /// Names of secrets that the sync used before and that were not taken away yet.
    pub stale: BTreeSet<String>,
}

impl Private {
    /// Takes up what is to be written; the names that it leaves stay known until they are taken away.
    pub fn supersede(&mut self, wanted: BTreeMap<String, String>) {
        let before = std::mem::replace(&mut self.secrets, wanted);
        self.stale.extend(before.into_keys());
        self.stale.retain(|name| !self.secrets.contains_key(name));
    }
}

/// Refuses what the operator would refuse, and what contradicts itself. What is not known yet may turn out null, and is no
/// contradiction; apply asks again.
pub fn validate(config: &FluxInstance, found: &mut Diagnostics) {
    if let Some(sops) = config.sops.get() {
        if sops.age_key.is_null() && sops.age_key_wo.is_null() {
            missing_key(found);
        }
        if sops.age_key.is_known() && sops.age_key_wo.is_known() {
            conflict(found, "sops", "age_key");
        }
        let key = one_of(&sops.age_key, &sops.age_key_wo);
        if key.is_some_and(|key| !is_placeholder_text(&key) && !is_age_key(&key)) {
            refuse(found, "sops", Code::SopsFormat);
        }
        if config.sync.is_null() {
            found.error_at(
                "sops",
                "TS-INPUT-CONFLICT: sops without sync",
                "`sops` decrypts what `sync` finds. Set `sync`, or leave `sops` out.",
            );
        }
    }
    credentials::check(config, found);
    check_names(config, found);
    let given = config.extra_spec.as_str().filter(|text| !is_mock(text));
    if let Some(Err(why)) = given.map(extra) {
        found.error_at(
            "extra_spec",
            "TS-INPUT-INVALID: extra_spec is no YAML object",
            format!("{why}. Write members of the FluxInstance's spec."),
        );
    }
    check_sync(config, found);
    check_distribution(config, found);
}

/// Controllers that the operator installs.
const COMPONENTS: [&str; 7] = [
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
];

fn check_distribution(config: &FluxInstance, found: &mut Diagnostics) {
    let version = config.distribution.get().map(|given| given.version.text());
    let wrong = |version: &&str| {
        let named = version.contains(|c: char| c.is_ascii_digit()) || matches!(*version, "*" | "x");
        !is_placeholder_text(version) && !named
    };
    if let Some(version) = version.filter(wrong) {
        found.error_at(
            "distribution.version",
            format!("TS-INPUT-INVALID: distribution.version is {version:?}"),
            "Write a version such as 2.7.5, or a range such as 2.7.x.",
        );
    }
    let components = config.components.get().into_iter().flatten();
    let unknown = components
        .filter_map(Field::as_str)
        .find(|name| !is_placeholder_text(name) && !COMPONENTS.contains(name));
    if let Some(name) = unknown {
        found.error_at(
            "components",
            format!("TS-INPUT-INVALID: components has {name:?}"),
            format!("The operator knows {}.", COMPONENTS.join(", ")),
        );
    }
}

/// What a FluxInstance takes: `1m30s`, no sign, no unit below a millisecond.
fn is_duration(text: &str) -> bool {
    GoDuration::parse(text).is_some()
        && text.ends_with(['h', 'm', 's'])
        && !text.contains(['+', 'u', 'n', '\u{b5}'])
}

/// One secret cannot hold both: the second would replace the first.
fn check_names(config: &FluxInstance, found: &mut Diagnostics) {
    let (Some(sops), Some(_), Some(sync)) =
        (config.sops.get(), config.git_auth.get(), config.sync.get())
    else {
        return;
    };
    let names = [
        &sops.secret_name,
        &sync.pull_secret,
        &sync.name,
        &config.namespace,
    ];
    if names.into_iter().any(Field::is_unknown) {
        return;
    }
    let named = config.placed(config.namespace.as_str().unwrap_or("flux-system"));
    let name = sops_secret(sops);
    if pull_secret(&named) == Some(name) {
        found.error_at(
            "sops.secret_name",
            format!("TS-INPUT-CONFLICT: the age key and git_auth go to one secret, {name:?}"),
            "Give `sops.secret_name` and `sync.pull_secret` different names; the latter is the sync's name unless given.",
        );
    }
}

/// A missing key is told before anything is touched.
fn missing_key(found: &mut Diagnostics) {
    let entry = Code::SopsMissing.entry();
    found.error_at(
        "sops",
        format!("{}: there is no age key", entry.text),
        format!("Neither `age_key` nor `age_key_wo` is set.\nCause: {}.\nCure: set `sops.age_key_wo` to the text of the key file.", entry.cause),
    );
}

fn refuse(found: &mut Diagnostics, path: &str, code: Code) {
    let entry = code.entry();
    found.error_at(
        path,
        format!("{}: {}", entry.text, entry.meaning),
        format!("Cause: {}.\nCure: {}.", entry.cause, entry.cure),
    );
}

fn conflict(found: &mut Diagnostics, path: &str, name: &str) {
    found.error_at(
        path,
        format!("TS-INPUT-CONFLICT: {name} is given twice"),
        format!("Set `{name}` or `{name}_wo`, not both."),
    );
}

fn check_sync(config: &FluxInstance, found: &mut Diagnostics) {
    let Some(sync) = config.sync.get() else {
        return;
    };
    let invalid = |found: &mut Diagnostics, text: String, cure: &str| {
        found.error_at("sync", format!("TS-INPUT-INVALID: {text}"), cure.to_owned());
    };
    for (name, field) in [
        ("interval", &sync.interval),
        ("retry_interval", &sync.retry_interval),
    ] {
        if let Some(text) = field
            .as_str()
            .filter(|text| !is_placeholder_text(text) && !is_duration(text))
        {
            invalid(
                found,
                format!("sync.{name} is {text:?}"),
                "Write a Go duration such as \"1m\".",
            );
        }
    }
    if let Some(name) = sync
        .name
        .as_str()
        .filter(|name| name.is_empty() || name.len() > 63)
    {
        invalid(
            found,
            format!("sync.name is {name:?}"),
            "Write a name of at most 63 characters.",
        );
    }
    let kind = sync.kind.as_str().unwrap_or("GitRepository");
    let git = kind == "GitRepository" && !sync.kind.is_unknown();
    let short =
        |name: &&str| !is_placeholder_text(name) && !name.starts_with("refs/") && *name != "HEAD";
    if let Some(name) = sync.r#ref.as_str().filter(|_| git).filter(short) {
        invalid(
            found,
            format!("sync.ref is {name:?}"),
            "Write the whole reference: refs/heads/main for a branch, refs/tags/v1.0.0 for a tag.",
        );
    }
    match sync.provider.as_str() {
        Some("github") if kind != "GitRepository" => {
            invalid(
                found,
                format!("provider github cannot log in for a {kind}"),
                "Set `sync.kind` to GitRepository, or another provider.",
            );
        }
        Some("gcp") if git => {
            invalid(
                found,
                "provider gcp cannot log in for a GitRepository".to_owned(),
                "Set another `sync.provider`.",
            );
        }
        _ => {}
    }
}

/// Decides; called twice by core.
pub fn plan(data: Option<&Data>, plan: &mut Plan<FluxInstanceResource>) {
    if plan.is_destroy() {
        return;
    }
    let about = about(&plan.proposed);
    let access = plan.config.kubernetes.clone();
    operation::announce_placeholder(plan, data, &access, &about);
    if let Some(attribute) = placeholder(&plan.config) {
        plan.warn(
            announce::placeholder(&about, attribute),
            "It comes from a stage that has not been applied. Apply refuses it.",
        );
    }
    plan.proposed.id = match plan.proposed.namespace.as_str() {
        Some(namespace) => format!("{namespace}/flux").into(),
        None => Field::Unknown,
    };
    let Some(prior) = plan.prior.clone() else {
        plan.proposed.sync_path = planned_path(&plan.proposed);
        return;
    };
    let other = plan.prior_private.other.clone();
    operation::refuse_other_cluster(plan, &about, &other);
    refuse_rename(plan, &prior);
    refuse_downgrade(plan, &prior, &about);
    let drift = plan.prior_private.drift.clone();
    let rotated = rotated(plan);
    if !drift.is_empty() {
        plan.warn(
            format!("TS-K8S-DRIFT: {about}: the cluster differs from what is declared"),
            format!(
                "It is put back; where somebody else owns a field now, apply names the owner and leaves it:\n{}",
                listing(&drift)
            ),
        );
    }
    if !rotated.is_empty() {
        plan.warn(
            format!("TS-FLUX-SECRET: {about}: secrets are written again"),
            format!(
                "Their values changed: {}. Flux is asked to look at its source again.",
                rotated.join(", ")
            ),
        );
    }
    if !drift.is_empty() || !rotated.is_empty() || plan.prior_private.unfinished {
        plan.touch();
    } else if !alters(&prior, &plan.proposed) {
        keep(&mut plan.proposed, prior);
        return;
    }
    plan.proposed.sync_path = planned_path(&plan.proposed);
    announce_changes(plan, &prior, &about);
}

/// What an update that changes nothing of the instance leaves as it is.
fn keep(proposed: &mut FluxInstance, prior: FluxInstance) {
    proposed.ready = prior.ready;
    proposed.revision = prior.revision;
    proposed.installed_version = prior.installed_version;
    proposed.sync_revision = prior.sync_revision;
    proposed.sync_path = prior.sync_path;
    proposed.conditions = prior.conditions;
    proposed.components_status = prior.components_status;
}

/// The path is what is asked for.
fn planned_path(model: &FluxInstance) -> Field<String> {
    match &model.sync {
        Field::Known(sync) => sync.path.clone(),
        Field::Unknown => Field::Unknown,
        Field::Null => Field::Null,
    }
}

/// Says by path what of the object changes: that is what Flux will see.
fn announce_changes(plan: &mut Plan<FluxInstanceResource>, prior: &FluxInstance, about: &str) {
    if let (Ok(old), Ok(new)) = (instance(prior), instance(&plan.proposed)) {
        let changes = kubernetes::difference(&old, &new);
        if !changes.is_empty() {
            plan.warn(
                format!("TS-FLUX-CHANGES: {about}: the FluxInstance changes"),
                listing(&changes),
            );
        }
    }
}

/// The operator refuses another name for the sync; replacing everything for it would uninstall Flux.
fn refuse_rename(plan: &mut Plan<FluxInstanceResource>, prior: &FluxInstance) {
    let both = prior.sync.is_known() && plan.proposed.sync.is_known();
    if both && prior.sync_name() != plan.proposed.sync_name() {
        plan.error_at(
            "sync",
            "TS-K8S-IMMUTABLE: the name of the sync cannot be changed",
            "The operator takes no other name. Set it back; to rename it, apply once without `sync`, then with the new name.",
        );
    }
}

/// The operator builds no Flux of an earlier minor version than the one that runs.
fn refuse_downgrade(plan: &mut Plan<FluxInstanceResource>, prior: &FluxInstance, about: &str) {
    let wanted = plan.proposed.distribution.get();
    let wanted = wanted.map_or("", |given| given.version.text()).to_owned();
    let (Some(new), Some(old)) = (
        minor(&wanted),
        prior.installed_version.as_str().and_then(minor),
    ) else {
        return;
    };
    if new < old {
        let entry = Code::Build.entry();
        plan.error_at(
            "distribution.version",
            format!("{}: {about}: {}", entry.text, entry.meaning),
            format!(
                "`distribution.version` is {wanted:?}, and {} runs.\nCause: the operator takes no earlier minor version: the kinds of the newer one may be stored.\n\
                 Cure: keep {}.{} or later; to go back, destroy this resource (what Flux deployed stays) and create it again.",
                prior.installed_version.text(),
                old.0,
                old.1
            ),
        );
    }
}

/// Secrets whose configured value is not the one that was written; what is known after apply only is compared then. A placeholder says
/// nothing of the value.
fn rotated(plan: &Plan<FluxInstanceResource>) -> Vec<String> {
    let (private, config) = (&plan.prior_private, &plan.config);
    if private.salt.is_empty()
        || config.sops.is_unknown()
        || config.git_auth.is_unknown()
        || secret_placeholder(config).is_some()
    {
        return Vec::new();
    }
    let wanted = digests(
        &secrets(&plan.config, plan.proposed.namespace.text()),
        &private.salt,
    );
    let other = wanted
        .iter()
        .filter(|(name, digest)| private.secrets.get(*name) != Some(*digest));
    other.map(|(name, _)| name.clone()).collect()
}

/// For messages.
pub fn about(model: &FluxInstance) -> String {
    format!(
        "Flux in {}",
        model.namespace.as_str().unwrap_or("flux-system")
    )
}

/// Whether anything that is applied, or waited for, is another.
pub fn alters(prior: &FluxInstance, proposed: &FluxInstance) -> bool {
    prior.distribution != proposed.distribution
        || prior.components != proposed.components
        || prior.cluster != proposed.cluster
        || prior.sync != proposed.sync
        || prior.sops != proposed.sops
        || prior.git_auth != proposed.git_auth
        || prior.kustomize_patches != proposed.kustomize_patches
        || prior.extra_spec != proposed.extra_spec
        || prior.wait != proposed.wait
}
