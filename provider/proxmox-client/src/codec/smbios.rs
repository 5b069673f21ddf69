//! What the firmware tells the guest about itself. Values are kept in base64: nothing else may hold spaces or `;`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::format::{Malformed, Properties};
use super::formats::format_of;

const FIELDS: [&str; 6] = [
    "family",
    "manufacturer",
    "product",
    "serial",
    "sku",
    "version",
];
/// Longest value that Proxmox VE takes for the whole string.
const LONGEST: usize = 512;

/// UUID and texts by name, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Smbios {
    /// Identity of the machine.
    pub uuid: Option<String>,
    /// `family`, `manufacturer`, `product`, `serial`, `sku`, `version`.
    pub texts: BTreeMap<String, String>,
}

impl Smbios {
    /// Reads `smbios1`.
    ///
    /// # Errors
    /// The key that cannot be read.
    pub fn parse(text: &str) -> Result<Smbios, Malformed> {
        let Some(format) = format_of("smbios1") else {
            return Ok(Smbios::default());
        };
        let read = format.parse(text)?;
        let encoded = read.is_on("base64");
        let mut texts = BTreeMap::new();
        for field in FIELDS {
            let Some(value) = read.get(field) else {
                continue;
            };
            let value = if encoded {
                decoded(field, value)?
            } else {
                value.to_owned()
            };
            texts.insert(field.to_owned(), value);
        }
        Ok(Smbios {
            uuid: read.get("uuid").map(str::to_lowercase),
            texts,
        })
    }

    /// Writes `smbios1`.
    ///
    /// # Errors
    /// Where it is longer than Proxmox VE takes.
    pub fn print(&self) -> Result<String, Malformed> {
        let mut properties = Properties::new().with_some("uuid", self.uuid.as_deref());
        let texts = self.texts.iter().filter(|(_, text)| !text.is_empty());
        for (field, text) in texts {
            properties.set(field, STANDARD.encode(text));
            properties.set("base64", 1);
        }
        let text = format_of("smbios1")
            .map(|format| format.print(&properties))
            .unwrap_or_default();
        if text.len() > LONGEST {
            return Err(Malformed {
                key: "smbios1".to_owned(),
                reason: format!(
                    "all texts together have {} characters in base64, and {LONGEST} are allowed",
                    text.len()
                ),
            });
        }
        Ok(text)
    }
}

fn decoded(field: &str, value: &str) -> Result<String, Malformed> {
    let bytes = STANDARD.decode(value).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Malformed {
            key: field.to_owned(),
            reason: "it is not text in base64".to_owned(),
        })
}
