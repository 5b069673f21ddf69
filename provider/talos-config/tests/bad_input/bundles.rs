//! Secrets bundles that are wrong, or look so: accepted, refused and written as officially.

use base64::{Engine, engine::general_purpose::STANDARD};
use talos_config::pki::Timestamp;
use talos_config::secrets::Bundle;

use crate::oracle::{self, Answer, machinery};
use crate::support::Repeatable;

/// A bundle that is fine.
fn good() -> String {
    let now = Timestamp(1_790_000_000);
    let bundle = Bundle::generate(6, now, &mut Repeatable(5)).unwrap();
    bundle.to_yaml().expose().to_owned()
}

/// The text behind the first `before` of the line, up to its end.
fn value<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once('\n').unwrap().0
}

fn decoded(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

/// Each with its name, and whether it is accepted.
fn cases() -> Vec<(&'static str, String, bool)> {
    let good = good();
    let edited = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let secret = value(&good, "    secret: ");
    let token = format!("    token: {}\n", value(&good, "    token: "));
    let etcd = value(&good, "        crt: ");
    let with_etcd = |text: &str| edited(&format!("crt: {etcd}\n"), &format!("crt: {text}\n"));
    let (first, second) = etcd.split_at(40);
    vec![
        ("as it is", good.clone(), true),
        ("a token twice", edited(&token, &token.repeat(2)), false),
        (
            "a block twice",
            format!("{good}trustdinfo:\n{token}"),
            false,
        ),
        (
            "a list as a key",
            edited("cluster:\n", "cluster:\n    [a]: 2\n"),
            false,
        ),
        (
            "a list as a value",
            edited(&token, "    token: [a]\n"),
            false,
        ),
        (
            "a list as a mapping",
            edited(&format!("trustdinfo:\n{token}"), "trustdinfo: [a]\n"),
            false,
        ),
        (
            "a secret as binary",
            edited(secret, &format!("!!binary {}", STANDARD.encode(secret))),
            true,
        ),
        (
            "a secret as broken binary",
            edited(secret, "!!binary '%'"),
            false,
        ),
        (
            "a merge key",
            edited(
                &format!("trustdinfo:\n{token}"),
                "more: &a {token: b}\ntrustdinfo:\n    <<: *a\n",
            ),
            true,
        ),
        (
            "a merge key of a text",
            edited(&token, "    token: a\n    <<: b\n"),
            false,
        ),
        (
            "an alias",
            edited(&token, "    other: &a b\n    token: *a\n"),
            true,
        ),
    ]
    .into_iter()
    .chain(base64_cases(&with_etcd, etcd, first, second))
    .collect()
}

fn base64_cases(
    with: &dyn Fn(&str) -> String,
    whole: &str,
    first: &str,
    second: &str,
) -> Vec<(&'static str, String, bool)> {
    let pem = decoded(whole);
    // One byte more, so that there is room for bits that count for nothing.
    let padded = STANDARD.encode(format!("{pem}{}", "\n".repeat((4 - pem.len() % 3) % 3)));
    let bare = padded.trim_end_matches('=');
    let (rest, last) = bare.split_at(bare.len() - 1);
    assert_eq!((last, padded.len() - bare.len()), ("g", 2));
    let stray_bits = format!("{rest}h==");
    vec![
        ("a block", with(&format!("|\n            {whole}")), true),
        (
            "two lines in a block",
            with(&format!("|\n            {first}\n            {second}")),
            true,
        ),
        (
            "two lines in quotes",
            with(&format!("\"{first}\\r\\n{second}\"")),
            true,
        ),
        (
            "two plain lines, which a blank joins",
            with(&format!("{first}\n            {second}")),
            false,
        ),
        ("a blank in front", with(&format!("' {whole}'")), false),
        ("bits that count for nothing", with(&stray_bits), true),
        ("no padding", with(bare), false),
    ]
}

fn ours(text: &str) -> Result<String, String> {
    let bundle = Bundle::from_yaml(text).map_err(|e| e.to_string())?;
    match bundle.problems().as_slice() {
        [] => Ok(bundle.to_yaml().expose().to_owned()),
        problems => Err(problems.join(", ")),
    }
}

#[test]
fn bundles_are_accepted_or_refused() {
    for (name, text, accepted) in cases() {
        let ours = ours(&text).map(|_| ());
        assert_eq!(ours.is_ok(), accepted, "{name}: {ours:?}");
    }
}

#[test]
fn the_official_machinery_says_the_same_of_bundles() {
    let cases = cases();
    let question = |(name, text, _): &(&str, String, bool)| Answer {
        name: (*name).to_owned(),
        op: "bundle".into(),
        config: text.clone(),
        ..Answer::default()
    };
    let questions: Vec<Answer> = cases.iter().map(question).collect();
    for line in oracle::lines() {
        let Some(program) = machinery::find("bundles", line) else {
            continue;
        };
        let answers = machinery::ask(&program, &questions);
        assert_eq!(answers.len(), cases.len());
        for ((name, text, accepted), answer) in cases.iter().zip(answers) {
            let error = &answer.error;
            assert_eq!(error.is_empty(), *accepted, "{line}: {name}: {error}");
            let same = ours(text).is_ok_and(|ours| ours == answer.output);
            assert!(!accepted || same, "{line}: {name}");
        }
    }
}
