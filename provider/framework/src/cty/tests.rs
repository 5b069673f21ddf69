use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn object(attributes: &[(&str, Type)]) -> Type {
    Type::Object(
        attributes
            .iter()
            .map(|(name, ty)| ((*name).to_owned(), ty.clone()))
            .collect(),
    )
}

#[test]
fn reads_what_core_was_seen_to_send() {
    let refined = [0xc7, 0x07, 0x0c, 0x82, 0x01, 0xc2, 0x03, 0x92, 0x01, 0xc3];
    assert_eq!(decode(&refined, &Type::Number).unwrap(), Value::Unknown);
    assert_eq!(
        decode(&[0xd4, 0, 0], &Type::String).unwrap(),
        Value::Unknown
    );
    let pair = [&[0x92, 0xc4, 0x08][..], b"\"number\"", &[0x01]].concat();
    assert_eq!(
        decode(&pair, &Type::Dynamic).unwrap(),
        Value::Typed(Box::new((Type::Number, Value::int(1))))
    );
}

#[test]
fn numbers_are_equal_by_value_not_by_form() {
    let one = |bytes: &[u8]| decode(bytes, &Type::Number).unwrap();
    let float = [&[0xcb][..], &1.0f64.to_be_bytes()].concat();
    assert_eq!(one(&[0x01]), one(&float));
    assert_eq!(one(&[0x01]), one(&[0xa1, b'1']));
    assert_eq!(
        one(&[&[0xcf][..], &u64::MAX.to_be_bytes()].concat()),
        Value::Number(Number::Int(u64::MAX.into()))
    );
    assert_eq!(Number::parse("1.50e2"), Some(Number::Int(150)));
    assert_eq!(Number::parse("-0.10"), Some(Number::Decimal("-0.1".into())));
    assert_eq!(
        Number::parse("12e-3"),
        Some(Number::Decimal("0.012".into()))
    );
    assert_eq!(Number::from_f64(0.1), Some(Number::Decimal("0.1".into())));
    assert_eq!(Number::parse("1x"), None);
}

#[test]
fn text_is_normalised() {
    assert_eq!(
        decode(&[0xa3, b'e', 0xcc, 0x81], &Type::String).unwrap(),
        Value::String("\u{e9}".into())
    );
}

#[test]
fn an_object_must_carry_every_attribute() {
    let ty = object(&[("a", Type::String), ("b", Type::Bool)]);
    let error = decode(&[0x81, 0xa1, b'a', 0xc0], &ty).unwrap_err();
    assert!(error.reason.contains("lacks"), "{error}");
    let error = encode(&Value::object([("a", Value::Null)]), &ty).unwrap_err();
    assert_eq!(error.reason, "the object's attributes are not the schema's");
}

#[test]
fn errors_name_the_place() {
    let ty = object(&[("a", Type::list(Type::map(Type::Bool)))]);
    let wrong = Value::object([(
        "a",
        Value::List(vec![Value::Map(BTreeMap::from([(
            "k".into(),
            Value::int(1),
        )]))]),
    )]);
    assert_eq!(
        encode(&wrong, &ty).unwrap_err().to_string(),
        "a[0][\"k\"]: number where bool belongs"
    );
}

#[test]
fn sets_compare_without_order_and_keep_unknown_elements() {
    let left = Value::set([Value::int(1), Value::int(2), Value::int(1)]);
    assert_eq!(left, Value::set([Value::int(2), Value::int(1)]));
    let Value::Set(items) = Value::set([Value::Unknown, Value::Unknown]) else {
        panic!()
    };
    assert_eq!(items.0.len(), 2);
}

#[test]
fn state_json_reads_by_type() {
    let ty = object(&[
        ("n", Type::Number),
        ("any", Type::Dynamic),
        ("gone", Type::String),
    ]);
    let value = from_json(
        &json!({"n": 10.0, "any": {"value": ["x"], "type": ["list", "string"]}}),
        &ty,
    )
    .unwrap();
    assert_eq!(value.get("n"), &Value::int(10));
    assert_eq!(
        value.get("any"),
        &Value::Typed(Box::new((
            Type::list(Type::String),
            Value::List(vec![Value::string("x")])
        )))
    );
    assert!(value.get("gone").is_null());
    assert_eq!(
        from_json(&json!({"old": 1}), &ty).unwrap_err().reason,
        "the schema has no attribute \"old\""
    );
}

#[test]
fn debug_text_shows_no_contents() {
    let value = Value::object([
        ("password", Value::string("hunter2")),
        ("list", Value::List(vec![Value::int(42)])),
    ]);
    let text = format!("{value:?}");
    assert!(!text.contains("hunter2") && !text.contains("42"), "{text}");
}

fn typed() -> impl Strategy<Value = (Type, Value)> {
    let leaf = prop_oneof![
        ".*".prop_map(|text| (Type::String, Value::string(text))),
        any::<i64>().prop_map(|number| (Type::Number, Value::int(number))),
        any::<f64>().prop_filter_map("finite", |f| Some((
            Type::Number,
            Value::Number(Number::from_f64(f)?)
        ))),
        any::<bool>().prop_map(|flag| (Type::Bool, Value::Bool(flag))),
        Just((Type::String, Value::Null)),
        Just((Type::Bool, Value::Unknown)),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|(ty, value)| (Type::list(ty), Value::List(vec![value.clone(), value]))),
            inner
                .clone()
                .prop_map(|(ty, value)| (Type::set(ty), Value::set([value]))),
            (inner.clone(), ".*").prop_map(|((ty, value), key)| (
                Type::map(ty),
                Value::Map(BTreeMap::from([(key, value)]))
            )),
            inner
                .clone()
                .prop_map(|pair| (Type::Dynamic, Value::Typed(Box::new(pair)))),
            proptest::collection::btree_map("[a-z]{1,8}", inner, 0..4).prop_map(|parts| {
                let types = parts
                    .iter()
                    .map(|(name, (ty, _))| (name.clone(), ty.clone()))
                    .collect();
                (
                    Type::Object(types),
                    Value::object(parts.into_iter().map(|(name, (_, value))| (name, value))),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_survives_the_wire((ty, value) in typed()) {
        let bytes = encode(&value, &ty).unwrap();
        prop_assert!(decode(&bytes, &ty).unwrap() == value);
    }

    #[test]
    fn hostile_bytes_are_an_error_not_a_crash(bytes: Vec<u8>) {
        let ty = object(&[("a", Type::Dynamic), ("b", Type::list(Type::Number))]);
        let _ = decode(&bytes, &ty);
        let _ = decode(&bytes, &Type::Dynamic);
    }

    #[test]
    fn types_survive_json((ty, _) in typed()) {
        prop_assert_eq!(Type::from_json(&ty.to_json()), Some(ty));
    }
}
