//! What a plan of `flux_operator` says, from configuration, state and what the refresh saw.

use std::collections::BTreeMap;

use framework::prelude::*;
use kubernetes::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::FluxOperatorResource;
use super::model::FluxOperator;
use super::patches::{self, Unfit};
use super::render::render;
use crate::provider::Data;
use crate::shared::change::{TextMap, listing, text_map};
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};
use crate::shared::{announce, kubernetes as operation, packed};

/// What is kept beside the attributes.
#[derive(Serialize, Deserialize, Default, Clone, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Private {
    /// UID of the cluster.
    pub cluster: String,
    /// The manifests that were applied last, as they were published; packed.
    pub manifests: String,
    /// Labels by which the live Deployment finds its pods, where they are more than the published ones.
    pub selector: BTreeMap<String, String>,
    /// What differs from what is declared, as the refresh saw it.
    pub drift: BTreeMap<String, String>,
    /// The last operation did not come to its end.
    pub unfinished: bool,
    /// UID of the cluster that the refresh found in place of ours.
    pub other: String,
}

/// Refuses what contradicts itself.
pub fn validate(config: &FluxOperator, found: &mut Diagnostics) {
    if let Some(source) = config.source.get() {
        let given = [&source.oci, &source.url, &source.path, &source.manifests];
        if given.iter().filter(|field| !field.is_null()).count() > 1 {
            found.error_at(
                "source",
                "TS-INPUT-CONFLICT: the manifests have more than one source",
                "Set one of `oci`, `url`, `path` and `manifests`.",
            );
        }
        if let Some(digest) = source
            .digest
            .as_str()
            .filter(|digest| !is_placeholder_text(digest) && !is_digest(digest))
        {
            found.error_at(
                "source",
                format!("TS-INPUT-INVALID: {digest:?} is no digest"),
                "Write `sha256:` and 64 hexadecimal digits.",
            );
        }
        if let Some(text) = source.manifests.as_str() {
            check_manifests(text, found);
        }
    }
    patches::check(config, found);
    if let Some(replicas) = config.replicas.get().filter(|replicas| **replicas < 0) {
        found.error_at(
            "replicas",
            format!("TS-INPUT-INVALID: replicas is {replicas}"),
            "Write how many pods shall run, or leave it out.",
        );
    }
    if let Some(version) = config
        .version
        .as_str()
        .filter(|version| !is_version(version))
    {
        found.error_at(
            "version",
            format!("TS-INPUT-INVALID: {version:?} is no version"),
            "Write one version, such as `0.58.1`. Ranges and `latest` are not taken: what is installed shall follow from what is written.",
        );
    }
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    hex.len() == 64 && hex.bytes().all(is_digit)
}

/// The first attribute that stands in for the output of a stage that has not run.
pub fn placeholder(model: &FluxOperator) -> Option<&'static str> {
    let text = |field: &Field<String>| field.as_str().is_some_and(is_placeholder_text);
    let host = |field: &Field<String>| field.as_str().is_some_and(is_placeholder_host);
    let source = model.source.get();
    let all = [
        ("version", text(&model.version)),
        (
            "source",
            source.is_some_and(|source| {
                host(&source.oci)
                    || host(&source.url)
                    || text(&source.path)
                    || text(&source.manifests)
                    || text(&source.digest)
            }),
        ),
        ("patches", patches::any_placeholder(model)),
    ];
    let mut all = all.into_iter();
    all.find(|(_, mock)| *mock).map(|(name, _)| name)
}

fn check_manifests(text: &str, found: &mut Diagnostics) {
    if is_placeholder_text(text) {
        return;
    }
    if let Err(error) = kubernetes::parse("source.manifests", text) {
        found.error_at("source", error.summary(), error.detail());
    }
}

fn is_version(text: &str) -> bool {
    let number = text
        .trim_start_matches('v')
        .split(['-', '+'])
        .next()
        .unwrap_or_default();
    let parts: Vec<&str> = number.split('.').collect();
    is_placeholder_text(text)
        || (parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok()))
}

/// Decides; called twice by core.
pub fn plan(data: Option<&Data>, plan: &mut Plan<FluxOperatorResource>) {
    if plan.is_destroy() {
        return;
    }
    let about = about(&plan.proposed);
    let access = plan.config.kubernetes.clone();
    operation::announce_placeholder(plan, data, &access, &about);
    if let Some(attribute) = placeholder(&plan.proposed) {
        plan.warn(
            announce::placeholder(&about, attribute),
            "It comes from a stage that has not been applied. Apply refuses it.",
        );
    }
    plan.proposed.id = match plan.proposed.namespace.as_str() {
        Some(namespace) => format!("{namespace}/flux-operator").into(),
        None => Field::Unknown,
    };
    let Some(prior) = plan.prior.clone() else {
        plan.proposed.changes = match created(&plan.proposed) {
            Ok(changes) => changes.map_or(Field::Unknown, text_map),
            Err(unfit) => refuse(plan, &unfit, &about),
        };
        return;
    };
    let other = plan.prior_private.other.clone();
    operation::refuse_other_cluster(plan, &about, &other);
    let drift = plan.prior_private.drift.clone();
    if !drift.is_empty() {
        plan.touch();
        plan.warn(
            format!("TS-K8S-DRIFT: {about}: the cluster differs from what is declared"),
            format!(
                "It is put back; where somebody else owns a field now, apply names the owner and leaves it:\n{}",
                listing(&drift)
            ),
        );
    } else if plan.prior_private.unfinished {
        plan.touch();
    }
    if !drift.is_empty() || plan.prior_private.unfinished || alters(&prior, &plan.proposed) {
        let changes = changes(&prior, &plan.proposed, &plan.prior_private);
        plan.proposed.changes = match changes {
            Ok(Some(mut changes)) => {
                changes.extend(drift);
                text_map(changes)
            }
            Ok(None) => Field::Unknown,
            Err(unfit) => refuse(plan, &unfit, &about),
        };
        return;
    }
    plan.proposed.ready = prior.ready;
    plan.proposed.installed_version = prior.installed_version;
    plan.proposed.image = prior.image;
    plan.proposed.artifact_digest = prior.artifact_digest;
    plan.proposed.inventory = prior.inventory;
    plan.proposed.changes = prior.changes;
}

/// A patch that does not fit the manifests ends the plan.
fn refuse(plan: &mut Plan<FluxOperatorResource>, unfit: &Unfit, about: &str) -> TextMap {
    let told = unfit.diagnostic(about);
    plan.error_at(told.path.unwrap_or_default(), told.summary, told.detail);
    Field::Unknown
}

/// For messages.
pub fn about(model: &FluxOperator) -> String {
    format!(
        "flux-operator in {}",
        model.namespace.as_str().unwrap_or("flux-system")
    )
}

/// Whether anything that is applied, or waited for, is another.
pub fn alters(prior: &FluxOperator, proposed: &FluxOperator) -> bool {
    let same = |part: fn(&FluxOperator) -> bool| part(prior) == part(proposed);
    prior.version != proposed.version
        || prior.source != proposed.source
        || prior.namespace_labels != proposed.namespace_labels
        || prior.replicas != proposed.replicas
        || prior.resources != proposed.resources
        || prior.env != proposed.env
        || prior.tolerations != proposed.tolerations
        || prior.node_selector != proposed.node_selector
        || prior.image_pull_secrets != proposed.image_pull_secrets
        || prior.patches != proposed.patches
        || !same(|model| model.wait.get() == Some(&true))
}

/// The manifests that a configuration holds itself.
fn inline(model: &FluxOperator) -> Option<Vec<Value>> {
    let text = model.source.get()?.manifests.as_str()?;
    kubernetes::parse("source.manifests", text).ok()
}

/// The objects that are made; `None` before the manifests are fetched or the patches are known.
fn created(model: &FluxOperator) -> Result<Option<BTreeMap<String, String>>, Unfit> {
    let (Some(manifests), true) = (inline(model), patches::are_read(model)?) else {
        return Ok(None);
    };
    let objects = render(&manifests, model, &BTreeMap::new())?;
    let names = objects.iter().filter_map(|object| Id::of(object).ok());
    let made = names.map(|id| (id.to_string(), "(absent) -> applied".to_owned()));
    Ok(Some(made.collect()))
}

/// What changes by object and path; `None` where the manifests have to be fetched first, or a patch is not known.
fn changes(
    prior: &FluxOperator,
    proposed: &FluxOperator,
    private: &Private,
) -> Result<Option<BTreeMap<String, String>>, Unfit> {
    let before: Option<Vec<Value>> = packed::unpack(&private.manifests);
    let same_source = prior.version == proposed.version && prior.source == proposed.source;
    let after = if same_source {
        before.clone()
    } else {
        inline(proposed)
    };
    let (Some(after), true) = (after, patches::are_read(proposed)?) else {
        return Ok(None);
    };
    let after = render(&after, proposed, &private.selector)?;
    let before = before.and_then(|before| render(&before, prior, &private.selector).ok());
    Ok(before.map(|before| operation::between(&before, &after)))
}
