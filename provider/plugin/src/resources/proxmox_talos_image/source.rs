//! Where an image comes from, and what follows from that. Pure.

use framework::prelude::*;

use super::model::{ImageFactorySource, TalosImage};
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};

/// A source that is wholly known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An address; `true` where it is of the Image Factory.
    Url(String, bool),
    /// A path.
    File(String),
}

/// What can be said of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Everything.
    Source(Source),
    /// A part is not known yet.
    Unknown,
    /// A part stands in for the output of an earlier stage.
    Placeholder(&'static str),
}

/// The source of an image. `factory_url` is none where the provider's factory is not known.
pub fn source(model: &TalosImage, factory_url: Option<&str>) -> Known {
    if model.factory.is_unknown() || model.url.is_unknown() || model.file.is_unknown() {
        return Known::Unknown;
    }
    let source = if let Some(factory) = model.factory.get() {
        from_factory(factory, factory_url)
    } else if let Some(url) = model.url.as_str() {
        match is_placeholder_host(url) {
            true => Known::Placeholder("url"),
            false => Known::Source(Source::Url(url.to_owned(), false)),
        }
    } else {
        match model.file.as_str() {
            Some(path) if is_placeholder_text(path) => Known::Placeholder("file"),
            path => Known::Source(Source::File(path.unwrap_or_default().to_owned())),
        }
    };
    match placeholder(model) {
        Some(attribute) if !matches!(source, Known::Placeholder(_)) => {
            Known::Placeholder(attribute)
        }
        _ => source,
    }
}

/// What stands in for something beside the source itself.
fn placeholder(model: &TalosImage) -> Option<&'static str> {
    let stands_in = |field: &Field<String>| field.as_str().is_some_and(is_placeholder_text);
    // A name that follows from a real source may begin with anything.
    let chosen = model.file_name.as_str() != file_name(model).as_deref();
    let checksum = model.checksum.get();
    if stands_in(&model.storage) {
        Some("storage")
    } else if chosen && stands_in(&model.file_name) {
        Some("file_name")
    } else if checksum.is_some_and(|checksum| stands_in(&checksum.value)) {
        Some("checksum.value")
    } else {
        None
    }
}

fn from_factory(factory: &ImageFactorySource, factory_url: Option<&str>) -> Known {
    let fields = [
        &factory.schematic_id,
        &factory.talos_version,
        &factory.platform,
        &factory.architecture,
        &factory.format,
    ];
    if fields.iter().any(|field| field.is_unknown()) {
        return Known::Unknown;
    }
    for (field, name) in [
        (&factory.schematic_id, "factory.schematic_id"),
        (&factory.talos_version, "factory.talos_version"),
    ] {
        if is_placeholder_text(field.text()) {
            return Known::Placeholder(name);
        }
    }
    let Some(base) = factory_url else {
        return Known::Unknown;
    };
    let [schematic, version, platform, architecture, format] = fields.map(Field::text);
    let version = version.trim_start_matches('v');
    Known::Source(Source::Url(
        format!("{base}/image/{schematic}/v{version}/{platform}-{architecture}.{format}"),
        true,
    ))
}

/// The name that the file gets; none while something that it follows from is unknown.
pub fn file_name(model: &TalosImage) -> Option<String> {
    if let Some(factory) = model.factory.get() {
        let id = factory.schematic_id.as_str()?;
        let short = &id[..id.len().min(12)];
        let version = factory.talos_version.as_str()?.trim_start_matches('v');
        let (platform, architecture) = (factory.platform.as_str()?, factory.architecture.as_str()?);
        let format = factory.format.as_str()?;
        return Some(format!(
            "talos-v{version}-{platform}-{architecture}-{short}.{format}"
        ));
    }
    let path = match (&model.url, &model.file) {
        (Field::Known(url), _) => url.split(['?', '#']).next().unwrap_or_default(),
        (_, Field::Known(file)) => file.as_str(),
        _ => return None,
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') {
            c
        } else {
            '_'
        }
    };
    Some(last.chars().map(safe).collect())
}

/// The kind of content that a file of this name is; none where Proxmox VE takes no such file.
pub fn content(file_name: &str) -> Option<&'static str> {
    match file_name.rsplit_once('.')?.1 {
        "iso" | "img" => Some("iso"),
        "qcow2" | "raw" | "vmdk" => Some("import"),
        _ => None,
    }
}
