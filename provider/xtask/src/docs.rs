//! `cargo xtask docs`: the registry's pages, from the schema that the built provider serves.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use framework::docs::{Texts, pages, schema_of};

use crate::workspace;

/// Name of the provider as registries know it, and of its program.
const PROVIDER: &str = "talos-stack";
const PROGRAM: &str = "terraform-provider-talos-stack";

/// Folders below docs/ that are generated as a whole; beside them only index.md is.
const GENERATED: &[&str] = &[
    "resources",
    "data-sources",
    "ephemeral-resources",
    "functions",
];

/// Options of `cargo xtask docs`.
#[derive(clap::Args)]
pub struct Args {
    /// Compare with what is checked in and fail on a difference, instead of writing.
    #[arg(long)]
    check: bool,
}

/// Writes or checks the pages.
pub fn run(args: &Args) -> Result<()> {
    let root = workspace::root()?;
    let schema = schema_of(&workspace::build("plugin", PROGRAM)?)?;
    let examples = texts(&root.join("examples"), "")?;
    let wanted = pages(PROVIDER, &schema, &examples);
    let docs = root.join("docs");
    let present = generated(&docs)?;
    if !args.check {
        return write(&docs, &present, &wanted);
    }
    let stale: Vec<&str> = wanted
        .iter()
        .filter(|(path, text)| present.get(*path) != Some(text))
        .map(|(path, _)| path.as_str())
        .chain(
            present
                .keys()
                .filter(|path| !wanted.contains_key(*path))
                .map(String::as_str),
        )
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    bail!(
        "these pages differ from the schema and the examples: {}; run `cargo xtask docs`",
        stale.join(", ")
    )
}

/// The generated pages that are there.
fn generated(docs: &Path) -> Result<Texts> {
    let mut found = Texts::new();
    for folder in GENERATED {
        found.extend(texts(&docs.join(folder), folder)?);
    }
    if let Ok(index) = fs::read_to_string(docs.join("index.md")) {
        found.insert("index.md".to_owned(), index);
    }
    Ok(found)
}

/// All text files below a folder, by path with `prefix` in front; none when the folder is missing.
fn texts(folder: &Path, prefix: &str) -> Result<Texts> {
    let mut found = Texts::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}/{name}")
        };
        if entry.path().is_dir() {
            found.extend(texts(&entry.path(), &path)?);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.insert(path, text);
        }
    }
    Ok(found)
}

fn write(docs: &Path, present: &Texts, wanted: &Texts) -> Result<()> {
    for path in present.keys().filter(|path| !wanted.contains_key(*path)) {
        fs::remove_file(docs.join(path)).with_context(|| format!("cannot remove docs/{path}"))?;
    }
    for (path, text) in wanted {
        let target = docs.join(path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&target, text).with_context(|| format!("cannot write docs/{path}"))?;
    }
    workspace::say(&format!("{} pages written to docs/", wanted.len()));
    Ok(())
}
