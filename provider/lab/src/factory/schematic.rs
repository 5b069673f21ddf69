//! Schematics and their ids: SHA-256 of a canonical text (reference: `pkg/schematic` of
//! siderolabs/image-factory).

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// What may be asked of a schematic. Unknown fields are refused, as the factory refuses them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Schematic {
    #[serde(default)]
    owner: String,
    #[serde(default)]
    overlay: Overlay,
    #[serde(default)]
    customization: Customization,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Overlay {
    #[serde(default)]
    image: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    options: Map<String, Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Customization {
    #[serde(default)]
    embedded_machine_configuration: String,
    #[serde(default)]
    extra_kernel_args: Vec<String>,
    #[serde(default)]
    meta: Vec<Meta>,
    #[serde(default)]
    system_extensions: Extensions,
    #[serde(default)]
    bootloader: String,
    #[serde(default)]
    secureboot: SecureBoot,
    #[serde(default)]
    disk_image: DiskImage,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    key: u8,
    value: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Extensions {
    #[serde(default)]
    official_extensions: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SecureBoot {
    #[serde(default)]
    enroll_keys: String,
    #[serde(default)]
    include_well_known_certificates: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DiskImage {
    #[serde(default)]
    sector_size: u32,
}

impl Schematic {
    /// Reads a schematic, YAML or JSON.
    ///
    /// # Errors
    /// It is none, or has a field that nobody knows.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    /// The official extensions that it asks for.
    pub(super) fn extensions(&self) -> &[String] {
        &self.customization.system_extensions.official_extensions
    }

    /// Lower-case hexadecimal SHA-256 of the canonical text.
    pub(super) fn id(&self) -> String {
        let digest = Sha256::digest(self.canonical());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The text that the factory keeps: fixed order, four spaces, nothing that is empty.
    pub(super) fn canonical(&self) -> String {
        let mut text = Text::default();
        if !self.owner.is_empty() {
            text.pair(0, "owner", &self.owner);
        }
        if self.overlay != Overlay::default() {
            text.line(0, "overlay:");
            text.pair(1, "image", &self.overlay.image);
            text.pair(1, "name", &self.overlay.name);
            if !self.overlay.options.is_empty() {
                text.line(1, "options:");
                text.map(2, &self.overlay.options);
            }
        }
        let mut inner = Text::default();
        self.customization.write(&mut inner);
        match inner.0.is_empty() {
            true => text.line(0, "customization: {}"),
            false => {
                text.line(0, "customization:");
                text.0.push_str(&inner.0);
            }
        }
        text.0
    }
}

impl Customization {
    fn write(&self, text: &mut Text) {
        if !self.embedded_machine_configuration.is_empty() {
            text.pair(
                1,
                "embeddedMachineConfiguration",
                &self.embedded_machine_configuration,
            );
        }
        text.list(1, "extraKernelArgs", &self.extra_kernel_args);
        if !self.meta.is_empty() {
            text.line(1, "meta:");
            for meta in &self.meta {
                text.line(2, &format!("- key: {}", meta.key));
                text.line(2, &format!("  value: {}", scalar(&meta.value, 3)));
            }
        }
        let extensions = &self.system_extensions.official_extensions;
        if !extensions.is_empty() {
            text.line(1, "systemExtensions:");
            text.list(2, "officialExtensions", extensions);
        }
        if !["", "none", "auto"].contains(&self.bootloader.as_str()) {
            text.pair(1, "bootloader", &self.bootloader);
        }
        let secure = &self.secureboot;
        if !secure.enroll_keys.is_empty() || secure.include_well_known_certificates {
            text.line(1, "secureboot:");
            if !secure.enroll_keys.is_empty() {
                text.pair(2, "enrollKeys", &secure.enroll_keys);
            }
            if secure.include_well_known_certificates {
                text.line(2, "includeWellKnownCertificates: true");
            }
        }
        if self.disk_image.sector_size != 0 {
            text.line(1, "diskImage:");
            text.line(2, &format!("sectorSize: {}", self.disk_image.sector_size));
        }
    }
}

/// YAML as go-yaml writes it.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, depth: usize, line: &str) {
        self.0.push_str(&"    ".repeat(depth));
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn pair(&mut self, depth: usize, name: &str, value: &str) {
        let value = scalar(value, depth + 1);
        self.line(depth, &format!("{name}: {value}"));
    }

    fn list(&mut self, depth: usize, name: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.line(depth, &format!("{name}:"));
        for item in items {
            let item = scalar(item, depth + 2);
            self.line(depth + 1, &format!("- {item}"));
        }
    }

    fn map(&mut self, depth: usize, members: &Map<String, Value>) {
        let mut names: Vec<&String> = members.keys().collect();
        names.sort();
        for name in names {
            match &members[name] {
                Value::Object(inner) if !inner.is_empty() => {
                    self.line(depth, &format!("{}:", scalar(name, depth)));
                    self.map(depth + 1, inner);
                }
                Value::String(text) => self.pair(depth, &scalar(name, depth), text),
                other => self.line(depth, &format!("{}: {other}", scalar(name, depth))),
            }
        }
    }
}

/// A text as go-yaml writes it at a depth: plain where it can be, quoted where it would be read as
/// something else, in lines of its own where it has several.
fn scalar(text: &str, depth: usize) -> String {
    if text.contains('\n') {
        let chomp = if text.ends_with('\n') { "|" } else { "|-" };
        let indent = "    ".repeat(depth);
        let lines = text.trim_end_matches('\n').lines().map(|line| match line {
            "" => String::new(),
            line => format!("{indent}{line}"),
        });
        return format!("{chomp}\n{}", lines.collect::<Vec<_>>().join("\n"));
    }
    if text.is_empty() || means_something_else(text) {
        return format!("\"{text}\"");
    }
    match plain(text) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

/// Whether YAML 1.1 or 1.2 would read no text.
fn means_something_else(text: &str) -> bool {
    let words = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".nan", ".inf", "-.inf",
        "+.inf", "<<", "=",
    ];
    let number = text.trim_start_matches(['+', '-']).replace('_', "");
    let based = ["0x", "0o", "0b"].iter().any(|base| {
        number.strip_prefix(base).is_some_and(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    });
    let decimal = number.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && number.parse::<f64>().is_ok();
    words.contains(&text.to_ascii_lowercase().as_str()) || based || decimal
}

/// Whether a text can stand without quotes.
fn plain(text: &str) -> bool {
    let first = text.chars().next().unwrap_or(' ');
    let indicator = ",[]{}#&*!|>'\"%@`".contains(first);
    let dash = "-?:".contains(first) && text.chars().nth(1).is_none_or(|second| second == ' ');
    let inside = text.contains(": ") || text.contains(" #") || text.ends_with(':');
    let edges = text.starts_with(' ')
        || text.ends_with(' ')
        || text.starts_with("---")
        || text.starts_with("...");
    !(indicator || dash || inside || edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> String {
        Schematic::read(text).unwrap().id()
    }

    /// Computed by the factory's own code.
    #[test]
    fn ids_are_those_of_the_factory() {
        let known = [
            (
                "",
                "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba",
            ),
            (
                "customization: { extraKernelArgs: [noapic, nolapic] }",
                "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c",
            ),
            (
                "customization: { meta: [{ key: 10, value: foo }] }",
                "d308a2a5ee2277bed5fbaa104fcbc8d59122abfa737df987a95b4ca763459a7f",
            ),
            (
                "customization: { secureboot: { includeWellKnownCertificates: true } }",
                "fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6",
            ),
            (
                "customization: { diskImage: { sectorSize: 4096 } }",
                "92833e9ddd9bb9e11b2464fa5525429f01866306d52ebd882ee08d7918f6d1ea",
            ),
            (
                "overlay: { image: siderolabs/sbc-raspberrypi, name: rpi_generic }",
                "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9",
            ),
            (
                "customization: { systemExtensions: { officialExtensions: [siderolabs/qemu-guest-agent] } }",
                "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515",
            ),
        ];
        for (text, wanted) in known {
            assert_eq!(id(text), wanted, "{text}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused() {
        assert!(Schematic::read("customisation: {}").is_err());
    }

    #[test]
    fn what_would_be_read_otherwise_is_quoted() {
        assert_eq!(scalar("net.ifnames=0", 1), "net.ifnames=0");
        assert_eq!(scalar("-selinux", 1), "-selinux");
        assert_eq!(scalar("on", 1), "\"on\"");
        assert_eq!(scalar("0x10", 1), "\"0x10\"");
        assert_eq!(scalar("1.5", 1), "\"1.5\"");
        assert_eq!(scalar("a: b", 1), "'a: b'");
        assert_eq!(scalar("a\nb\n", 2), "|\n        a\n        b");
    }
}
