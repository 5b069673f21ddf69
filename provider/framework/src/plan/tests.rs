use std::collections::BTreeMap;

use super::*;
use crate::cty::{Path, Type};
use crate::schema::{Attribute, Schema, Shape};

fn attribute(name: &'static str, change: impl FnOnce(&mut Attribute)) -> Attribute {
    let mut attribute = Attribute::new(name, "Text.", Shape::Plain(Type::String));
    change(&mut attribute);
    attribute
}

fn schema() -> Schema {
    let nested = vec![
        attribute("size", |a| a.required = true),
        attribute("device", |a| a.computed = true),
        attribute("secret", |a| {
            a.optional = true;
            a.write_only = true
        }),
    ];
    Schema::new(
        0,
        "Text.",
        vec![
            attribute("id", |a| {
                a.computed = true;
                a.keep = true
            }),
            attribute("hash", |a| a.computed = true),
            attribute("name", |a| {
                a.required = true;
                a.replace = true
            }),
            attribute("mode", |a| {
                a.optional = true;
                a.computed = true;
                a.default = Some(Value::string("auto"));
                a.one_of = &["auto", "try"]
            }),
            attribute("disks", |a| {
                a.optional = true;
                a.shape = Shape::Nested(crate::schema::Nesting::Map, nested)
            }),
        ],
    )
}

fn text(value: &str) -> Value {
    Value::string(value)
}

fn disk(size: &str, device: Value, secret: Value) -> Value {
    Value::Map(BTreeMap::from([(
        "a".to_owned(),
        Value::object([("size", text(size)), ("device", device), ("secret", secret)]),
    )]))
}

fn object(id: Value, hash: Value, name: &str, mode: Value, disks: Value) -> Value {
    Value::object([
        ("id", id),
        ("hash", hash),
        ("name", text(name)),
        ("mode", mode),
        ("disks", disks),
    ])
}

#[test]
fn create_marks_what_the_provider_fills() {
    let config = object(
        Value::Null,
        Value::Null,
        "n",
        Value::Null,
        disk("1", Value::Null, text("hunter2")),
    );
    let planned = prepare(&schema(), &Value::Null, config.clone(), &config);
    let expected = object(
        Value::Unknown,
        Value::Unknown,
        "n",
        text("auto"),
        disk("1", Value::Unknown, Value::Null),
    );
    assert!(planned == expected);
    assert_eq!(
        check::planned(&schema(), &Value::Null, &config, &planned),
        []
    );
}

#[test]
fn an_update_keeps_only_what_says_so() {
    let prior = object(
        text("i"),
        text("h"),
        "n",
        text("auto"),
        disk("1", text("sda"), Value::Null),
    );
    let config = object(
        Value::Null,
        Value::Null,
        "n",
        Value::Null,
        disk("2", Value::Null, Value::Null),
    );
    let proposed = object(
        text("i"),
        text("h"),
        "n",
        Value::Null,
        disk("2", text("sda"), Value::Null),
    );
    let planned = prepare(&schema(), &prior, proposed, &config);
    assert!(
        planned
            == object(
                text("i"),
                Value::Unknown,
                "n",
                text("auto"),
                disk("2", Value::Unknown, Value::Null)
            )
    );
}

#[test]
fn nothing_changes_when_only_a_write_only_value_does() {
    let prior = object(
        text("i"),
        text("h"),
        "n",
        text("auto"),
        disk("1", text("sda"), Value::Null),
    );
    let config = object(
        Value::Null,
        Value::Null,
        "n",
        Value::Null,
        disk("1", Value::Null, text("new")),
    );
    let proposed = object(
        text("i"),
        text("h"),
        "n",
        Value::Null,
        disk("1", text("sda"), text("new")),
    );
    let mut planned = prepare(&schema(), &prior, proposed, &config);
    assert!(planned == prior);
    force_update(&schema(), &prior, &mut planned, &config);
    assert!(
        planned
            == object(
                text("i"),
                Value::Unknown,
                "n",
                text("auto"),
                disk("1", Value::Unknown, Value::Null)
            )
    );
}

#[test]
fn replace_follows_changes_only() {
    let before = object(text("i"), text("h"), "n", text("auto"), Value::Null);
    let after = object(text("i"), text("h"), "m", text("try"), Value::Null);
    assert_eq!(
        replacements(&schema().attributes, &before, &after),
        [Path::attribute("name")]
    );
    assert_eq!(replacements(&schema().attributes, &before, &before), []);
}

#[test]
fn plans_that_core_refuses_are_named() {
    let schema = schema();
    let config = object(
        Value::Null,
        Value::Null,
        "n",
        Value::Null,
        disk("1", Value::Null, text("w")),
    );
    let good = object(
        text("i"),
        Value::Unknown,
        "n",
        text("auto"),
        disk("1", Value::Null, Value::Null),
    );
    let violation = |planned: &Value| {
        check::planned(&schema, &Value::Null, &config, planned)
            .into_iter()
            .map(|v| v.path.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(violation(&good), Vec::<String>::new());
    assert_eq!(
        violation(&object(
            Value::Null,
            Value::Null,
            "other",
            Value::Null,
            disk("1", Value::Null, Value::Null)
        )),
        ["name"]
    );
    assert_eq!(
        violation(&object(
            Value::Null,
            Value::Null,
            "n",
            Value::Null,
            disk("2", Value::Null, Value::Null)
        )),
        ["disks[\"a\"].size"]
    );
    assert_eq!(
        violation(&object(
            Value::Null,
            Value::Null,
            "n",
            Value::Null,
            disk("1", Value::Null, text("w"))
        )),
        ["disks[\"a\"].secret"]
    );
    assert_eq!(
        violation(&object(
            Value::Null,
            Value::Null,
            "n",
            Value::Null,
            Value::Map(BTreeMap::new())
        )),
        ["disks"]
    );
    assert_eq!(
        violation(&object(
            Value::Null,
            Value::Null,
            "n",
            Value::Null,
            Value::Null
        )),
        ["disks"]
    );
}

#[test]
fn a_prior_spelling_may_stay() {
    let prior = object(text("i"), text("h"), "N", text("auto"), Value::Null);
    let config = object(Value::Null, Value::Null, "n", Value::Null, Value::Null);
    assert_eq!(check::planned(&schema(), &prior, &config, &prior), []);
}

#[test]
fn results_must_keep_what_was_planned() {
    let planned = object(
        Value::Unknown,
        Value::Unknown,
        "n",
        text("auto"),
        disk("1", Value::Unknown, Value::Null),
    );
    let violation = |actual: &Value| {
        applied(&planned, actual)
            .into_iter()
            .map(|v| v.path.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        violation(&object(
            text("i"),
            Value::Null,
            "n",
            text("auto"),
            disk("1", text("sda"), Value::Null)
        )),
        Vec::<String>::new()
    );
    assert_eq!(
        violation(&object(
            text("i"),
            Value::Unknown,
            "n",
            text("auto"),
            disk("1", text("sda"), Value::Null)
        )),
        ["hash"]
    );
    assert_eq!(
        violation(&object(
            text("i"),
            text("h"),
            "m",
            Value::Null,
            disk("2", Value::Null, text("s"))
        )),
        ["disks[\"a\"].secret", "disks[\"a\"].size", "mode", "name"]
    );
    let sets = applied(&Value::set([text("a")]), &Value::set([text("b")]));
    assert_eq!(sets.len(), 1);
}

#[test]
fn only_listed_texts_pass() {
    let mut found = Vec::new();
    let value = object(Value::Null, Value::Null, "n", text("fast"), Value::Null);
    check_texts(&schema().attributes, &value, &Path::root(), &mut found);
    assert_eq!(
        found,
        [(
            Path::attribute("mode"),
            "\"fast\" is not one of \"auto\", \"try\".".to_owned()
        )]
    );
}

#[test]
fn what_was_left_alone_comes_back_whole() {
    let partly = Value::List(vec![text("x"), Value::Unknown]);
    let original = Value::object([("a", partly.clone()), ("b", text("1"))]);
    let before = Value::object([("a", Value::Unknown), ("b", text("1"))]);
    let after = Value::object([("a", Value::Unknown), ("b", text("2"))]);
    assert!(restore(&original, &before, after) == Value::object([("a", partly), ("b", text("2"))]));
}

#[test]
fn a_changed_neighbour_in_a_list_does_not_spoil_the_rest() {
    let partly = Value::List(vec![text("x"), Value::Unknown]);
    let item = |tags: Value, device: Value| Value::object([("tags", tags), ("device", device)]);
    let original = Value::List(vec![item(partly.clone(), Value::Unknown)]);
    let before = Value::List(vec![item(Value::Unknown, Value::Unknown)]);
    let after = Value::List(vec![item(Value::Unknown, text("sda"))]);
    assert!(restore(&original, &before, after) == Value::List(vec![item(partly, text("sda"))]));
}
