//! Looks for secrets in texts, in every form in which they travel.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Members that hold no secret although their parents do.
const PUBLIC: [&str; 7] = [
    "cert",
    "id",
    "ca_certificate",
    "client_certificate",
    "host",
    "ca",
    "crt",
];
/// Shorter texts are words, not secrets.
const SHORTEST: usize = 12;
/// How base64 of gzip begins.
const PACKED: &str = "H4sI";

/// All secrets of a run.
pub struct Scanner {
    /// Name and the forms that give it away.
    secrets: Vec<(String, BTreeSet<String>)>,
}

impl Scanner {
    /// Looks for these, each with a name.
    pub fn new(secrets: impl IntoIterator<Item = (String, String)>) -> Self {
        let secrets = secrets.into_iter();
        Self {
            secrets: secrets.map(|(name, text)| (name, forms(&text))).collect(),
        }
    }

    /// How many secrets it knows.
    pub fn count(&self) -> usize {
        self.secrets.len()
    }

    /// Names of the secrets that `text` gives away.
    pub fn find(&self, text: &str) -> Vec<&str> {
        let mut texts = vec![
            text.to_owned(),
            text.replace("\\n", "\n").replace("\\\"", "\""),
        ];
        texts.extend(unpacked(text));
        // Core wraps lines.
        texts.push(
            text.chars()
                .filter(|sign| !sign.is_whitespace() && *sign != '│')
                .collect(),
        );
        let shown = |forms: &BTreeSet<String>| {
            forms
                .iter()
                .any(|form| texts.iter().any(|text| text.contains(form)))
        };
        self.secrets
            .iter()
            .filter(|(_, forms)| shown(forms))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Finds each of its secrets where it is planted: plain, decoded, encoded, packed, wrapped.
    pub fn proves_itself(&self) {
        assert!(
            self.secrets.len() >= 12,
            "{} secrets are too few",
            self.secrets.len()
        );
        assert!(self.find("a text with nothing in it").is_empty());
        for (name, forms) in &self.secrets {
            for form in forms {
                let wrapped: String = form.chars().flat_map(|sign| [sign, '\n']).collect();
                for text in [
                    format!("x{form}y"),
                    format!("gzip: {}", pack(&format!("a: {form}\n"))),
                    wrapped,
                ] {
                    assert!(
                        self.find(&text).contains(&name.as_str()),
                        "{name} is not found in {text}"
                    );
                }
            }
        }
    }
}

/// Everything secret in the objects of a state file.
pub fn secrets_in(state: &Value) -> Vec<(String, String)> {
    let wholes = [
        ("talos_secrets", "machine_secrets", "secrets_yaml"),
        ("talos_secrets", "client_configuration", ""),
        (
            "talos_kubeconfig",
            "kubernetes_client_configuration",
            "kubeconfig",
        ),
    ];
    let mut all = Vec::new();
    for (kind, name, whole) in wholes {
        let Some(attributes) = attributes(state, kind) else {
            continue;
        };
        let mut found = Vec::new();
        leaves(name, &attributes[name], &mut found);
        // The whole texts hold nothing else, which is checked here.
        if let Some(whole) = attributes[whole].as_str() {
            let held = found.iter().any(|(_, secret)| whole.contains(secret));
            assert!(held, "{found:?}");
        }
        all.extend(found);
    }
    all
}

/// Attributes of the only object of a type in a state file.
pub fn attributes(state: &Value, kind: &str) -> Option<Value> {
    let resources = state["resources"].as_array()?;
    let found = resources
        .iter()
        .find(|each| each["type"] == kind && each["mode"] == "managed")?;
    Some(found["instances"][0]["attributes"].clone())
}

fn leaves(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if text.len() >= SHORTEST => {
            found.push((name.to_owned(), text.clone()))
        }
        Value::Object(members) => {
            for (member, value) in members
                .iter()
                .filter(|(member, _)| !PUBLIC.contains(&member.as_str()))
            {
                leaves(&format!("{name}.{member}"), value, found);
            }
        }
        _ => {}
    }
}

/// As it is, base64 of it, and what is in it where it is base64 of PEM.
fn forms(text: &str) -> BTreeSet<String> {
    let mut forms: BTreeSet<String> = [text.to_owned(), STANDARD.encode(text)].into();
    let decoded = STANDARD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some(pem) = decoded.filter(|text| text.contains("-----BEGIN")) {
        let body: Vec<&str> = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        forms.extend(
            body.iter()
                .filter(|line| line.len() >= SHORTEST)
                .map(|line| (*line).to_owned()),
        );
        forms.insert(body.concat());
    }
    forms
}

fn pack(text: &str) -> String {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    STANDARD.encode(encoder.finish().unwrap())
}

/// What is packed in a text.
fn unpacked(text: &str) -> Vec<String> {
    let packed = text.match_indices(PACKED).filter_map(|(start, _)| {
        let is_base64 = |sign: &char| sign.is_ascii_alphanumeric() || "+/=".contains(*sign);
        let encoded: String = text[start..].chars().take_while(is_base64).collect();
        let bytes = STANDARD.decode(&encoded[..encoded.len() / 4 * 4]).ok()?;
        let mut unpacked = Vec::new();
        // Whatever comes out before it is damaged counts.
        let _ = flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked);
        Some(String::from_utf8_lossy(&unpacked).into_owned())
    });
    packed.collect()
}
