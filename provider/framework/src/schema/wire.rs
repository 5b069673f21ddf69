//! Schemas as protocol messages.

use proto_tfplugin::tfplugin6 as wire;

use super::{Attribute, Nesting, Schema, Shape};
use crate::cty::Type;

/// A type constraint as the bytes the protocol carries.
pub fn type_json(ty: &Type) -> Vec<u8> {
    ty.to_json().to_string().into_bytes()
}

/// The schema message of one type.
pub fn block_to_wire(schema: &Schema) -> wire::Schema {
    let block = wire::schema::Block {
        version: schema.version,
        attributes: schema.attributes.iter().map(attribute).collect(),
        description: schema.description.trim().to_owned(),
        description_kind: wire::StringKind::Markdown.into(),
        ..Default::default()
    };
    wire::Schema {
        version: schema.version,
        block: Some(block),
    }
}

fn attribute(from: &Attribute) -> wire::schema::Attribute {
    // Core refuses a provider that sends both a type and a nested type.
    let (ty, nested_type) = match &from.shape {
        Shape::Plain(ty) => (type_json(ty), None),
        Shape::Nested(nesting, attributes) => (Vec::new(), Some(object(*nesting, attributes))),
    };
    wire::schema::Attribute {
        name: from.name.to_owned(),
        r#type: ty,
        nested_type,
        description: described(from),
        description_kind: wire::StringKind::Markdown.into(),
        required: from.required,
        optional: from.optional,
        computed: from.computed,
        sensitive: from.sensitive,
        write_only: from.write_only,
        deprecated: from.deprecated.is_some(),
        deprecation_message: from.deprecated.unwrap_or_default().to_owned(),
    }
}

/// The description with what the protocol has no field for: editors and the registry's pages show it.
fn described(from: &Attribute) -> String {
    let mut text = from.description.trim().to_owned();
    let allowed: Vec<String> = from.one_of.iter().map(|text| format!("`{text}`")).collect();
    // Authors who explain each value have listed them already.
    if !allowed.iter().all(|value| text.contains(value.as_str())) {
        text.push_str(&format!(" One of {}.", allowed.join(", ")));
    }
    if let Some(default) = &from.default {
        text.push_str(&format!(" Default: `{}`.", crate::cty::to_json(default)));
    }
    if from.replace {
        text.push_str(" A change replaces the object.");
    }
    text
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> wire::schema::Object {
    use wire::schema::object::NestingMode;
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Map => NestingMode::Map,
    };
    wire::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: nesting.into(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cty::Value;

    #[test]
    fn a_nested_attribute_sends_no_type_of_its_own() {
        let inner = Attribute::new("a", "Text.", Shape::Plain(Type::Bool));
        let nested = attribute(&Attribute::new(
            "n",
            "Text.",
            Shape::Nested(Nesting::Map, vec![inner]),
        ));
        assert!(nested.r#type.is_empty());
        assert_eq!(nested.nested_type.unwrap().nesting, 4);
    }

    #[test]
    fn descriptions_tell_what_the_protocol_cannot() {
        let mut mode = Attribute::new("mode", "How.", Shape::Plain(Type::String));
        mode.one_of = &["a", "b"];
        mode.default = Some(Value::string("a"));
        mode.replace = true;
        assert_eq!(
            attribute(&mode).description,
            "How. One of `a`, `b`. Default: `\"a\"`. A change replaces the object."
        );
        mode.description = "`a` is this, `b` is that.";
        mode.replace = false;
        let told = attribute(&mode).description;
        assert_eq!(told, "`a` is this, `b` is that. Default: `\"a\"`.");
    }
}
