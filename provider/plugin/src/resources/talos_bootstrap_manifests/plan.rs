//! What a plan of `talos_bootstrap_manifests` says, from configuration, state and what the refresh saw.

use std::collections::BTreeMap;

use framework::prelude::*;
use kubernetes::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TalosBootstrapManifests;
use super::model::BootstrapManifests;
use crate::provider::Data;
use crate::shared::change::{listing, text_map};
use crate::shared::kubernetes as operation;
use crate::shared::placeholder::is_placeholder_text;

/// What is said of all objects together.
pub const ABOUT: &str = "bootstrap manifests";

/// What is kept beside the attributes.
#[derive(Serialize, Deserialize, Default, Clone, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Private {
    /// UID of the cluster.
    pub cluster: String,
    /// apiVersion of each object, by `Kind/namespace/name`.
    pub versions: BTreeMap<String, String>,
    /// What differs from what is declared, as the refresh saw it.
    pub drift: BTreeMap<String, String>,
    /// The last operation did not come to its end.
    pub unfinished: bool,
    /// UID of the cluster that the refresh found in place of ours.
    pub other: String,
}

/// Refuses what cannot be read.
pub fn validate(config: &BootstrapManifests, found: &mut Diagnostics) {
    for (name, text) in known(config) {
        if is_placeholder_text(&text) {
            continue;
        }
        if let Err(error) = kubernetes::parse(&format!("manifests.{name}"), &text) {
            found.error_at("manifests", error.summary(), error.detail());
        }
    }
    check_doubles(config, found);
}

/// An object that is there twice, and differs, would be made and unmade at every apply.
fn check_doubles(config: &BootstrapManifests, found: &mut Diagnostics) {
    let mut seen: BTreeMap<String, (String, Value)> = BTreeMap::new();
    for (name, text) in known(config) {
        // What cannot be read is told elsewhere.
        for object in kubernetes::parse(&name, &text).unwrap_or_default() {
            let Ok(id) = Id::of(&object) else { continue };
            let key = format!("{} {id}", id.group());
            let (first, other) = seen
                .entry(key)
                .or_insert_with(|| (name.clone(), object.clone()));
            if *other != object {
                found.error_at(
                    "manifests",
                    format!("TS-INPUT-CONFLICT: {id} is in manifests.{first} and, with another content, in manifests.{name}"),
                    "One would undo the other at every apply. Keep the object in one place.",
                );
            }
        }
    }
}

/// Name and text of each manifest that is known.
fn known(model: &BootstrapManifests) -> Vec<(String, String)> {
    let all = model.manifests.get().into_iter().flatten();
    all.filter_map(|(name, text)| Some((name.clone(), text.cloned()?)))
        .collect()
}

/// Name of the first manifest that stands in for the output of a stage that has not run.
pub fn placeholder(model: &BootstrapManifests) -> Option<String> {
    known(model)
        .into_iter()
        .find(|(_, text)| is_placeholder_text(text))
        .map(|(name, _)| name)
}

/// The objects in the order in which they are applied.
pub fn objects(model: &BootstrapManifests) -> kubernetes::Result<Vec<Value>> {
    let mut all = Vec::new();
    for (name, text) in known(model) {
        all.extend(kubernetes::ordered(kubernetes::parse(
            &format!("manifests.{name}"),
            &text,
        )?));
    }
    Ok(all)
}

/// Decides; called twice by core.
pub fn plan(data: Option<&Data>, plan: &mut Plan<TalosBootstrapManifests>) {
    if plan.is_destroy() {
        if plan
            .prior
            .as_ref()
            .is_some_and(|prior| prior.mode.text() == "once")
        {
            plan.warn(
                "TS-LEFT-BEHIND: bootstrap manifests: the objects stay",
                "With `mode = \"once\"` they are not this resource's any more once they are there.",
            );
        }
        return;
    }
    let access = plan.config.kubernetes.clone();
    operation::announce_placeholder(plan, data, &access, ABOUT);
    if let Some(name) = placeholder(&plan.proposed) {
        plan.warn(
            crate::shared::announce::placeholder(ABOUT, &format!("manifests.{name}")),
            "It comes from a stage that has not been applied. Apply refuses it.",
        );
    }
    let complete = plan
        .proposed
        .manifests
        .get()
        .is_some_and(|all| all.values().all(Field::is_known));
    let Some(prior) = plan.prior.clone() else {
        return;
    };
    let other = plan.prior_private.other.clone();
    operation::refuse_other_cluster(plan, ABOUT, &other);
    let drift = plan.prior_private.drift.clone();
    let always = plan.proposed.mode.text() == "always";
    let restored = always && !drift.is_empty();
    if restored {
        plan.warn(
            format!("TS-K8S-DRIFT: {ABOUT}: the cluster differs from what is declared"),
            format!("It is put back:\n{}", listing(&drift)),
        );
    }
    if restored || plan.prior_private.unfinished {
        plan.touch();
    } else if prior.manifests == plan.proposed.manifests && prior.mode == plan.proposed.mode {
        plan.proposed.objects = prior.objects;
        return;
    }
    if complete {
        announce_changes(plan, &prior);
    }
}

/// Says by object and path what changes, and what of it is done.
fn announce_changes(plan: &mut Plan<TalosBootstrapManifests>, prior: &BootstrapManifests) {
    let (Ok(before), Ok(after)) = (objects(prior), objects(&plan.proposed)) else {
        return;
    };
    let changes = operation::between(&before, &after);
    if changes.is_empty() {
        return;
    }
    let what = if plan.proposed.mode.text() == "always" {
        "These changes are applied"
    } else {
        "With `mode = \"once\"` only what is missing is created; what is there stays as it is"
    };
    plan.warn(
        format!("TS-K8S-CHANGES: {ABOUT}: the manifests change"),
        format!("{what}:\n{}", listing(&changes)),
    );
}

/// State of each object as an attribute.
pub fn states(states: &BTreeMap<String, &'static str>) -> super::model::Texts {
    text_map(
        states
            .iter()
            .map(|(name, state)| (name.clone(), (*state).to_owned()))
            .collect(),
    )
}

/// Definitions and namespaces hold what others made.
pub fn stays(id: &Id) -> bool {
    matches!(id.kind.as_str(), "CustomResourceDefinition" | "Namespace")
}
