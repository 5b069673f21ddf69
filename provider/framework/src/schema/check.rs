//! Core's rules for schemas. Breaking one makes core refuse the whole provider, so a unit test runs this on every type.

use std::collections::BTreeSet;

use super::{Attribute, Schema, Shape};
use crate::cty::Type;

/// Root names that core keeps for itself in resource, data and ephemeral blocks.
const RESERVED_IN_BLOCKS: &[&str] = &[
    "connection",
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
];
/// Root names that core keeps for itself in provider blocks.
const RESERVED_IN_PROVIDER: &[&str] = &["alias", "version"];

/// Everything core, or our own rules, would refuse in the schema of `name`. Empty when it is fine.
pub fn problems(name: &str, schema: &Schema, is_provider: bool) -> Vec<String> {
    let mut found = Vec::new();
    if schema.version < 0 {
        found.push(format!("{name}: the version is negative"));
    }
    let reserved = if is_provider {
        RESERVED_IN_PROVIDER
    } else {
        RESERVED_IN_BLOCKS
    };
    for attribute in &schema.attributes {
        if reserved.contains(&attribute.name) {
            found.push(format!(
                "{name}.{}: core keeps this name for itself",
                attribute.name
            ));
        }
    }
    attributes(name, &schema.attributes, is_provider, &mut found);
    found
}

fn attributes(place: &str, list: &[Attribute], is_provider: bool, found: &mut Vec<String>) {
    let mut names = BTreeSet::new();
    for attribute in list {
        let place = format!("{place}.{}", attribute.name);
        if !names.insert(attribute.name) {
            found.push(format!("{place}: appears twice"));
        }
        found.extend(
            flags(attribute, is_provider)
                .into_iter()
                .map(|problem| format!("{place}: {problem}")),
        );
        if let Shape::Nested(_, nested) = &attribute.shape {
            attributes(&place, nested, is_provider, found);
        }
    }
}

fn flags(attribute: &Attribute, is_provider: bool) -> Vec<&'static str> {
    let Attribute {
        required,
        optional,
        computed,
        ..
    } = *attribute;
    let rules = [
        (
            !valid_name(attribute.name),
            "names are lower case letters, digits and underscores",
        ),
        (
            !(required || optional || computed),
            "is neither required, optional nor computed",
        ),
        (required && optional, "is both required and optional"),
        (required && computed, "is both required and computed"),
        (
            attribute.write_only && computed,
            "is write-only and computed",
        ),
        (
            attribute.write_only && !(required || optional),
            "is write-only and neither required nor optional",
        ),
        (
            attribute.default.is_some() && !(optional && computed),
            "has a default and is not optional and computed",
        ),
        (attribute.keep && !computed, "is kept and not computed"),
        (
            is_provider && (computed || attribute.write_only),
            "is computed or write-only in a provider configuration",
        ),
        (
            attribute.description.trim().is_empty(),
            "has no description",
        ),
        (set_of_any(&attribute.shape), "is a set of any type"),
    ];
    rules
        .into_iter()
        .filter(|(broken, _)| *broken)
        .map(|(_, problem)| problem)
        .collect()
}

fn valid_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn set_of_any(shape: &Shape) -> bool {
    fn inside(ty: &Type) -> bool {
        match ty {
            Type::Set(element) => element.has_dynamic() || inside(element),
            Type::List(element) | Type::Map(element) => inside(element),
            Type::Object(attributes) => attributes.values().any(inside),
            Type::Tuple(elements) => elements.iter().any(inside),
            Type::String | Type::Number | Type::Bool | Type::Dynamic => false,
        }
    }
    matches!(shape, Shape::Plain(ty) if inside(ty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Nesting;

    fn broken(change: impl FnOnce(&mut Attribute)) -> Vec<String> {
        let mut attribute = Attribute::new("size", "Text.", Shape::Plain(Type::String));
        attribute.optional = true;
        change(&mut attribute);
        problems("disk", &Schema::new(0, "Text.", vec![attribute]), false)
    }

    #[test]
    fn each_rule_is_enforced() {
        assert_eq!(broken(|_| ()), Vec::<String>::new());
        assert_eq!(
            broken(|a| a.required = true),
            ["disk.size: is both required and optional"]
        );
        assert_eq!(
            broken(|a| a.optional = false),
            ["disk.size: is neither required, optional nor computed"]
        );
        assert_eq!(
            broken(|a| {
                a.computed = true;
                a.write_only = true
            }),
            ["disk.size: is write-only and computed"]
        );
        assert_eq!(
            broken(|a| a.name = "count"),
            ["disk.count: core keeps this name for itself"]
        );
        assert_eq!(broken(|a| a.name = "Size").len(), 1);
        assert_eq!(
            broken(|a| a.description = " "),
            ["disk.size: has no description"]
        );
        assert_eq!(
            broken(|a| a.shape = Shape::Plain(Type::set(Type::Dynamic))),
            ["disk.size: is a set of any type"]
        );
        assert_eq!(
            broken(|a| a.default = Some(crate::cty::Value::int(1))).len(),
            1
        );
    }

    #[test]
    fn nested_attributes_obey_the_same_rules() {
        let inner = Attribute::new("a", "Text.", Shape::Plain(Type::Bool));
        let found = broken(|a| a.shape = Shape::Nested(Nesting::Map, vec![inner]));
        assert_eq!(
            found,
            ["disk.size.a: is neither required, optional nor computed"]
        );
    }
}
