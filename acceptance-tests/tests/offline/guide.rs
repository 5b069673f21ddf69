//! docs/guides/own-cluster.md: its files make a cluster that plans offline, and secrets that exist already are taken over.

use acceptance_tests::progress::Stderr;
use acceptance_tests::stages::{self, Runner, Stage, Tree};
use acceptance_tests::worlds::said;
use std::fs;

use super::{all_stages, alone};

const GUIDE: &str = include_str!("../../../docs/guides/own-cluster.md");

/// Resources of every stage.
const RESOURCES: [&str; 8] = [
    "talos_secrets.cluster",
    "proxmox_talos_image.iso",
    "proxmox_talos_vm.node[\"wk1\"]",
    "talos_machine_apply.node[\"cp3\"]",
    "talos_machine_patch.node[\"wk1\"]",
    "talos_bootstrap.cluster",
    "flux_operator.this",
    "flux_instance.this",
];

/// Blocks whose fence names a file: path and text.
fn files() -> Vec<(&'static str, &'static str)> {
    let blocks = GUIDE.split("\n```").skip(1).step_by(2);
    blocks
        .filter_map(|block| {
            let (head, text) = block.split_once('\n')?;
            let (_, file) = head.split_once(' ')?;
            Some((file, text))
        })
        .collect()
}

/// The cluster of the guide, below `work`: what it says to remove is removed.
fn cluster(work: &std::path::Path) -> Tree {
    let tree = Tree::copy("cluster-101", &stages::plugin().unwrap(), work).unwrap();
    fs::remove_dir_all(tree.cluster().join("config/layers")).unwrap();
    let files = files();
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "cluster.hcl",
            "config/layers/all.yaml",
            "config/layers/node.yaml.tftpl"
        ]
    );
    for (name, text) in files {
        tree.write(name, text).unwrap();
    }
    tree
}

#[test]
fn the_cluster_of_the_guide_plans_offline() {
    let runner = Runner::current(&mut Stderr).unwrap();
    let work = tempfile::tempdir().unwrap();
    let tree = cluster(work.path());
    all_stages(&runner, &tree, &RESOURCES);

    // A private repository, and no SOPS.
    let stage = "flux-instance/terragrunt.hcl";
    let inputs = "inputs = {\n  decrypt = false\n  git_private = true\n  git_token = get_env(\"GIT_TOKEN\", \"mock\")";
    tree.edit(stage, "inputs = {", inputs).unwrap();
    let plan = tree.run(&runner, Stage::FluxInstance, &["plan"], &alone);
    let text = said(&plan.unwrap());
    assert!(
        text.contains("flux_instance.this will be created"),
        "{text}"
    );
    assert!(
        text.contains("+ git_auth") && !text.contains("+ sops"),
        "{text}"
    );
}

/// Both cores: the secrets come as an ephemeral variable.
#[test]
fn secrets_that_exist_already_are_taken_over() {
    for runner in [Runner::current(&mut Stderr), Runner::former(&mut Stderr)] {
        let runner = runner.unwrap();
        let work = tempfile::tempdir().unwrap();
        let tree = cluster(work.path());
        let id = |tree: &Tree| tree.output(Stage::Secrets, "cluster_id").unwrap();
        let secrets = |arguments: &[&str]| {
            let output = tree
                .run(&runner, Stage::Secrets, arguments, &alone)
                .unwrap();
            (output.status.success(), said(&output))
        };
        let applied = || {
            let (done, text) = secrets(&["apply", "-auto-approve"]);
            assert!(done, "{text}");
        };
        applied();
        let first = id(&tree);
        let text = tree.output(Stage::Secrets, "secrets_yaml").unwrap();
        fs::remove_file(tree.state_file(Stage::Secrets)).unwrap();

        tree.write("secrets/secrets.yaml", text.as_str().unwrap())
            .unwrap();
        let inputs = "inputs = {\n  secrets_yaml = file(\"${get_terragrunt_dir()}/secrets.yaml\")";
        tree.edit("secrets/terragrunt.hcl", "inputs = {", inputs)
            .unwrap();
        applied();
        assert_eq!(id(&tree), first);

        // Another file is refused; the same one changes nothing.
        let (done, text) = secrets(&["plan", "-detailed-exitcode"]);
        assert!(done, "{text}");
        fs::remove_file(tree.state_file(Stage::Secrets)).unwrap();
        tree.edit("secrets/terragrunt.hcl", inputs, "inputs = {")
            .unwrap();
        applied();
        tree.edit("secrets/terragrunt.hcl", "inputs = {", inputs)
            .unwrap();
        let (done, text) = secrets(&["plan"]);
        assert!(!done && text.contains("TS-SECRETS-CHANGE"), "{text}");
    }
}
