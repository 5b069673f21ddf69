//! Bindings of our own `.proto` files, generated without `protoc` and checked in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Options of `cargo xtask proto`.
#[derive(clap::Args)]
pub struct Args {
    /// Compare with what is checked in and fail on a difference, instead of writing.
    #[arg(long)]
    check: bool,
    /// Only these contracts (folder names below proto/); all when none is named.
    names: Vec<String>,
}

/// Generates or checks the bindings of each contract.
pub fn run(args: &Args) -> Result<()> {
    let root = crate_root();
    let names = if args.names.is_empty() {
        contracts(&root)?
    } else {
        args.names.clone()
    };
    let mut stale = Vec::new();
    for name in &names {
        let contract = root.join("proto").join(name);
        let generated = generate(&contract).with_context(|| format!("contract {name}"))?;
        let target = contract.join("src").join("generated");
        if !args.check {
            write(&target, &generated)?;
        } else if read(&target)? != generated {
            stale.push(name.as_str());
        }
    }
    if !stale.is_empty() {
        bail!(
            "bindings differ from their .proto text: {}; run `cargo xtask proto`",
            stale.join(", ")
        );
    }
    Ok(())
}

/// File name to content of one generated folder.
type Files = BTreeMap<String, String>;

fn crate_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn contracts(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("proto"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").exists() && !sources(&entry.path())?.is_empty() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The contract's `.proto` files, in a stable order.
fn sources(contract: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![contract.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("src") {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "proto") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn generate(contract: &Path) -> Result<Files> {
    let out = tempfile::tempdir()?;
    let descriptors = protox::compile(sources(contract)?, [contract])
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;
    tonic_prost_build::configure()
        .build_transport(false)
        .generate_default_stubs(true)
        .btree_map(".")
        .out_dir(out.path())
        .include_file("mod.rs")
        .compile_fds(descriptors)?;
    read(out.path())
}

fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        files.insert(name, fs::read_to_string(&path)?);
    }
    Ok(files)
}

fn write(folder: &Path, files: &Files) -> Result<()> {
    fs::create_dir_all(folder)?;
    for name in read(folder)?
        .keys()
        .filter(|name| !files.contains_key(*name))
    {
        fs::remove_file(folder.join(name))?;
    }
    for (name, text) in files {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
