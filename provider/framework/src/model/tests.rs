use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::*;
use crate::cty::Type;
use crate::prelude::{Args, Model};
use crate::schema::{Nesting, Schema, problems};

/// A disk.
#[derive(Model, Clone, Debug, PartialEq)]
struct Disk {
    /// Size in GiB.
    #[tf(required)]
    size: Field<i64>,
    /// Device name.
    #[tf(computed)]
    device: Field<String>,
}

/// A machine
/// of two lines.
#[derive(Model, Clone)]
struct Machine {
    /// Name.
    #[tf(required, replace)]
    name: Field<String>,
    /// Type.
    #[tf(optional, one_of("a", "b"))]
    r#type: Field<String>,
    /// Tags.
    #[tf(optional)]
    tags: Field<Vec<Field<String>>>,
    /// Labels.
    #[tf(optional)]
    labels: Field<BTreeSet<String>>,
    /// Disks.
    #[tf(optional)]
    disks: Field<BTreeMap<String, Disk>>,
    /// Password.
    #[tf(optional, write_only, rename = "password_wo")]
    password: Field<Secret<String>>,
    /// Cores.
    #[tf(default = 2)]
    cores: Field<i64>,
}

fn machine() -> Value {
    Value::object([
        ("name", Value::string("n")),
        ("type", Value::Null),
        (
            "tags",
            Value::List(vec![Value::string("x"), Value::Unknown]),
        ),
        ("labels", Value::set([Value::Unknown])),
        (
            "disks",
            Value::Map(BTreeMap::from([(
                "d".into(),
                Value::object([("size", Value::int(1)), ("device", Value::Unknown)]),
            )])),
        ),
        ("password_wo", Value::string("hunter2")),
        ("cores", Value::Null),
    ])
}

#[test]
fn the_schema_follows_the_struct() {
    let schema = Schema::new(0, Machine::DESCRIPTION, Machine::attributes());
    assert_eq!(problems("m", &schema, false), Vec::<String>::new());
    assert_eq!(schema.description, "A machine\nof two lines.");
    let names: Vec<_> = schema
        .attributes
        .iter()
        .map(|attribute| attribute.name)
        .collect();
    assert_eq!(
        names,
        [
            "name",
            "type",
            "tags",
            "labels",
            "disks",
            "password_wo",
            "cores"
        ]
    );
    assert!(
        matches!(&schema.attributes[4].shape, Shape::Nested(Nesting::Map, disk) if disk[1].computed && disk[0].description == "Size in GiB.")
    );
    assert!(schema.attributes[5].sensitive && schema.attributes[5].write_only);
    let cores = &schema.attributes[6];
    assert!(cores.optional && cores.computed && cores.default == Some(Value::int(2)));
    assert_eq!(schema.attributes[3].shape.ty(), Type::set(Type::String));
}

#[test]
fn partly_unknown_values_decode() {
    let decoded = Machine::decode(&machine()).unwrap();
    assert_eq!(
        decoded.tags,
        Field::Known(vec![Field::Known("x".into()), Field::Unknown])
    );
    assert_eq!(decoded.tags.all_known(), None);
    assert_eq!(
        decoded.labels,
        Field::Unknown,
        "plain elements cannot be unknown, so the set is"
    );
    assert_eq!(decoded.disks.get().unwrap()["d"].device, Field::Unknown);
    assert_eq!(decoded.password.get().unwrap().expose(), "hunter2");
    assert!(decoded.r#type.is_null());
}

#[test]
fn wrong_values_name_their_place() {
    let mut value = machine();
    let Value::Object(entries) = &mut value else {
        unreachable!()
    };
    entries.insert(
        "disks".into(),
        Value::Map(BTreeMap::from([("d".into(), Value::Null)])),
    );
    let Err(Lift::Mismatch(path, reason)) = Machine::decode(&value) else {
        panic!("accepted")
    };
    assert_eq!(
        (path.to_string().as_str(), reason.as_str()),
        (
            "disks[\"d\"]",
            "null is not allowed here, a object is needed"
        )
    );
}

/// Parameters.
#[derive(Args)]
struct Join {
    /// Between.
    separator: String,
    /// Any.
    any: Field<Dynamic>,
    /// The parts.
    #[tf(variadic)]
    parts: Vec<String>,
}

#[test]
fn arguments_decode_by_position() {
    let parameters = Join::parameters();
    assert_eq!(
        parameters
            .iter()
            .map(|p| (p.name, p.nullable, p.variadic))
            .collect::<Vec<_>>(),
        [
            ("separator", false, false),
            ("any", true, false),
            ("parts", false, true)
        ]
    );
    assert_eq!(parameters[2].ty, Type::String);
    let args = Join::decode(&[
        Value::string("-"),
        Value::Null,
        Value::string("a"),
        Value::string("b"),
    ])
    .unwrap();
    assert_eq!(
        (
            args.separator.as_str(),
            args.any.is_null(),
            args.parts.len()
        ),
        ("-", true, 2)
    );
    let wrong = Join::decode(&[
        Value::string("-"),
        Value::Null,
        Value::string("a"),
        Value::int(1),
    ]);
    assert!(matches!(wrong, Err((3, Lift::Mismatch(..)))));
    assert!(matches!(
        Join::decode(&[Value::Unknown, Value::Null]),
        Err((0, Lift::Unknown))
    ));
}

#[test]
fn dynamic_values_read_as_models() {
    let value = Dynamic::from_json(&json!({"size": 3, "extra": true}));
    let disk: Disk = value.read().unwrap();
    assert_eq!(
        disk,
        Disk {
            size: Field::Known(3),
            device: Field::Null
        }
    );
    assert_eq!(
        Dynamic::from_value(&disk).to_json(),
        json!({"size": 3, "device": null})
    );
}
