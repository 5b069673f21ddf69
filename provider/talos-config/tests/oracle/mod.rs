//! Vectors of the official machinery, and our answers to the same questions.

// Each test uses its part.
#![allow(dead_code)]

pub mod aliases;
pub mod damage;
pub mod grammar;
pub mod machinery;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use talos_config::contract::Contract;
use talos_config::document::Config;
use talos_config::generate::{self, Input, generate_on};
use talos_config::merge::Patch;
use talos_config::schematic::Schematic;
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
    /// Base64 of a config that is no text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    #[serde(skip_serializing)]
    pub output: String,
    #[serde(skip_serializing)]
    pub error: String,
    #[serde(skip_serializing)]
    pub panicked: bool,
    #[serde(skip_serializing)]
    pub verdicts: BTreeMap<String, Verdict>,
}

/// A certificate to be verified, or a key to be parsed; all texts are PEM.
#[derive(Clone, Deserialize, Serialize, Default)]
#[serde(default)]
pub struct Certificate {
    pub name: String,
    /// Empty for one that signs itself.
    pub authority: String,
    pub certificate: String,
    pub key: String,
    /// Seconds of Unix.
    pub at: i64,
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
    kube_prism_port: Option<u16>,
    persist: Option<bool>,
    debug: bool,
    kube_span: Option<bool>,
    custom_cni: String,
    registry_cas: BTreeMap<String, String>,
    insecure_registries: Vec<String>,
    disks: Vec<Disk>,
}

#[derive(Clone, Deserialize, Serialize, Default)]
#[serde(default)]
struct Disk {
    device: String,
    partitions: Vec<Partition>,
}

#[derive(Clone, Deserialize, Serialize, Default)]
#[serde(default)]
struct Partition {
    mountpoint: String,
    size: u64,
}

impl Disk {
    fn ours(&self) -> generate::Disk {
        let partitions = self.partitions.iter().map(|part| generate::Partition {
            mountpoint: part.mountpoint.clone(),
            size: part.size,
        });
        generate::Disk {
            device: self.device.clone(),
            partitions: partitions.collect(),
        }
    }
}

/// All lines with the version of the machinery that the oracle of each is built on.
pub const LINES: [(Line, &str); 4] = [
    (Line::V1_11, "1.11.6"),
    (Line::V1_12, "1.12.6"),
    (Line::V1_13, "1.13.9"),
    (Line::V1_14, "1.14.1"),
];

/// The lines to be tried: all, or the one that `TALOS_STACK_LINE` names as 1.14.
pub fn lines() -> impl Iterator<Item = Line> {
    let only = std::env::var("TALOS_STACK_LINE").ok();
    let wanted = move |line: &Line| {
        only.as_ref()
            .is_none_or(|o| line.to_string() == format!("v{o}"))
    };
    Line::ALL.into_iter().filter(wanted)
}

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// The vectors of a line as text, one JSON object a line.
pub fn text(line: Line) -> String {
    let name = format!("talos-1.{}.jsonl.gz", line.minor());
    let file = std::fs::File::open(folder().join(name)).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text
}

pub fn vectors(line: Line) -> Vec<Answer> {
    let text = text(line);
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

/// The bundle of all vectors.
pub fn bundle() -> &'static Bundle {
    static BUNDLE: OnceLock<Bundle> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let text = std::fs::read_to_string(folder().join("secrets.yaml")).unwrap();
        Bundle::from_yaml(&text).unwrap_or_else(|e| panic!("{e}"))
    })
}

/// What we say: the text, or why not.
pub fn ours(question: &Answer, line: Line) -> Result<String, String> {
    match question.op.as_str() {
        "generate" => ours_generated(question.generate.as_ref().unwrap(), line),
        "load" => Config::load(&question.config, line)
            .map(|c| c.emit())
            .map_err(|e| e.to_string()),
        "patch" => ours_patched(question, line),
        "bundle" => ours_bundle(&question.config),
        "adopt" => ours_adopted(&question.config, line),
        "schematic" => ours_schematic(&question.config),
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

fn ours_schematic(text: &str) -> Result<String, String> {
    let schematic = Schematic::from_yaml(text).map_err(|e| e.to_string())?;
    Ok(format!("{}\n{}", schematic.id(), schematic.canonical()))
}

fn ours_adopted(text: &str, line: Line) -> Result<String, String> {
    let config = Config::load(text, line).map_err(|e| e.to_string())?;
    let bundle = Bundle::from_config(&config).map_err(|e| e.to_string())?;
    Ok(bundle.to_yaml().expose().to_owned())
}

fn ours_patched(question: &Answer, line: Line) -> Result<String, String> {
    let mut config = Config::load(&question.config, line).map_err(|e| e.to_string())?;
    let patches = Patch::load_all(&question.patches, line).map_err(|e| e.to_string())?;
    config.apply_patches(&patches).map_err(|e| e.to_string())?;
    Ok(config.emit())
}

fn ours_generated(from: &Generate, line: Line) -> Result<String, String> {
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
        bundle(),
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
    input.kube_prism_port = from.kube_prism_port;
    input.persist = from.persist.unwrap_or(true);
    input.debug = from.debug;
    input.kube_span = from.kube_span;
    input.custom_cni.clone_from(&from.custom_cni);
    input.registry_authorities.clone_from(&from.registry_cas);
    input.insecure_registries = from.insecure_registries.iter().cloned().collect();
    input.disks = from.disks.iter().map(Disk::ours).collect();
    generate_on(&input, line)
        .map(|c| c.emit())
        .map_err(|e| e.to_string())
}

/// How our answer differs from the official one, if it does.
pub fn difference(official: &Answer, line: Line) -> Option<String> {
    if official.op == "validate" {
        return verdict_difference(official, line);
    }
    // Up to 1.13 Talos writes an empty document where one that is not there was to be deleted; we refuse that.
    let deletes = official
        .patches
        .iter()
        .any(|patch| patch.contains("$patch"));
    let corrupted = line < Line::V1_14
        && deletes
        && official
            .output
            .split("---\n")
            .any(|document| document == "{}\n");
    let refused = !official.error.is_empty() || corrupted;
    match (ours(official, line), refused) {
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
fn verdict_difference(official: &Answer, line: Line) -> Option<String> {
    let config = match Config::load(&official.config, line) {
        Ok(config) => config,
        Err(_) if !official.error.is_empty() => return None,
        Err(error) => return Some(format!("{}: we refuse: {error}", official.name)),
    };
    if official.panicked {
        let modes = [Mode::Metal, Mode::Cloud, Mode::Container];
        let valid = |mode: &Mode| validate(&config, *mode).is_valid();
        return modes.iter().any(valid).then(|| {
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
