//! Our answers and those of the official machinery to random questions, where Go is present.
//!
//! `TALOS_STACK_DEEP=1` asks twenty thousand and more, `TALOS_STACK_SEED` starts from another seed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use oracle::grammar::{Dice, Grammar};
use oracle::{Answer, machinery};

const BATCH: usize = 500;

fn seed() -> u64 {
    std::env::var("TALOS_STACK_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(1)
}

/// How many batches: a few by default, many with `--deep`.
fn batches() -> u64 {
    if std::env::var_os("TALOS_STACK_DEEP").is_some() {
        50
    } else {
        2
    }
}

fn compare(test: &str, make: impl Fn(&Grammar, &mut Dice, &[String]) -> Answer) {
    let Some(program) = machinery::find(test) else {
        return;
    };
    let grammar = Grammar::read();
    let bases: Vec<String> = oracle::vectors()
        .into_iter()
        .filter(|answer| {
            matches!(answer.op.as_str(), "generate" | "load") && answer.error.is_empty()
        })
        .map(|answer| {
            if answer.op == "load" {
                answer.config
            } else {
                answer.output
            }
        })
        .collect();
    let mut accepted = 0;
    for batch in 0..batches() {
        let mut dice = Dice::new(seed() * 1_000_003 + batch);
        let questions: Vec<Answer> = (0..BATCH)
            .map(|_| make(&grammar, &mut dice, &bases))
            .collect();
        let answers = machinery::ask(program, &questions);
        assert_eq!(answers.len(), questions.len());
        accepted += answers
            .iter()
            .filter(|answer| answer.error.is_empty())
            .count();
        let differences: Vec<String> = answers
            .iter()
            .filter_map(|answer| {
                let what = oracle::difference(answer)?;
                Some(format!(
                    "{what}\n--- config\n{}--- patches\n{}",
                    answer.config,
                    answer.patches.join("---\n")
                ))
            })
            .collect();
        let shown = differences
            .iter()
            .take(3)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n=====\n");
        assert!(
            differences.is_empty(),
            "batch {batch}: {} of {} differ:\n{shown}",
            differences.len(),
            answers.len()
        );
    }
    // Where all is refused, nothing is compared.
    let asked = usize::try_from(batches()).unwrap() * BATCH;
    assert!(
        accepted * 10 > asked,
        "only {accepted} of {asked} are accepted"
    );
}

#[test]
fn random_documents_load_as_in_official_machinery() {
    compare("random documents", |grammar, dice, _| {
        let fullness = dice.pick(&[&5, &20, &60]).to_owned();
        let count = 1 + dice.below(3);
        let documents: Vec<String> = (0..count)
            .map(|_| grammar.document(dice, fullness, false))
            .collect();
        Answer {
            op: "load".into(),
            config: documents.join("---\n"),
            ..Answer::default()
        }
    });
}

#[test]
fn random_documents_validate_as_in_official_machinery() {
    compare("random validation", |grammar, dice, _| {
        let fullness = dice.pick(&[&5, &20]).to_owned();
        Answer {
            op: "validate".into(),
            config: grammar.document(dice, fullness, false),
            ..Answer::default()
        }
    });
}

#[test]
fn random_patches_apply_as_in_official_machinery() {
    compare("random patches", |grammar, dice, bases| {
        let count = 1 + dice.below(2);
        let patches = (0..count).map(|_| {
            let fullness = dice.pick(&[&3, &10, &25]).to_owned();
            grammar.document(dice, fullness, true)
        });
        let patches = patches.collect();
        let config = bases[dice.below(bases.len())].clone();
        Answer {
            op: "patch".into(),
            config,
            patches,
            ..Answer::default()
        }
    });
}

/// The texts that official machinery tests itself with, as they are in the module cache.
#[test]
fn official_test_data_loads_as_in_official_machinery() {
    let Some(program) = machinery::find("official test data") else {
        return;
    };
    let texts = machinery::test_data();
    assert!(texts.len() > 100, "only {} files found", texts.len());
    let questions: Vec<Answer> = texts
        .into_iter()
        .map(|(name, config)| Answer {
            name,
            op: "load".into(),
            config,
            ..Answer::default()
        })
        .collect();
    let answers = machinery::ask(program, &questions);
    let differences: Vec<String> = answers.iter().filter_map(oracle::difference).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn vectors_are_those_that_the_oracle_makes() {
    let Some(program) = machinery::find("vectors") else {
        return;
    };
    let (fresh, kept) = (machinery::vectors(program), oracle::text());
    let differs = fresh.lines().zip(kept.lines()).position(|(a, b)| a != b);
    assert_eq!(
        differs, None,
        "the vectors are out of date: see acceptance-tests/oracle/README.md"
    );
    assert_eq!(fresh.lines().count(), kept.lines().count());
}
