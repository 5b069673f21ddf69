//! The oracle itself: built where Go is, and asked in batches.
#![allow(clippy::print_stderr)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::{Answer, folder};

/// The built oracle, or `None` where there is no Go; then the skipped test is counted.
pub fn find(test: &str) -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = BUILT.get_or_init(build).as_deref();
    if found.is_none() {
        skip(&format!("{test}: there is no Go here"));
    }
    found
}

fn build() -> Option<PathBuf> {
    Command::new("go").arg("version").output().ok()?;
    let cache = cache();
    let program = cache.join("oracle");
    let output = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(source())
        .env("GOCACHE", cache.join("gocache"))
        .env("GOMODCACHE", cache.join("gomod"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the oracle does not build: {errors}"
    );
    Some(program)
}

fn source() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../acceptance-tests/oracle")
}

/// Where the tools of the acceptance tests are cached too.
fn cache() -> PathBuf {
    let set = |name| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let root = set("TALOS_STACK_CACHE")
        .or_else(|| set("XDG_CACHE_HOME"))
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    root.join("talos-stack/oracle-build")
}

/// `cargo xtask test` counts these.
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
    let Some(path) = std::env::var_os("TALOS_STACK_SKIPS") else {
        return;
    };
    if let Ok(mut list) = std::fs::File::options()
        .create(true)
        .append(true)
        .open(path)
    {
        let _ = writeln!(list, "{reason}");
    }
}

/// What the oracle answers to each question, in order.
pub fn ask(program: &Path, questions: &[Answer]) -> Vec<Answer> {
    let input: String = questions
        .iter()
        .map(|q| serde_json::to_string(q).unwrap() + "\n")
        .collect();
    converse(program, input)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The vectors as the oracle makes them now: requests from the case files, answered.
pub fn vectors(program: &Path) -> String {
    let requests = Command::new(program)
        .args(["cases", "-secrets"])
        .arg(folder().join("secrets.yaml"))
        .arg(source().join("cases"))
        .output()
        .unwrap();
    assert!(
        requests.status.success(),
        "{}",
        String::from_utf8_lossy(&requests.stderr)
    );
    converse(program, String::from_utf8(requests.stdout).unwrap())
}

fn converse(program: &Path, input: String) -> String {
    let mut child = Command::new(program)
        .args(["run", "-secrets"])
        .arg(folder().join("secrets.yaml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The oracle answers while it reads: somebody must listen at the same time.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let mut output = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        output.push_str(&line.unwrap());
        output.push('\n');
    }
    writer.join().unwrap().unwrap();
    assert!(child.wait().unwrap().success());
    output
}

/// Names and texts of the YAML files in the machinery's own `testdata` folders.
pub fn test_data() -> Vec<(String, String)> {
    let root = cache().join("gomod/github.com/siderolabs/talos/pkg/machinery@v1.12.6/config");
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_yaml = path.extension().is_some_and(|e| e == "yaml");
            if path.is_dir() {
                folders.push(path);
            } else if is_yaml && path.components().any(|c| c.as_os_str() == "testdata") {
                found.push((
                    path.display().to_string(),
                    std::fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    found.sort();
    found
}
