use super::*;
use crate::document::Config;
use crate::tables::Line;

fn round(text: &str) -> String {
    emit(&parse(text).unwrap().remove(0))
}

#[test]
fn indents_by_four_and_by_two_after_a_dash() {
    let text = "a:\n    - b:\n        - c: 1\n          d:\n            e: |\n                x\n                y\n";
    assert_eq!(round(text), text);
}

#[test]
fn quotes_what_would_read_as_something_else() {
    for text in [
        "yes",
        "123",
        "1.5",
        "~",
        "",
        "2024-01-01",
        "12:30:45",
        "<<",
        "0x1f",
        "1_000",
        ".inf",
    ] {
        assert_eq!(emit(&Value::from(text)), format!("\"{text}\"\n"));
    }
    for text in ["a: b", "#x", "a #b", "- x", "[x", "'x", "@x", "x "] {
        assert_eq!(
            emit(&Value::from(text)),
            format!("'{}'\n", text.replace('\'', "''"))
        );
    }
}

/// Talos 1.11 looks for the sign behind the base too.
#[test]
fn signs_behind_the_base_make_numbers_in_the_oldest_line_only() {
    let text =
        "cluster: {apiServer: {auditPolicy: {a: 0b-1, b: 0o+7, c: -0o-7, d: '0o-7', e: 0B-1}}}";
    for (line, wanted) in [
        (
            Line::V1_11,
            ["a: -1", "b: 7", "c: -0o-7", "d: \"0o-7\"", "e: 0B-1"],
        ),
        (
            Line::V1_12,
            ["a: 0b-1", "b: 0o+7", "c: -0o-7", "d: 0o-7", "e: 0B-1"],
        ),
    ] {
        let written = Config::load(text, line).unwrap().emit();
        for entry in wanted {
            assert!(
                written.contains(&format!("{entry}\n")),
                "{entry}: {written}"
            );
        }
    }
}

#[test]
fn orders_keys_as_go_does() {
    let mut keys = vec![
        "a10",
        "a2",
        "audit-version",
        "audit",
        "a.b",
        "aB",
        "1a",
        "a1b",
        "a1.b",
    ];
    keys.sort_by(|a, b| compare_keys(a, b));
    assert_eq!(
        keys,
        [
            "1a",
            "a.b",
            "a1b",
            "a1.b",
            "a2",
            "a10",
            "aB",
            "audit",
            "audit-version"
        ]
    );
}

#[test]
fn aliases_do_not_explode() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..10 {
        let p = i - 1;
        text += &format!(
            "a{i}: &a{i} [*a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}]\n"
        );
    }
    assert!(parse(&text).unwrap_err().message.contains("aliases"));
}

/// Anchors around aliases: each is flat as it is written.
#[test]
fn aliases_count_as_deep_as_what_they_stand_for() {
    let chain = |levels: usize| {
        let links = (1..levels).map(|level| format!("- &a{level} [*a{}]\n", level - 1));
        format!("- &a0 [x]\n{}", links.collect::<String>())
    };
    // The list around them and the text within count too.
    let deepest = parse(&chain(198)).unwrap();
    assert_eq!(parse(&emit(&deepest[0])).unwrap(), deepest);
    let error = parse(&chain(199)).unwrap_err();
    assert_eq!(error.line, 199);
    assert!(error.message.contains("deeper than 200"), "{error}");
    assert_eq!(parse(&chain(100_000)).unwrap_err().line, 199);
}

/// `levels` mappings, each of which merges the one before `width` times.
fn growing_merge_keys(levels: usize, width: usize) -> String {
    let mut text = String::from("a0: &a0 {x: 1}\n");
    for level in 1..levels {
        let before = format!("*a{}", level - 1);
        let sources = vec![before; width].join(", ");
        text += &format!("a{level}: &a{level} {{<<: [{sources}]}}\n");
    }
    text
}

/// Each adds nothing, and still has to be looked at.
#[test]
fn merge_keys_do_not_explode() {
    for (levels, width) in [(60, 2), (20, 10), (3, 2000)] {
        let error = parse(&growing_merge_keys(levels, width)).unwrap_err();
        assert!(error.message.contains("aliases"), "{error}");
    }
    let few = parse(&growing_merge_keys(5, 2)).unwrap().remove(0);
    assert_eq!(few.at(&["a4", "x"]), Some(&Value::Int(1)));
}

/// Their values are dropped, but not one that was meant to be another key's.
#[test]
fn null_keys_that_are_written_alike_are_there_twice() {
    let load = |keys: &str| {
        let text = format!("machine: {{sysctls: {{{keys}}}}}");
        Config::load(&text, Line::V1_12).map(|_| ())
    };
    for keys in ["~: a, ~: b", "~: a, '~': b", "'~': a, ~: b"] {
        let error = load(keys).unwrap_err().to_string();
        assert!(error.contains("key '~' is there twice (line 1)"), "{error}");
    }
    assert_eq!(load("~: a, null: b, c: d"), Ok(()));
}

#[test]
fn of_merged_mappings_the_first_counts() {
    let text = "{c: 1, <<: [{a: 1, c: 2}, {a: 2, b: {<<: {d: 1}, e: 2}}]}";
    let wanted = "a: 1\nb:\n    d: 1\n    e: 2\nc: 1\n";
    assert_eq!(round(text), wanted);
}

#[test]
fn merged_values_that_do_not_count_are_not_read() {
    assert_eq!(round("{a: 1, <<: {a: !!int x}}"), "a: 1\n");
    let error = parse("{<<: {a: !!int x}}").unwrap_err();
    assert_eq!(error.path, [Step::key("a")]);
}

/// Otherwise anchors within anchors would multiply what is in them.
#[test]
fn aliases_share_what_they_stand_for() {
    let nodes = parse_nodes("- &a [&b [x], *b]\n- *a\n").unwrap();
    let items = |node: &Node| match &node.target().kind {
        NodeKind::List(items) => std::rc::Rc::clone(items),
        _ => panic!("no list"),
    };
    let top = items(&nodes[0]);
    assert!(std::rc::Rc::ptr_eq(&items(&top[0]), &items(&top[1])));
    let inner = items(&top[0]);
    assert!(std::rc::Rc::ptr_eq(&items(&inner[0]), &items(&inner[1])));
}

#[test]
fn floats_print_as_go_prints_them() {
    for (text, want) in [
        ("1.0", "1"),
        ("1e6", "1e+06"),
        ("123456.5", "123456.5"),
        ("1.5e-7", "1.5e-07"),
        (".5", "0.5"),
    ] {
        assert_eq!(round(text), format!("{want}\n"));
    }
}

#[test]
fn debug_text_shows_no_values() {
    let value = parse("token: hunter2\nport: 4711\nlist: [swordfish]\n")
        .unwrap()
        .remove(0);
    let text = format!("{value:?}");
    assert!(
        text.contains("token") && text.contains("a text of 7 bytes"),
        "{text}"
    );
    assert!(
        !["hunter2", "4711", "swordfish"]
            .iter()
            .any(|secret| text.contains(secret)),
        "{text}"
    );
}

#[test]
fn marks_within_brackets_are_refused_and_never_another_value() {
    for text in ["a: [?b]", "a: {?b: c}", "a: {?\"b\": c}"] {
        let error = parse(text).unwrap_err();
        assert!(
            error.message.contains("begins with ? needs quotes"),
            "{text}: {error}"
        );
    }
    for text in ["a: [::1, 10.0.0.1]", "a: [:6443]"] {
        let error = parse(text).unwrap_err();
        assert!(
            error.message.contains("begins with : needs quotes"),
            "{text}: {error}"
        );
    }
    for text in [
        "? a\n: b\n",
        "?\n: b\n",
        "a: [? b : c]\n",
        "a: ?b\n",
        "a: [\"?b\", 'c?']\n",
    ] {
        assert!(
            parse_nodes(text).is_ok(),
            "{text}: {:?}",
            parse_nodes(text).err()
        );
    }
}

/// A token that begins with `*` is an alias to YAML.
#[test]
fn errors_of_aliases_do_not_tell_their_name() {
    for text in ["token: *SECRETtok", "a: &SECRETtok {b: *SECRETtok}"] {
        let message = parse(text).unwrap_err().to_string();
        assert!(message.contains("needs quotes"), "{message}");
        assert!(!message.contains("SECRET"), "{message}");
    }
}
