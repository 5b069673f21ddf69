//! The schema section of a page.

use std::fmt::Write;

use proto_tfplugin::tfplugin6::schema::{Attribute, object::NestingMode};

use crate::cty::Type;

/// Attributes by who writes them, then each nested one under its own anchor.
pub(super) fn render(attributes: &[Attribute]) -> String {
    let mut page = String::from("## Schema\n");
    groups(&mut page, "", attributes, "###");
    nested(&mut page, "", "", attributes);
    page
}

fn groups(page: &mut String, anchor: &str, attributes: &[Attribute], level: &str) {
    let required: Vec<&Attribute> = attributes
        .iter()
        .filter(|attribute| attribute.required)
        .collect();
    let optional: Vec<&Attribute> = attributes
        .iter()
        .filter(|attribute| attribute.optional)
        .collect();
    let computed: Vec<&Attribute> = attributes
        .iter()
        .filter(|attribute| !attribute.required && !attribute.optional)
        .collect();
    for (title, mut group) in [
        ("Required", required),
        ("Optional", optional),
        ("Read-Only", computed),
    ] {
        if group.is_empty() {
            continue;
        }
        group.sort_by(|left, right| left.name.cmp(&right.name));
        let heading = if level.is_empty() {
            format!("{title}:")
        } else {
            format!("{level} {title}")
        };
        let _ = write!(page, "\n{heading}\n\n");
        for attribute in group {
            line(page, anchor, attribute);
        }
    }
}

fn line(page: &mut String, anchor: &str, attribute: &Attribute) {
    let mut kind = vec![type_text(attribute)];
    if attribute.sensitive {
        kind.push("Sensitive".to_owned());
    }
    if attribute.write_only {
        kind.push("Write-only".to_owned());
    }
    if attribute.deprecated {
        kind.push("Deprecated".to_owned());
    }
    let description = attribute.description.replace('\n', " ");
    let mut text = format!("- `{}` ({}) {description}", attribute.name, kind.join(", "));
    if !attribute.deprecation_message.is_empty() {
        let _ = write!(text, " {}", attribute.deprecation_message);
    }
    if attribute.nested_type.is_some() {
        let _ = write!(
            text,
            " (see [below for nested schema](#nestedatt--{anchor}{}))",
            attribute.name
        );
    }
    let _ = writeln!(page, "{}", text.trim_end());
}

fn nested(page: &mut String, anchor: &str, place: &str, attributes: &[Attribute]) {
    let mut sorted: Vec<&Attribute> = attributes.iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    for attribute in sorted {
        let Some(object) = &attribute.nested_type else {
            continue;
        };
        let (name, place) = (&attribute.name, format!("{place}{}", attribute.name));
        let _ = write!(
            page,
            "\n<a id=\"nestedatt--{anchor}{name}\"></a>\n### Nested Schema for `{place}`\n"
        );
        let inner = format!("{anchor}{name}--");
        groups(page, &inner, &object.attributes, "");
        nested(page, &inner, &format!("{place}."), &object.attributes);
    }
}

fn type_text(attribute: &Attribute) -> String {
    match attribute
        .nested_type
        .as_ref()
        .map(|object| object.nesting())
    {
        Some(NestingMode::List) => "Attributes List".to_owned(),
        Some(NestingMode::Set) => "Attributes Set".to_owned(),
        Some(NestingMode::Map) => "Attributes Map".to_owned(),
        Some(_) => "Attributes".to_owned(),
        None => json_type(&attribute.r#type),
    }
}

/// A type of the wire in words.
pub(super) fn json_type(json: &[u8]) -> String {
    let parsed = serde_json::from_slice(json)
        .ok()
        .and_then(|json| Type::from_json(&json));
    parsed.map_or_else(|| "Unknown".to_owned(), |ty| words(&ty))
}

fn words(ty: &Type) -> String {
    match ty {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", words(element)),
        Type::Set(element) => format!("Set of {}", words(element)),
        Type::Map(element) => format!("Map of {}", words(element)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}
