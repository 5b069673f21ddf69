//! What merging a large configuration and generating many costs. `cargo xtask bench` runs this
//! beside the official machinery.
//!
//! `bench questions` writes the work as questions in the oracle's form; `bench answer RUNS` reads
//! them and writes, for those of each sort, what answering them all costs.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "../tests/oracle/mod.rs"]
mod oracle;

use std::io::BufRead as _;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use oracle::Answer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use talos_config::tables::Line;

/// The line of the oracle that the bench is compared with.
const LINE: Line = Line::V1_12;
/// Machines of one plan.
const MACHINES: usize = 100;
/// Bytes of the configuration that is merged.
const LARGE: usize = 1_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["questions"] => questions(),
        ["answer", runs] => answer(runs.parse().unwrap()),
        _ => panic!("usage: bench questions|answer RUNS"),
    }
}

fn questions() {
    let patches = [
        "machine: {sysctls: {net.core.somaxconn: \"65535\"}, nodeLabels: {zone: a}}\n",
        "cluster: {inlineManifests: [{name: namespace, contents: \"kind: Namespace\\n\"}]}\n",
    ];
    let merge = json!({"name": "merge", "op": "patch", "config": large(), "patches": patches});
    println!("{merge}");
    for machine in 0..MACHINES {
        println!("{}", generate(machine));
    }
}

/// A control plane's configuration with inline manifests, as large clusters have it.
fn large() -> String {
    let question: Answer = serde_json::from_value(generate(0)).unwrap();
    let base = oracle::ours(&question, LINE).unwrap();
    let manifest = manifest();
    // Within the configuration each line is indented.
    let size = manifest.len() + 16 * manifest.lines().count();
    let count = (LARGE - base.len()) / size;
    let list: Vec<Value> = (0..count)
        .map(|number| json!({"name": format!("manifest-{number}"), "contents": manifest}))
        .collect();
    let patch = json!({"cluster": {"inlineManifests": list}}).to_string();
    let question = Answer {
        op: "patch".into(),
        config: base,
        patches: vec![patch],
        ..Answer::default()
    };
    oracle::ours(&question, LINE).unwrap()
}

/// Some twenty kilobytes of a custom resource's schema.
fn manifest() -> String {
    let head = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things.example.com\nspec:\n  properties:\n";
    let property = |number: usize| {
        format!(
            "    field{number}:\n      description: |-\n        What the field is for, in a sentence or two, as generators write it: \"quoted\" and 'so'.\n        More: https://example.com/docs#field{number}\n      type: string\n"
        )
    };
    (0..80)
        .map(property)
        .fold(head.to_owned(), |text, more| text + &more)
}

fn generate(machine: usize) -> Value {
    let role = if machine < 3 {
        "controlplane"
    } else {
        "worker"
    };
    json!({
        "name": format!("generate {machine}"),
        "op": "generate",
        "generate": {
            "cluster_name": "bench",
            "endpoint": "https://10.0.0.10:6443",
            "role": role,
            "contract": "v1.12",
            "kubernetes_version": "1.35.6",
            "install_disk": "/dev/sda",
            "install_image": "ghcr.io/siderolabs/installer:v1.12.6",
            "cert_sans": ["10.0.0.10", format!("node{machine}.example.com")],
            "registry_mirrors": {"docker.io": ["https://mirror.example.com"]},
        },
    })
}

/// Questions of one sort follow each other.
fn answer(runs: usize) {
    let mut sorts: Vec<Vec<Answer>> = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let question: Answer = serde_json::from_str(&line.unwrap()).unwrap();
        match sorts.last_mut() {
            Some(sort) if sort[0].op == question.op => sort.push(question),
            _ => sorts.push(vec![question]),
        }
    }
    // The bundle is there before the clock starts, as it is for the oracle.
    let _ = oracle::bundle();
    for sort in &sorts {
        println!("{}", measure(sort, runs));
    }
}

fn measure(questions: &[Answer], runs: usize) -> Value {
    let (mut cpus, mut walls, mut digest) = (Vec::new(), Vec::new(), String::new());
    for _ in 0..runs {
        let (cpu, wall) = (processor_time(), Instant::now());
        let mut hash = Sha256::new();
        for question in questions {
            hash.update(oracle::ours(question, LINE).unwrap());
        }
        walls.push(wall.elapsed().as_nanos());
        cpus.push(processor_time() - cpu);
        digest = hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
    json!({
        "op": questions[0].op,
        "questions": questions.len(),
        "cpu": median(cpus),
        "wall": median(walls),
        "digest": digest,
    })
}

fn median(mut values: Vec<u128>) -> u64 {
    values.sort_unstable();
    u64::try_from(values[values.len() / 2]).unwrap()
}

/// What the process has used so far, in nanoseconds.
fn processor_time() -> u128 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let times = [usage.user_time(), usage.system_time()];
    let micros: i64 = times
        .iter()
        .map(|t| t.tv_sec() * 1_000_000 + t.tv_usec())
        .sum();
    u128::try_from(micros).unwrap() * 1000
}
