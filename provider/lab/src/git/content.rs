//! The repository: made once from a folder, or with content of the lab's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::age::Identity;
use super::sops::{Entropy, Plain, encrypt};

/// The repository's name, and the path in it that a cluster follows.
pub(super) const NAME: &str = "home-ops.git";
pub(super) const PATH: &str = "clusters/cluster-101";
/// What the encrypted secret of the lab's own content holds.
const SECRET: (&str, &str) = ("greeting", "the lab keeps a secret");

/// What is kept of the git host.
pub(super) struct Kept {
    /// The folder of repositories.
    pub root: PathBuf,
    /// The key that decrypts the content.
    pub key_file: PathBuf,
}

/// Takes up the repository of a folder, or makes it.
///
/// # Errors
/// A file cannot be written, or git refuses.
pub(super) fn prepare(folder: &Path, source: Option<&Path>) -> Result<Kept, String> {
    let kept = Kept {
        root: folder.join("repositories"),
        key_file: folder.join("age.agekey"),
    };
    let failed = |error: std::io::Error| format!("cannot use {}: {error}", folder.display());
    fs::create_dir_all(&kept.root).map_err(failed)?;
    let identity = match fs::read_to_string(&kept.key_file) {
        Ok(text) => Identity::read(&text)?,
        Err(_) => {
            let identity = Identity::make(&mut Entropy::real()?);
            fs::write(&kept.key_file, identity.file()).map_err(failed)?;
            identity
        }
    };
    let repository = kept.root.join(NAME);
    if repository.join("HEAD").exists() {
        return Ok(kept);
    }
    let tree = tempfile::tempdir().map_err(failed)?;
    match source {
        Some(source) => copy(source, tree.path())
            .map_err(|error| format!("cannot read {}: {error}", source.display()))?,
        None => write_content(tree.path(), &identity)?,
    }
    commit(tree.path(), &repository)?;
    Ok(kept)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == ".git" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A ConfigMap and a secret that only the lab's key opens.
fn write_content(tree: &Path, identity: &Identity) -> Result<(), String> {
    let folder = tree.join(PATH);
    let plain = Plain {
        name: "lab-secret",
        namespace: "default",
        values: &[SECRET],
    };
    let secret = encrypt(&plain, &identity.recipient(), &mut Entropy::real()?)?;
    let files = [
        ("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - settings.yaml\n  - secret.sops.yaml\n".to_owned()),
        ("settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: lab-settings\n  namespace: default\ndata:\n  cluster: cluster-101\n".to_owned()),
        ("secret.sops.yaml", secret),
    ];
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    for (name, text) in files {
        fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(())
}

/// Makes a bare repository with one commit on `main`.
fn commit(tree: &Path, repository: &Path) -> Result<(), String> {
    let unfinished = repository.with_extension("new");
    // Left by a lab that was killed here.
    let _ = fs::remove_dir_all(&unfinished);
    let bare = unfinished.display().to_string();
    git(
        tree,
        &["init", "--quiet", "--bare", "--initial-branch=main", &bare],
    )?;
    let own = [format!("--git-dir={bare}"), "--work-tree=.".to_owned()];
    let with = |rest: &[&'static str]| {
        let all: Vec<&str> = own
            .iter()
            .map(String::as_str)
            .chain(rest.iter().copied())
            .collect();
        git(tree, &all)
    };
    with(&["add", "--all", "."])?;
    with(&["commit", "--quiet", "--allow-empty", "--message=first"])?;
    fs::rename(&unfinished, repository)
        .map_err(|error| format!("cannot name {}: {error}", repository.display()))
}

/// Runs git with nothing of the person's own settings.
fn git(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs([
            ("GIT_AUTHOR_NAME", "lab"),
            ("GIT_AUTHOR_EMAIL", "lab@lab.test"),
            ("GIT_COMMITTER_NAME", "lab"),
            ("GIT_COMMITTER_EMAIL", "lab@lab.test"),
        ])
        .output()
        .map_err(|error| format!("cannot run git: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "git {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_made_once_and_keeps_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let kept = prepare(folder.path(), None).unwrap();
        let key = fs::read_to_string(&kept.key_file).unwrap();
        let head = || {
            let log = Command::new("git")
                .args([
                    "--git-dir",
                    kept.root.join(NAME).to_str().unwrap(),
                    "log",
                    "--name-only",
                    "--format=%H",
                ])
                .output()
                .unwrap();
            String::from_utf8(log.stdout).unwrap()
        };
        let before = head();
        assert!(before.contains(&format!("{PATH}/secret.sops.yaml")));
        prepare(folder.path(), None).unwrap();
        assert_eq!(head(), before);
        assert_eq!(fs::read_to_string(&kept.key_file).unwrap(), key);
    }

    #[test]
    fn a_folder_becomes_the_content() {
        let (folder, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(source.path().join("a/b")).unwrap();
        fs::write(source.path().join("a/b/c.yaml"), "kind: C\n").unwrap();
        let kept = prepare(folder.path(), Some(source.path())).unwrap();
        let repository = kept.root.join(NAME);
        let shown = Command::new("git")
            .args([
                "--git-dir",
                repository.to_str().unwrap(),
                "show",
                "main:a/b/c.yaml",
            ])
            .output()
            .unwrap();
        assert_eq!(shown.stdout, b"kind: C\n");
    }
}
