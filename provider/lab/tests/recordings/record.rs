//! One recorded exchange.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// What was asked and what came back.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    pub id: String,
    pub about: String,
    #[serde(default)]
    pub precondition: String,
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub params: Value,
    pub status: u16,
    pub reason: String,
    #[serde(default)]
    pub body: Value,
    #[serde(default)]
    pub task: Option<Task>,
}

/// How a worker ended.
#[derive(Debug, Clone, Deserialize)]
pub struct Task {
    pub status: Value,
}

/// Reads recordings.
pub fn read(path: &Path) -> Vec<Record> {
    let file = std::fs::File::open(path).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Parts of the API that a client for Talos VMs has no use for.
const OTHER: [&str; 16] = [
    "/access/password",
    "/certificates",
    "/cluster/config",
    "/dns",
    "/subscription",
    "/monitor",
    "/sendkey",
    "/rrddata",
    "/snapshot",
    "/nothing",
    "/nope",
    "/cloudinit",
    "/unlink",
    "/access/ticket",
    "/pve1/network/",
    "/status/suspend",
];

impl Record {
    /// Whether a client for Talos VMs uses this method of this path.
    pub fn is_client(&self) -> bool {
        let defines = self.path.starts_with("/storage") && self.method != "GET";
        let index = ["/", "/cluster", "/nodes/pve1"].contains(&self.path.as_str());
        let index = index || self.path.ends_with("/qemu/120") && self.method == "GET";
        let odd = self.method == "PATCH" || self.about.starts_with("wrong method");
        let host = self.path.ends_with("/pve1/status") && self.method == "POST";
        let other = OTHER.iter().any(|part| self.path.contains(part));
        !(defines || index || odd || host || other)
    }

    /// Why a difference stays, as far as it is known.
    pub fn reason_to_differ(&self, difference: &str) -> &'static str {
        match difference {
            _ if difference.contains(" cpulimit ") || difference.contains(" cpuunits ") => {
                "the recorded host had no control groups to set; elsewhere they change at once"
            }
            _ if difference.contains("/var/var/tmp") => {
                "the recorded host's folder was set up oddly"
            }
            _ if difference.contains("501 Method") => {
                "not served: no client of Talos VMs asks for it"
            }
            _ => "unexplained",
        }
    }

    /// Parameters as pairs, in the order of the recording.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let scalar = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match &self.params {
            Value::Object(map) if !map.contains_key("fields") => map
                .iter()
                .map(|(name, value)| (name.clone(), scalar(value)))
                .collect(),
            Value::Array(pairs) => pairs
                .iter()
                .map(|pair| (scalar(&pair[0]), scalar(&pair[1])))
                .collect(),
            _ => Vec::new(),
        }
    }
}
