//! The text form of the tables, one item a line:
//!
//! ```text
//! doc KIND STRUCT [named] [conflicts=KIND,…] [claims=PATH]
//! struct NAME [whole] [zero=FIELD,…]
//!   FIELD TYPE [always] [replace] [by=KEY] [secret] [trim] [keep]
//! enum NAME zero=TEXT VALUE… [N>VALUE] [N..M] [anycase]
//! rule NAME
//! ```
//!
//! A type is a scalar's name, a struct, an enumeration, `*T`, `[]T` or `map:T`.

use std::collections::HashMap;

use super::secret;
use super::types::{EnumType, Field, Kind, ListKey, Rules, StructType, Tables, Type};

/// Reads a table; the error names the line that it stumbled on.
pub(super) fn read(text: &str) -> Result<Tables, String> {
    let names = Names::collect(text);
    let mut tables = Tables::default();
    for (number, line) in text.lines().enumerate() {
        add(&mut tables, &names, line).ok_or_else(|| format!("line {}: {line}", number + 1))?;
    }
    tables.by_kind = tables
        .kinds
        .iter()
        .enumerate()
        .map(|(i, k)| (k.name.clone(), i))
        .collect();
    Ok(tables)
}

/// Where each struct and enumeration will be, because types refer to later ones.
struct Names<'a> {
    structs: HashMap<&'a str, usize>,
    enums: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    fn collect(text: &'a str) -> Self {
        let of = |what: &str| {
            let lines = text.lines().filter_map(|l| l.strip_prefix(what));
            lines
                .enumerate()
                .filter_map(|(i, l)| Some((l.split(' ').next()?, i)))
                .collect()
        };
        Self {
            structs: of("struct "),
            enums: of("enum "),
        }
    }
}

fn add(tables: &mut Tables, names: &Names<'_>, line: &str) -> Option<()> {
    let field = line.starts_with("  ");
    let mut words = line.split_whitespace();
    let first = words.next()?;
    if field {
        let owner = tables.structs.last_mut()?;
        let field = read_field(names, &owner.name, first, words)?;
        owner.fields.push(field);
        return Some(());
    }
    let name = words.next()?.to_owned();
    if first == "rule" {
        return set_rule(&mut tables.rules, &name);
    }
    let rest: Vec<&str> = words.collect();
    let option = |key: &str| {
        rest.iter()
            .find_map(|w| w.strip_prefix(key)?.strip_prefix('='))
    };
    let list =
        |key: &str| option(key).map_or(Vec::new(), |v| v.split(',').map(str::to_owned).collect());
    match first {
        "doc" => tables.kinds.push(Kind {
            name,
            body: *names.structs.get(rest.first()?)?,
            named: rest.contains(&"named"),
            conflicts: list("conflicts"),
            claims: option("claims").map_or(Vec::new(), |path| {
                path.split('.').map(str::to_owned).collect()
            }),
        }),
        "struct" => tables.structs.push(StructType {
            name,
            fields: Vec::new(),
            whole: rest.contains(&"whole"),
            zero_by: list("zero"),
        }),
        "enum" => tables.enums.push(read_enum(option("zero")?, &rest[1..])?),
        _ => return None,
    }
    Some(())
}

fn set_rule(rules: &mut Rules, name: &str) -> Option<()> {
    let rule = match name {
        "negative-sizes" => &mut rules.negative_sizes,
        "empty-behind-pointer-overwrites" => &mut rules.empty_behind_pointer_overwrites,
        "absent-deletion-is-ignored" => &mut rules.absent_deletion_is_ignored,
        "patches-repeat-documents" => &mut rules.patches_repeat_documents,
        "addresses-do-not-merge" => &mut rules.addresses_do_not_merge,
        "minus-zero-is-whole" => &mut rules.minus_zero_is_whole,
        "merge-keys-in-mappings" => &mut rules.merge_keys_in_mappings,
        "empty-mappings-are-empty-texts" => &mut rules.empty_mappings_are_empty_texts,
        "zero-durations" => &mut rules.zero_durations,
        "decimal-durations" => &mut rules.decimal_durations,
        "decimals-are-cut" => &mut rules.decimals_are_cut,
        "dates-are-texts" => &mut rules.dates_are_texts,
        "hosts-have-colons" => &mut rules.hosts_have_colons,
        "null-items" => &mut rules.null_items,
        "null-documents" => &mut rules.null_documents,
        _ => return None,
    };
    *rule = true;
    Some(())
}

fn read_field<'a>(
    names: &Names<'_>,
    owner: &str,
    name: &str,
    mut words: impl Iterator<Item = &'a str>,
) -> Option<Field> {
    let ty = read_type(names, words.next()?)?;
    let mut field = Field {
        name: name.to_owned(),
        ty,
        always: false,
        replace: false,
        key: None,
        secret: secret::is_extra(owner, name),
        trim: false,
        keep: false,
    };
    for word in words {
        match word {
            "always" => field.always = true,
            "replace" => field.replace = true,
            "secret" => field.secret = true,
            "trim" => field.trim = true,
            "keep" => field.keep = true,
            "by=interface|deviceSelector" => field.key = Some(ListKey::Device),
            "by=vlanId" => field.key = Some(ListKey::Key("vlanId")),
            "by=name" => field.key = Some(ListKey::Key("name")),
            "by=mountPath" => field.key = Some(ListKey::Key("mountPath")),
            "by=image" => field.key = Some(ListKey::Replace("image")),
            _ => return None,
        }
    }
    Some(field)
}

fn read_type(names: &Names<'_>, text: &str) -> Option<Type> {
    let boxed = |inner| read_type(names, inner).map(Box::new);
    if let Some(inner) = text.strip_prefix('*') {
        return boxed(inner).map(Type::Ptr);
    }
    if let Some(inner) = text.strip_prefix("[]") {
        return boxed(inner).map(Type::List);
    }
    if let Some(inner) = text.strip_prefix("map:") {
        return boxed(inner).map(Type::Map);
    }
    Some(match text {
        "string" => Type::Str,
        "bool" => Type::Bool,
        "int" | "int64" => Type::Int(i64::MIN.into(), i64::MAX.into()),
        "uint" | "uint64" => Type::Int(0, u64::MAX.into()),
        "int32" => Type::Int(i32::MIN.into(), i32::MAX.into()),
        "uint32" => Type::Int(0, u32::MAX.into()),
        "uint16" => Type::Int(0, u16::MAX.into()),
        "uint8" => Type::Int(0, u8::MAX.into()),
        "duration" => Type::Duration,
        "url" => Type::Url,
        "endpoint" => Type::Endpoint,
        "cel" => Type::Cel,
        "bytesize" => Type::ByteSize,
        "size" => Type::Size,
        "ip" => Type::Ip,
        "cidr" => Type::Cidr,
        "addrport" => Type::AddrPort,
        "portrange" => Type::PortRange,
        "hwaddr" => Type::HwAddr,
        "disksize" => Type::DiskSize,
        "filemode" => Type::FileMode,
        "disksizematch" => Type::DiskSizeMatch,
        "base64" => Type::Base64,
        "base64key" => Type::Base64Key,
        "any" => Type::Any,
        "args" => Type::Map(Box::new(Type::Arg)),
        name => names
            .structs
            .get(name)
            .map(|i| Type::Struct(*i))
            .or_else(|| names.enums.get(name).map(|i| Type::Enum(*i)))?,
    })
}

fn read_enum(zero: &str, words: &[&str]) -> Option<EnumType> {
    let mut result = EnumType {
        zero: zero.to_owned(),
        values: Vec::new(),
        aliases: Vec::new(),
        any_case: false,
    };
    for word in words {
        if *word == "anycase" {
            result.any_case = true;
        } else if let Some((from, to)) = word.split_once('>') {
            result.aliases.push((from.to_owned(), to.to_owned()));
        } else if let Some((first, last)) = word.split_once("..") {
            let range = first.parse::<u32>().ok()?..=last.parse().ok()?;
            result.values.extend(range.map(|n| n.to_string()));
        } else {
            result.values.push((*word).to_owned());
        }
    }
    Some(result)
}
