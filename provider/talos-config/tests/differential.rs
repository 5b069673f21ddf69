//! Our answers and those of the official machinery to random questions, where Go is present.
//!
//! `TALOS_STACK_DEEP=1` asks twenty thousand and more, `TALOS_STACK_SEED` starts from another seed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use oracle::grammar::{Dice, Grammar};
use oracle::{Answer, aliases, damage, machinery};
use talos_config::document::Config;
use talos_config::tables::Line;

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

/// How many differences are shown of those that are found.
fn shown() -> usize {
    let set = std::env::var("TALOS_STACK_SHOW").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// Asks about all lines before it says what differs.
fn compare(test: &str, make: impl Fn(&Grammar, &mut Dice, &[String]) -> Answer) {
    let lines = oracle::lines();
    let found: Vec<String> = lines
        .flat_map(|line| compare_line(test, line, &make))
        .collect();
    let some: Vec<&str> = found.iter().take(shown()).map(String::as_str).collect();
    let some = some.join("\n=====\n");
    assert!(found.is_empty(), "{} differ:\n{some}", found.len());
}

/// Official machinery cannot read back what it wrote of a text that begins with an empty line: a
/// JSON patch of such a configuration fails (docs/talos-differences.md).
fn cannot_read_itself(answer: &Answer) -> bool {
    let blank = ["|2\n\n", "|2-\n\n", "|2+\n\n"];
    blank.iter().any(|blank| answer.config.contains(blank))
        && answer
            .error
            .starts_with("failure decoding talos machine config: ")
}

/// Marks within brackets and escapes that the reader of YAML takes otherwise (docs/talos-differences.md). What is refused for
/// them is told so.
fn reads_otherwise(answer: &Answer, difference: &str) -> bool {
    let refused = [
        "found unexpected ':'",
        "needs quotes within [ ]",
        "unknown escape character",
        "expected alphabetic or numeric character",
        "expected whitespace or line break",
    ];
    let official = &answer.error;
    refused.iter().any(|why| difference.contains(why))
        || difference.contains("expected node content") && answer.config.contains("...")
        || official.contains("unknown escape character") && answer.config.contains("\\/")
        || official.contains("did not find expected ','") && answer.config.contains('?')
        || difference.contains("\"\\\\n\\\"\", official") && difference.ends_with("|+\"")
}

/// What differs in one line.
fn compare_line(
    test: &str,
    line: Line,
    make: impl Fn(&Grammar, &mut Dice, &[String]) -> Answer,
) -> Vec<String> {
    let Some(program) = machinery::find(test, line) else {
        return Vec::new();
    };
    let grammar = Grammar::read(line);
    let bases = bases(line);
    let (mut accepted, mut differences) = (0, Vec::new());
    for batch in 0..batches() {
        let mut dice = Dice::new(seed() * 1_000_003 + batch);
        let questions: Vec<Answer> = (0..BATCH)
            .map(|_| make(&grammar, &mut dice, &bases))
            .collect();
        let answers = machinery::ask(&program, &questions);
        assert_eq!(answers.len(), questions.len());
        let good = answers.iter().filter(|answer| answer.error.is_empty());
        accepted += good.count();
        let fair = answers.iter().filter(|answer| !cannot_read_itself(answer));
        differences.extend(fair.filter_map(|answer| {
            let what = oracle::difference(answer, line)?;
            if reads_otherwise(answer, &what) {
                return None;
            }
            Some(format!(
                "Talos {line}: {what}\n--- config\n{}--- patches\n{}",
                answer.config,
                answer.patches.join("---\n")
            ))
        }));
    }
    // Where all is refused, nothing is compared.
    let asked = usize::try_from(batches()).unwrap() * BATCH;
    eprintln!("{test}, Talos {line}: {accepted} of {asked} are accepted");
    assert!(
        accepted * 10 > asked,
        "Talos {line}: only {accepted} of {asked} are accepted"
    );
    differences
}

/// What patches are tried on: texts that Talos loads.
fn bases(line: Line) -> Vec<String> {
    let answers = oracle::vectors(line).into_iter();
    let good = answers.filter(|answer| answer.error.is_empty());
    good.filter_map(|answer| match answer.op.as_str() {
        "load" => Some(answer.config),
        "generate" => Some(answer.output),
        _ => None,
    })
    .collect()
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

/// What the grammar never writes: blocks, comments, quotes and marks of YAML in odd places.
#[test]
fn damaged_texts_load_as_in_official_machinery() {
    compare("damaged texts", |_, dice, bases| {
        let fair = |base: &&String| base.len() < 2000 && !base.contains('\u{feff}');
        let short: Vec<&String> = bases.iter().filter(fair).collect();
        let base = short[dice.below(short.len())];
        Answer {
            op: "load".into(),
            config: damage::damaged(dice, base),
            ..Answer::default()
        }
    });
}

#[test]
fn random_documents_validate_as_in_official_machinery() {
    compare("random validation", |grammar, dice, _| {
        let fullness = dice.pick(&[&5, &20]).to_owned();
        let count = 1 + dice.below(3);
        let documents: Vec<String> = (0..count)
            .map(|_| grammar.document(dice, fullness, false))
            .collect();
        let text = documents.join("---\n");
        // As Talos writes it: it tells an empty list from none only until then.
        let written = Config::load(&text, grammar.line).map(|config| config.emit());
        Answer {
            op: "validate".into(),
            config: written.unwrap_or(text),
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

/// Up to three JSON patches in a row, at times with a strategic one among them.
#[test]
fn random_json_patches_apply_as_in_official_machinery() {
    compare("random JSON patches", |grammar, dice, bases| {
        // A `yes` becomes `true` on the way through JSON: docs/talos-differences.md.
        let single: Vec<&String> = bases
            .iter()
            .filter(|base| {
                !(base.contains("---") || base.contains("extraArgs") && base.contains(": yes"))
            })
            .collect();
        let config = loop {
            let config = single[dice.below(single.len())];
            // Keys that are no text lead to no pointers.
            if talos_config::yaml::parse(config).is_ok() {
                break config.clone();
            }
        };
        let mut patches = grammar.json_patches(dice, &config);
        if dice.chance(20) {
            let at = dice.below(patches.len() + 1);
            patches.insert(at, grammar.document(dice, 3, true));
        }
        Answer {
            op: "patch".into(),
            config,
            patches,
            ..Answer::default()
        }
    });
}

/// Few and narrow ones, because the newest line of Talos reads them without a limit.
#[test]
fn random_aliases_and_merge_keys_load_as_in_official_machinery() {
    compare("random aliases", |_, dice, _| {
        let (levels, width) = (1 + dice.below(6), 1 + dice.below(3));
        Answer {
            op: "load".into(),
            config: aliases::config(dice, levels, width),
            ..Answer::default()
        }
    });
}

/// How far aliases and merge keys may grow: the last that is accepted, and the first that is not.
#[test]
fn growing_aliases_are_refused_where_official_machinery_refuses_them() {
    // The newest line has no limit.
    for line in oracle::lines().filter(|line| *line < Line::V1_14) {
        let Some(program) = machinery::find("growing aliases", line) else {
            continue;
        };
        let questions: Vec<Answer> = (1..60)
            .flat_map(|width| [aliases::growing(2, width), aliases::growing(3, width)])
            .flatten()
            .map(|config| Answer {
                name: config.lines().nth(4).unwrap_or_default().to_owned(),
                op: "load".into(),
                config,
                ..Answer::default()
            })
            .collect();
        compare_answers(&program, &questions, line);
    }
}

/// The texts that official machinery tests itself with, as they are in the module cache.
#[test]
fn official_test_data_loads_as_in_official_machinery() {
    for line in oracle::lines() {
        let Some(program) = machinery::find("official test data", line) else {
            continue;
        };
        let texts = machinery::test_data(line);
        assert!(
            texts.len() > 100,
            "{line}: only {} files found",
            texts.len()
        );
        let questions: Vec<Answer> = texts
            .into_iter()
            .flat_map(|(name, config)| {
                ["load", "validate"].map(|op| Answer {
                    name: name.clone(),
                    op: op.into(),
                    config: config.clone(),
                    ..Answer::default()
                })
            })
            .collect();
        compare_answers(&program, &questions, line);
    }
}

/// Each text of the official tests as a patch of each generated configuration.
#[test]
fn official_test_data_patches_as_in_official_machinery() {
    for line in oracle::lines() {
        let Some(program) = machinery::find("official patches", line) else {
            continue;
        };
        let bases: Vec<String> = oracle::vectors(line)
            .into_iter()
            .filter(|answer| answer.op == "generate" && answer.error.is_empty())
            .map(|answer| answer.output)
            .take(4)
            .collect();
        let questions: Vec<Answer> = machinery::test_data(line)
            .into_iter()
            // A patch without white space is the name of a file to official machinery.
            .filter(|(_, text)| text.contains('\n'))
            .flat_map(|(name, patch)| {
                bases.iter().map(move |base| Answer {
                    name: name.clone(),
                    op: "patch".into(),
                    config: base.clone(),
                    patches: vec![patch.clone()],
                    ..Answer::default()
                })
            })
            .collect();
        compare_answers(&program, &questions, line);
    }
}

fn compare_answers(program: &std::path::Path, questions: &[Answer], line: Line) {
    let answers = machinery::ask(program, questions);
    assert_eq!(answers.len(), questions.len());
    let differences: Vec<String> = answers
        .iter()
        .filter_map(|answer| oracle::difference(answer, line))
        .collect();
    assert!(
        differences.is_empty(),
        "Talos {line}: {} of {} differ:\n{}",
        differences.len(),
        answers.len(),
        differences.join("\n")
    );
}

#[test]
fn vectors_are_those_that_the_oracle_makes() {
    for line in oracle::lines() {
        let Some(program) = machinery::find("vectors", line) else {
            continue;
        };
        let (fresh, kept) = (machinery::vectors(&program, line), oracle::text(line));
        let differs = fresh.lines().zip(kept.lines()).position(|(a, b)| a != b);
        assert_eq!(
            differs, None,
            "Talos {line}: the vectors are out of date: see acceptance-tests/oracle/README.md"
        );
        assert_eq!(fresh.lines().count(), kept.lines().count());
    }
}

#[test]
fn tables_are_those_that_the_oracle_writes() {
    for line in oracle::lines() {
        let Some(program) = machinery::find("tables", line) else {
            continue;
        };
        let kept = format!(
            "{}/src/tables/talos-1.{}.txt",
            env!("CARGO_MANIFEST_DIR"),
            line.minor()
        );
        assert_eq!(
            machinery::tables(&program),
            std::fs::read_to_string(kept).unwrap(),
            "Talos {line}: the tables are out of date: see acceptance-tests/oracle/README.md"
        );
    }
}
