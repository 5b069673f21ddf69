//! The oracle itself: built where Go is, and asked in batches.
#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use talos_config::tables::Line;

use super::{Answer, LINES, folder};

/// The built oracle of a line, or `None` where there is no Go; then the skipped test is counted.
pub fn find(test: &str, line: Line) -> Option<PathBuf> {
    static BUILT: Mutex<BTreeMap<Line, Option<PathBuf>>> = Mutex::new(BTreeMap::new());
    // One build at a time: they share most packages.
    let mut built = BUILT.lock().unwrap();
    let found = built.entry(line).or_insert_with(|| build(line)).clone();
    if found.is_none() {
        skip(&format!("{test}, Talos {line}: there is no Go here"));
    }
    found
}

fn build(line: Line) -> Option<PathBuf> {
    Command::new("go").arg("version").output().ok()?;
    let cache = cache();
    let minor = line.minor();
    let program = cache.join(format!("oracle-1.{minor}"));
    let output = Command::new("go")
        .arg("build")
        .arg(format!("-modfile=lines/talos-1.{minor}.mod"))
        .arg(format!("-tags=talos_1_{minor}"))
        .arg("-o")
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

/// Cases of all lines, then those of this line and older ones.
fn case_folders(line: Line) -> Vec<PathBuf> {
    let cases = source().join("cases");
    let own = LINES
        .iter()
        .filter(|(other, _)| *other <= line)
        .map(|(other, _)| cases.join(format!("1.{}", other.minor())))
        .filter(|folder| folder.is_dir());
    std::iter::once(cases.clone()).chain(own).collect()
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
pub fn vectors(program: &Path, line: Line) -> String {
    let requests = Command::new(program)
        .args(["cases", "-secrets"])
        .arg(folder().join("secrets.yaml"))
        .args(case_folders(line))
        .output()
        .unwrap();
    assert!(
        requests.status.success(),
        "{}",
        String::from_utf8_lossy(&requests.stderr)
    );
    converse(program, String::from_utf8(requests.stdout).unwrap())
}

/// The document tables of the line.
pub fn tables(program: &Path) -> String {
    let output = Command::new(program).arg("tables").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
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
pub fn test_data(line: Line) -> Vec<(String, String)> {
    let (_, version) = LINES.iter().find(|(l, _)| *l == line).unwrap();
    let root = cache().join(format!(
        "gomod/github.com/siderolabs/talos/pkg/machinery@v{version}/config"
    ));
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Others stand in folders of the fuzzer and have no extension.
            let is_text = path
                .extension()
                .is_none_or(|e| e == "yaml" || e == "test" || e == "json");
            if path.is_dir() {
                folders.push(path);
            } else if is_text && path.components().any(|c| c.as_os_str() == "testdata") {
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
