//! The tables `formats.txt` and `paths.txt`, read once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::Regex;

const FORMATS: &str = include_str!("formats.txt");
const PATHS: &str = include_str!("paths.txt");

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    /// Repeated strings.
    List,
    /// Another name of another property.
    Alias,
}

/// One parameter, or one key of a property string.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub(crate) name: String,
    /// First and last number of `net[0..31]`.
    pub(crate) index: Option<(u32, u32)>,
    pub(crate) bare: bool,
    pub(crate) optional: bool,
    pub(crate) kind: Kind,
    pub(crate) format: Option<String>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) shortest: Option<usize>,
    pub(crate) longest: Option<usize>,
    pub(crate) requires: Option<String>,
    pub(crate) one: Vec<String>,
    pub(crate) pattern: Option<Regex>,
    pub(crate) alias: Option<String>,
    /// The property whose value is this alias's name (`virtio=MAC`).
    pub(crate) key_alias: Option<String>,
}

/// Who may call a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Guard {
    World,
    AnyUser,
    /// Decided by the handler.
    Code,
    /// ACL path, privileges, and whether all of them are needed.
    Privileges(String, Vec<String>, bool),
}

/// One method of one path.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) guard: Guard,
    pub(crate) properties: Vec<Property>,
}

/// Everything the lab knows about parameters.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) formats: BTreeMap<String, Vec<Property>>,
    pub(crate) options: Vec<Property>,
    pub(crate) methods: Vec<Method>,
}

impl Schema {
    /// The rule of a VM option such as `net0`.
    pub(crate) fn option(&self, name: &str) -> Option<&Property> {
        find(&self.options, name)
    }
}

/// The property that a name such as `scsi3` belongs to.
pub(crate) fn find<'a>(properties: &'a [Property], name: &str) -> Option<&'a Property> {
    let exact = properties
        .iter()
        .find(|property| property.index.is_none() && property.name == name);
    exact.or_else(|| {
        let (base, number) = split_index(name)?;
        properties.iter().find(|property| {
            property.name == base
                && property
                    .index
                    .is_some_and(|(first, last)| (first..=last).contains(&number))
        })
    })
}

/// `scsi12` as `scsi` and 12.
pub(crate) fn split_index(name: &str) -> Option<(&str, u32)> {
    let base = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = &name[base.len()..];
    let padded = digits.len() > 1 && digits.starts_with('0');
    (!padded && !base.is_empty()).then_some(())?;
    Some((base, digits.parse().ok()?))
}

/// The tables, parsed at first use.
pub(crate) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let blocks = blocks(FORMATS);
        let groups: BTreeMap<String, Vec<String>> = blocks
            .iter()
            .filter_map(|(head, lines)| Some((head.strip_prefix("group ")?.into(), lines.clone())))
            .collect();
        let formats = blocks
            .iter()
            .filter_map(|(head, lines)| {
                Some((
                    head.strip_prefix("format ")?.into(),
                    properties(lines, &groups),
                ))
            })
            .collect();
        let options = groups
            .get("vm-config")
            .map(|lines| properties(lines, &groups))
            .unwrap_or_default();
        let methods = self::blocks(PATHS)
            .iter()
            .filter_map(|(head, lines)| method(head, properties(lines, &groups)))
            .collect();
        Schema {
            formats,
            options,
            methods,
        }
    })
}

/// Head lines with the indented lines below each.
fn blocks(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match (line.strip_prefix("  "), found.last_mut()) {
            (Some(entry), Some((_, lines))) => lines.push(entry.to_owned()),
            _ if !line.is_empty() => found.push((line.to_owned(), Vec::new())),
            _ => {}
        }
    }
    found
}

fn properties(lines: &[String], groups: &BTreeMap<String, Vec<String>>) -> Vec<Property> {
    let included = lines.iter().flat_map(|line| {
        let group = line
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'));
        match group.and_then(|name| groups.get(name)) {
            Some(lines) => lines.clone(),
            None => vec![line.clone()],
        }
    });
    included.filter_map(|line| property(&line)).collect()
}

fn method(head: &str, mut properties: Vec<Property>) -> Option<Method> {
    let mut words = head.split(' ');
    let (verb, path) = (words.next()?, words.next()?);
    let guard = match (words.next(), words.next()) {
        (Some("world"), _) => Guard::World,
        (Some("code"), _) => Guard::Code,
        (Some(place), Some(list)) => {
            let names = list.split(['|', '&']).map(str::to_owned).collect();
            Guard::Privileges(place.to_owned(), names, list.contains('&'))
        }
        _ => Guard::AnyUser,
    };
    for name in path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    {
        if find(&properties, name).is_none() {
            properties.extend(property(path_parameter(name)));
        }
    }
    Some(Method {
        verb: verb.to_owned(),
        path: path.to_owned(),
        guard,
        properties,
    })
}

/// Rules of the parameters that stand in paths.
fn path_parameter(name: &str) -> &'static str {
    match name {
        "vmid" => "vmid integer:pve-vmid 100..999999999",
        "storage" => "storage string:pve-storage-id",
        "snapname" => "snapname string:pve-configid len(..40)",
        "upid" => "upid string",
        "volume" => "volume string",
        _ => "node string:pve-node",
    }
}

/// One line of a table; see the head of `formats.txt`.
fn property(line: &str) -> Option<Property> {
    let (line, pattern) = match line.split_once(" ~ ") {
        Some((line, pattern)) => (line, Regex::new(&format!("^(?:{pattern})$")).ok()),
        None => (line, None),
    };
    let mut words = line.split(' ');
    let mut name = words.next()?;
    let optional = name.ends_with('?');
    name = name.trim_end_matches('?');
    let bare = name.ends_with('*');
    name = name.trim_end_matches('*');
    let mut index = None;
    if let Some((base, range)) = name.split_once('[') {
        index = pair(range.trim_end_matches(']'));
        name = base;
    }
    let kind = words.next()?;
    let (kind, format) = match kind.split_once(':') {
        Some((kind, format)) => (kind, Some(format.trim_start_matches('@').to_owned())),
        None => (kind, None),
    };
    let mut property = Property {
        name: name.to_owned(),
        index,
        bare,
        optional,
        kind: match kind {
            "integer" => Kind::Integer,
            "number" => Kind::Number,
            "boolean" => Kind::Boolean,
            "list" => Kind::List,
            _ if kind.starts_with('=') => Kind::Alias,
            _ => Kind::String,
        },
        format,
        minimum: None,
        maximum: None,
        shortest: None,
        longest: None,
        requires: None,
        one: Vec::new(),
        pattern,
        alias: kind.strip_prefix('=').map(str::to_owned),
        key_alias: None,
    };
    for word in words {
        limit(&mut property, word);
    }
    Some(property)
}

fn limit(property: &mut Property, word: &str) {
    let inside = |name: &str| {
        word.strip_prefix(name)?
            .strip_prefix('(')?
            .strip_suffix(')')
    };
    if let Some(range) = inside("len") {
        if let Some((first, last)) = range.split_once("..") {
            property.shortest = first.parse().ok();
            property.longest = last.parse().ok();
        }
    } else if let Some(values) = inside("one") {
        property.one = values.split('|').flat_map(numbered).collect();
    } else if let Some(other) = inside("requires") {
        property.requires = Some(other.to_owned());
    } else if let Some(key) = inside("key") {
        property.key_alias = Some(key.to_owned());
    } else if let Some((first, last)) = word.split_once("..") {
        property.minimum = first.parse().ok();
        property.maximum = last.parse().ok();
    }
}

/// `ide0..3` as ide0, ide1, ide2, ide3.
fn numbered(value: &str) -> Vec<String> {
    let range = value.split_once("..").and_then(|(first, last)| {
        let (base, from) = split_index(first)?;
        Some((base, from, last.parse::<u32>().ok()?))
    });
    match range {
        Some((base, from, to)) => (from..=to)
            .map(|number| format!("{base}{number}"))
            .collect(),
        None => vec![value.to_owned()],
    }
}

fn pair(range: &str) -> Option<(u32, u32)> {
    let (first, last) = range.split_once("..")?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_understood() {
        for text in [FORMATS, PATHS] {
            for line in text.lines().filter_map(|line| line.strip_prefix("  ")) {
                let read = line.starts_with('<') || property(line).is_some();
                assert!(read, "{line}");
                let patterned = line.contains(" ~ ");
                assert!(
                    !patterned || property(line).unwrap().pattern.is_some(),
                    "{line}"
                );
            }
        }
        assert!(schema().methods.len() > 80);
    }

    #[test]
    fn a_slot_has_bounds() {
        assert!(schema().option("scsi30").is_some());
        assert!(schema().option("scsi31").is_none());
        assert!(schema().option("scsi01").is_none());
        assert!(schema().option("rng0").is_some());
    }

    #[test]
    fn formats_that_are_named_exist() {
        let lists = schema().methods.iter().map(|method| &method.properties);
        for property in lists.chain([&schema().options]).flatten() {
            if let Some(name) = property
                .format
                .as_deref()
                .filter(|name| name.starts_with("pve-qm"))
            {
                let known = schema().formats.contains_key(name)
                    || ["pve-qm-bootdisk", "pve-qm-ide"].contains(&name);
                assert!(known, "{name}");
            }
        }
    }
}
