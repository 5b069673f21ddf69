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
        description: from.description.trim().to_owned(),
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
