//! Vectors of the official machinery, and our answers to the same questions.

// Each test uses its part.
#![allow(dead_code)]

pub mod grammar;
pub mod machinery;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use talos_config::contract::Contract;
use talos_config::document::Config;
use talos_config::generate::{Input, generate};
use talos_config::merge::Patch;
use talos_config::secrets::Bundle;
use talos_config::tables::Line;
use talos_config::validate::{Mode, validate};

/// A question with the official answer.
#[derive(Clone, Deserialize, Serialize, Default)]
#[serde(default)]
pub struct Answer {
    pub name: String,
    pub op: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub config: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate: Option<Generate>,
    #[serde(skip_serializing)]
    pub output: String,
    #[serde(skip_serializing)]
    pub error: String,
    #[serde(skip_serializing)]
    pub panicked: bool,
    #[serde(skip_serializing)]
    pub verdicts: BTreeMap<String, Verdict>,
}

/// What official validation for one mode says.
#[derive(Clone, Deserialize, Default)]
#[serde(default)]
pub struct Verdict {
    pub warnings: Vec<String>,
    pub errors: Vec<String>,
}

/// What a configuration is made from.
#[derive(Clone, Deserialize, Serialize, Default)]
#[serde(default)]
pub struct Generate {
    cluster_name: String,
    endpoint: String,
    role: String,
    contract: String,
    kubernetes_version: String,
    install_disk: String,
    install_image: String,
    extra_kernel_args: Vec<String>,
    cert_sans: Vec<String>,
    dns_domain: String,
    allow_scheduling: bool,
    registry_mirrors: BTreeMap<String, Vec<String>>,
    local_api_port: u16,
    discovery: Option<bool>,
    sysctls: BTreeMap<String, String>,
}

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// The vectors as text, one JSON object a line.
pub fn text() -> String {
    let file = std::fs::File::open(folder().join("talos-1.12.jsonl.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text
}

pub fn vectors() -> Vec<Answer> {
    let text = text();
    let mut texts = BTreeMap::new();
    text.lines()
        .map(|line| resolve(serde_json::from_str(line).unwrap(), &mut texts))
        .collect()
}

/// Puts the text in place of a reference to an earlier answer.
fn resolve(mut answer: Answer, texts: &mut BTreeMap<String, String>) -> Answer {
    if let Some(name) = answer.config.strip_prefix('@') {
        answer.config = texts
            .get(name)
            .unwrap_or_else(|| panic!("no answer {name}"))
            .clone();
    }
    let text = if answer.op == "load" {
        &answer.config
    } else {
        &answer.output
    };
    texts.insert(answer.name.clone(), text.clone());
    answer
}

fn bundle() -> Bundle {
    let text = std::fs::read_to_string(folder().join("secrets.yaml")).unwrap();
    Bundle::from_yaml(&text).unwrap_or_else(|e| panic!("{e}"))
}

/// What we say: the text, or why not.
fn ours(question: &Answer) -> Result<String, String> {
    match question.op.as_str() {
        "generate" => ours_generated(question.generate.as_ref().unwrap()),
        "load" => Config::load(&question.config, Line::V1_12)
            .map(|c| c.emit())
            .map_err(|e| e.to_string()),
        "patch" => ours_patched(question),
        "bundle" => ours_bundle(&question.config),
        other => panic!("unknown op {other}"),
    }
}

fn ours_bundle(text: &str) -> Result<String, String> {
    let bundle = Bundle::from_yaml(text).map_err(|e| e.to_string())?;
    match bundle.problems().as_slice() {
        [] => Ok(bundle.to_yaml().expose().to_owned()),
        problems => Err(problems.join(", ")),
    }
}

fn ours_patched(question: &Answer) -> Result<String, String> {
    let mut config = Config::load(&question.config, Line::V1_12).map_err(|e| e.to_string())?;
    let patches: Result<Vec<Patch>, _> = question
        .patches
        .iter()
        .map(|p| Patch::load(p, Line::V1_12))
        .collect();
    config
        .apply_patches(&patches.map_err(|e| e.to_string())?)
        .map_err(|e| e.to_string())?;
    Ok(config.emit())
}

fn ours_generated(from: &Generate) -> Result<String, String> {
    let bundle = bundle();
    let contract = Contract::parse(&from.contract).map_err(|e| e.to_string())?;
    let role = from
        .role
        .parse()
        .map_err(|e: talos_config::generate::GenerateError| e.to_string())?;
    let mut input = Input::new(
        &from.cluster_name,
        &from.endpoint,
        role,
        contract,
        &from.kubernetes_version,
        &bundle,
    );
    input.install_disk.clone_from(&from.install_disk);
    input.install_image.clone_from(&from.install_image);
    input
        .install_extra_kernel_args
        .clone_from(&from.extra_kernel_args);
    input.cert_sans.clone_from(&from.cert_sans);
    if !from.dns_domain.is_empty() {
        input.dns_domain.clone_from(&from.dns_domain);
    }
    input.allow_scheduling_on_control_planes = from.allow_scheduling;
    input.registry_mirrors.clone_from(&from.registry_mirrors);
    input.local_api_server_port = from.local_api_port;
    input.discovery = from.discovery.unwrap_or(true);
    input.sysctls.clone_from(&from.sysctls);
    generate(&input)
        .map(|c| c.emit())
        .map_err(|e| e.to_string())
}

/// How our answer differs from the official one, if it does.
pub fn difference(official: &Answer) -> Option<String> {
    if official.op == "validate" {
        return verdict_difference(official);
    }
    // Talos writes an empty document where something was to be deleted from one that is not there;
    // we refuse that.
    let corrupted = official
        .output
        .split("---\n")
        .any(|document| document == "{}\n");
    let refused = !official.error.is_empty() || corrupted;
    match (ours(official), refused) {
        (Ok(text), false) if text == official.output => None,
        (Err(_), true) => None,
        (Ok(text), false) => Some(format!(
            "{}: {}",
            official.name,
            first_difference(&text, &official.output)
        )),
        (Err(error), false) => Some(format!("{}: we refuse: {error}", official.name)),
        (Ok(_), true) => Some(format!(
            "{}: we accept, official: {}",
            official.name, official.error
        )),
    }
}

fn first_difference(ours: &str, theirs: &str) -> String {
    let at = ours.lines().zip(theirs.lines()).position(|(a, b)| a != b);
    let at = at.unwrap_or_else(|| ours.lines().count().min(theirs.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("<end>").to_owned();
    format!(
        "line {}: ours {:?}, official {:?}",
        at + 1,
        line(ours),
        line(theirs)
    )
}

/// Validation agrees if it finds as many errors and as many warnings in each mode.
fn verdict_difference(official: &Answer) -> Option<String> {
    let config = match Config::load(&official.config, Line::V1_12) {
        Ok(config) => config,
        Err(_) if !official.error.is_empty() => return None,
        Err(error) => return Some(format!("{}: we refuse: {error}", official.name)),
    };
    if official.panicked {
        let valid = validate(&config, Mode::Metal).is_valid();
        return valid.then(|| {
            format!(
                "{}: official machinery panics, we find nothing",
                official.name
            )
        });
    }
    official.verdicts.iter().find_map(|(mode, theirs)| {
        let ours = validate(&config, mode.parse().unwrap());
        let same = (ours.errors.len(), ours.warnings.len())
            == (theirs.errors.len(), theirs.warnings.len());
        (!same).then(|| {
            format!(
                "{} ({mode}):\n  ours {ours:#?}\n  official {:#?} {:#?}",
                official.name, theirs.errors, theirs.warnings
            )
        })
    })
}
