//! Names and places of an image, from configuration and what the refresh saw. Pure.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use serde::{Deserialize, Serialize};

use super::TalosImageResource;
use super::model::TalosImage;
use super::source::{Known, content, file_name, source};
use crate::shared::access::Unusable;
use crate::shared::announce;
use crate::shared::change::text_map;
use crate::shared::full_version;
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};
use crate::shared::proxmox;

/// What is kept beside the attributes.
#[derive(Serialize, Deserialize, Default, Clone)]
#[serde(default)]
pub struct Private {
    /// Hosts that had the file and do not have it any more.
    pub missing: BTreeSet<String>,
    /// Hosts that an interrupted delivery did not come to.
    pub undone: BTreeSet<String>,
    /// Hosts and volumes that others took the place of and that could not be removed yet.
    pub superseded: BTreeSet<(String, String)>,
    /// The file on each host that has it.
    pub files: BTreeMap<String, OnHost>,
}

/// Digests in lower case by algorithm.
pub type Digests = BTreeMap<String, String>;

/// What is known of a file on one host.
#[derive(Serialize, Deserialize, Default, Clone, Debug, PartialEq, Eq)]
#[serde(default)]
pub struct OnHost {
    /// The volume.
    pub volume: String,
    /// Bytes.
    pub size: u64,
    /// It was there before and has a name that somebody chose: it is not ours to remove.
    pub adopted: bool,
    /// What Proxmox VE compared, or what was computed of the bytes that were uploaded from here.
    pub digests: Digests,
}

impl OnHost {
    /// Whether this is the volume, and nothing more is to be found out: it has the size that it had, and the digest that is asked for.
    pub fn is(&self, volume: &str, size: u64, checksum: Option<(&str, &str)>) -> bool {
        let fits = checksum.is_none_or(|(algorithm, value)| {
            self.digests.get(algorithm) == Some(&value.to_lowercase())
        });
        self.volume == volume && self.size == size && fits
    }
}

impl Private {
    /// Hosts to which the file is brought in any case.
    pub fn lacking(&self) -> BTreeSet<&str> {
        let hosts = self.missing.union(&self.undone);
        hosts.map(String::as_str).collect()
    }

    /// A volume is brought to hosts: what is known of other volumes and hosts counts no more.
    pub fn expect(&mut self, volume: &str, hosts: &BTreeSet<String>) {
        self.files
            .retain(|node, file| file.volume == volume && hosts.contains(node));
        self.missing.clear();
        self.undone.clone_from(hosts);
    }

    /// The file is there on these hosts.
    pub fn record(&mut self, hosts: BTreeSet<String>, file: &OnHost) {
        for node in hosts {
            self.undone.remove(&node);
            self.files.insert(node, file.clone());
        }
    }

    /// Hosts and volumes that are this resource's own to remove: what its deliveries recorded. A file without a record may be
    /// somebody else's.
    pub fn own(&self, state: &TalosImage) -> BTreeSet<(String, String)> {
        let files = state.file_ids.get().into_iter().flatten();
        files
            .filter_map(|(node, volume)| Some((node, volume.as_str()?)))
            .filter(|(node, volume)| {
                let file = self.files.get(*node);
                file.is_some_and(|file| !file.adopted && file.volume == *volume)
            })
            .map(|(node, volume)| (node.clone(), volume.to_owned()))
            .collect()
    }

    /// Hosts and volumes in state of which nothing was recorded: an earlier version of the provider kept no record of deliveries.
    pub fn unrecorded(&self, state: &TalosImage) -> BTreeSet<(String, String)> {
        let files = state.file_ids.get().into_iter().flatten();
        files
            .filter(|(node, _)| !self.files.contains_key(*node))
            .filter_map(|(node, volume)| Some((node.clone(), volume.as_str()?.to_owned())))
            .collect()
    }

    /// The SHA-256 that is known of the file on every host that has it.
    pub fn sha256(&self) -> Option<String> {
        let mut digests = self.files.values().map(|file| file.digests.get("sha256"));
        let first = digests.next()??;
        digests
            .all(|digest| digest == Some(first))
            .then(|| first.clone())
    }
}

/// Refuses what no storage takes.
pub fn validate(config: &TalosImage, found: &mut Diagnostics) {
    let sources = [
        config.factory.is_null(),
        config.url.is_null(),
        config.file.is_null(),
    ];
    if sources.iter().filter(|absent| !**absent).count() != 1 {
        found.error(
            "TS-INPUT-CONFLICT: an image needs exactly one of factory, url and file",
            "Set one of the three, and only one.",
        );
        return;
    }
    version_of(config, found);
    name_of(config, found);
    checksum(config, found);
    if config.file.is_known() && config.delivery.as_str() == Some("node_download") {
        found.error_at(
            "delivery",
            "TS-INPUT-CONFLICT: a file cannot be fetched by the hosts",
            "Leave `delivery` out, or set it to \"upload\".",
        );
    }
    if config.nodes.get().is_some_and(BTreeSet::is_empty) {
        found.error_at(
            "nodes",
            "TS-INPUT-MISSING: nodes is empty",
            "Name hosts, or leave it out.",
        );
    }
}

/// The factory has images of releases only.
fn version_of(config: &TalosImage, found: &mut Diagnostics) {
    let factory = config.factory.get();
    let version = factory.and_then(|factory| factory.talos_version.as_str());
    let version = version.filter(|version| !is_placeholder_text(version));
    if let Some(reason) = version.and_then(full_version::refusal_of_talos) {
        found.error_at(
            "factory.talos_version",
            "TS-INPUT-INVALID: factory.talos_version is not a full version",
            format!("{reason}."),
        );
    }
}

/// Proxmox VE would keep other characters as `_`, and the file would be looked for in vain.
fn name_of(config: &TalosImage, found: &mut Diagnostics) {
    let derived = config.url.is_known() || config.file.is_known();
    let placeholder = config.url.as_str().is_some_and(is_placeholder_host)
        || config.file.as_str().is_some_and(is_placeholder_text);
    let name = match &config.file_name {
        Field::Known(name) if is_placeholder_text(name) => return,
        Field::Known(name) => name.clone(),
        Field::Null if derived && !placeholder => file_name(config).unwrap_or_default(),
        _ => return,
    };
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if content(&name).is_none() || !name.chars().all(safe) || name.len() > 255 {
        found.error_at(
            "file_name",
            format!("TS-INPUT-INVALID: {name:?} is no name of an image"),
            "Set `file_name` to one of letters, digits, _, - and dots that ends in .iso, .img, .qcow2 or .raw. Compressed images are not taken.",
        );
    }
}

fn checksum(config: &TalosImage, found: &mut Diagnostics) {
    let Some(checksum) = config.checksum.get() else {
        return;
    };
    let (Some(algorithm), Some(value)) = (checksum.algorithm.as_str(), checksum.value.as_str())
    else {
        return;
    };
    let digits = match algorithm {
        "md5" => 32,
        "sha1" => 40,
        "sha224" => 56,
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        // The schema names those that there are.
        _ => return,
    };
    let fits = value.len() == digits && value.chars().all(|c| c.is_ascii_hexdigit());
    if !fits && !is_placeholder_text(value) {
        found.error_at(
            Path::attribute("checksum").attr("value"),
            format!("TS-INPUT-INVALID: checksum.value is no {algorithm} digest"),
            format!("It has {digits} hexadecimal digits, without anything before or after them."),
        );
    }
}

/// Decides; called twice by core.
pub fn plan(
    access: Option<Result<(), Unusable>>,
    factory_url: Option<&str>,
    plan: &mut Plan<TalosImageResource>,
) {
    if plan.is_destroy() {
        return;
    }
    let about = plan
        .config
        .file_name
        .cloned()
        .or_else(|| file_name(&plan.proposed))
        .unwrap_or_else(|| "image".to_owned());
    if let Some((summary, detail)) = proxmox::announce_placeholder(&about, access) {
        plan.warn(summary, detail);
    }
    if let Known::Placeholder(attribute) = source(&plan.proposed, factory_url) {
        plan.warn(
            announce::placeholder(&about, attribute),
            "It comes from a stage that has not been applied. Apply refuses it.",
        );
    }
    let hosts = plan.prior_private.lacking();
    let hosts = Vec::from_iter(hosts).join(", ");
    let missing = !hosts.is_empty();
    if missing {
        plan.touch();
        plan.warn(
            format!("TS-IMAGE-MISSING: {about}: the file is not on every host"),
            format!("It is missing on {hosts} and is delivered again."),
        );
    }
    name(&plan.config, &mut plan.proposed);
    let moves = match &plan.prior {
        None => true,
        Some(prior) => missing || is_another(prior, &plan.proposed),
    };
    if let Some(prior) = plan.prior.clone().filter(|_| !moves) {
        plan.proposed.file_ids = prior.file_ids;
        plan.proposed.size_bytes = prior.size_bytes;
        plan.proposed.sha256 = prior.sha256;
        return;
    }
    plan.proposed.size_bytes = Field::Unknown;
    plan.proposed.sha256 = Field::Unknown;
    plan.proposed.file_ids = match (plan.proposed.nodes.get(), plan.proposed.file_id.as_str()) {
        (Some(nodes), Some(volume)) => text_map(
            nodes
                .iter()
                .map(|node| (node.clone(), volume.to_owned()))
                .collect(),
        ),
        _ => Field::Unknown,
    };
}

/// Whether another file, or the same in other places, is asked for.
fn is_another(prior: &TalosImage, proposed: &TalosImage) -> bool {
    prior.file_id != proposed.file_id
        || prior.nodes != proposed.nodes
        || prior.factory != proposed.factory
        || prior.url != proposed.url
        || prior.file != proposed.file
        || prior.checksum != proposed.checksum
}

/// Name and volume, which follow from the source.
fn name(config: &TalosImage, model: &mut TalosImage) {
    let source = model.clone();
    let derived = || file_name(&source).map_or(Field::Unknown, Field::Known);
    model.file_name = if config.file_name.is_null() {
        derived()
    } else {
        config.file_name.clone()
    };
    model.file_id = match (model.storage.as_str(), model.file_name.as_str()) {
        (Some(storage), Some(name)) => volume(storage, name).into(),
        _ => Field::Unknown,
    };
    model.id = model.file_id.clone();
}

/// The volume of a file on a storage.
pub fn volume(storage: &str, file_name: &str) -> String {
    format!(
        "{storage}:{}/{file_name}",
        content(file_name).unwrap_or("iso")
    )
}
