//! The read-only root file system that all machines share, as the Talos image would hold it.

use super::error::{RackError, run};
use crate::cache;
use crate::tools::{self, Ready, Tool};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Raised whenever what this file writes changes, so that cached roots of older code are not used.
const REVISION: &str = "1";

/// Programs that a root holds besides runc, which comes from the host.
pub(super) const TOOLS: [Tool; 3] = [Tool::Machined, Tool::Containerd, Tool::ContainerdShim];

/// Folders that must exist: mount points, and places where Talos looks for what may be absent.
const FOLDERS: [&str; 28] = [
    ".old",
    "bin",
    "sbin",
    "usr/bin",
    "usr/etc",
    "usr/lib/modules",
    "usr/libexec/kubernetes",
    "usr/local/lib/kubelet/credentialproviders",
    "usr/share/spdx",
    "etc/cni",
    "etc/containerd",
    "etc/cri/conf.d/hosts",
    "etc/iscsi",
    "etc/kubernetes",
    "etc/nvme",
    "etc/ssl/certs",
    "etc/udev/rules.d",
    "lib/modules",
    "lib64",
    "proc",
    "sys",
    "dev",
    "opt",
    "run",
    "system",
    "system/libexec",
    "tmp",
    "var",
];

/// Empty files over which Talos binds the ones that it renders.
const FILES: [&str; 14] = [
    "usr/etc/in-container",
    "etc/hosts",
    "etc/hostname",
    "etc/resolv.conf",
    "etc/machine-id",
    "etc/nfsmount.conf",
    "etc/localtime",
    "etc/nvme/hostid",
    "etc/nvme/hostnqn",
    "etc/iscsi/initiatorname.iscsi",
    "etc/cri/conf.d/01-registries.part",
    "etc/cri/conf.d/20-customization.part",
    "etc/cri/conf.d/cri.toml",
    "etc/cri/conf.d/base-spec.json",
];

/// Without CAP_SYS_RESOURCE runc cannot lower the OOM score of a container, and fails.
const KEEP_OOM_SCORES: &str =
    "\n[plugins.\"io.containerd.cri.v1.runtime\"]\n  restrict_oom_score_adj = true\n";

/// Returns the root for these tools from the cache, writing it first when it is not there.
pub(super) fn prepare(tools: &[Ready]) -> Result<PathBuf, RackError> {
    // One thread of this process at a time: they would write into one unfinished folder.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = cache::root().join("rootfs");
    let root = folder.join(key(tools));
    if root.is_dir() {
        return Ok(root);
    }
    fs::create_dir_all(&folder).map_err(RackError::file("create", &folder))?;
    let unfinished = folder.join(format!(".{}", std::process::id()));
    let _ = fs::remove_dir_all(&unfinished);
    write(&unfinished, tools)?;
    match fs::rename(&unfinished, &root) {
        // Another process was faster; its root is the same.
        Err(_) if root.is_dir() => {
            fs::remove_dir_all(&unfinished).map_err(RackError::file("remove", &unfinished))?
        }
        result => result.map_err(RackError::file("create", &root))?,
    }
    Ok(root)
}

/// A short name for what the root is made of.
fn key(tools: &[Ready]) -> String {
    let mut hash = Sha256::new();
    hash.update(REVISION);
    hash.update([u8::from(tools::has_sys_resource())]);
    for tool in tools {
        hash.update(format!("{}={};", tool.name, tool.version));
    }
    short(&hash.finalize())
}

/// The first bytes of a digest, in hexadecimal.
pub(super) fn short(digest: &[u8]) -> String {
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn write(root: &Path, tools: &[Ready]) -> Result<(), RackError> {
    for folder in FOLDERS {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).map_err(RackError::file("create", &folder))?;
    }
    for file in FILES {
        put(root, file, b"")?;
    }
    put(root, "etc/extensions.yaml", b"layers: []\n")?;
    for tool in tools {
        match tool.tool {
            Tool::Machined => {
                put(root, "etc/os-release", os_release(&tool.version).as_bytes())?;
                install(&tool.path, &root.join("sbin/init"))?;
            }
            _ => {
                install(&tool.path, &root.join("bin").join(tool.name))?;
                install(&tool.path, &root.join("usr/bin").join(tool.name))?;
            }
        }
    }
    let runc =
        tools::which("runc").ok_or_else(|| RackError::Use("runc is not on PATH".to_owned()))?;
    for target in ["bin/runc", "usr/bin/runc"] {
        install(&runc, &root.join(target))?;
    }
    for library in libraries(&runc)? {
        install(
            &library,
            &root.join(library.strip_prefix("/").unwrap_or(&library)),
        )?;
    }
    let certificates = Path::new("/etc/ssl/certs/ca-certificates.crt");
    put(
        root,
        "etc/ssl/certs/ca-certificates.crt",
        &fs::read(certificates).unwrap_or_default(),
    )?;
    container_settings(root)
}

fn os_release(version: &str) -> String {
    format!("NAME=\"Talos\"\nID=talos\nVERSION_ID=v{version}\n")
}

fn container_settings(root: &Path) -> Result<(), RackError> {
    let assets = tools::assets(Tool::Machined);
    let read = |name: &str| {
        let file = assets.join(name);
        fs::read_to_string(&file).map_err(RackError::file("read", &file))
    };
    put(
        root,
        "etc/containerd/config.toml",
        read("containerd.toml")?.as_bytes(),
    )?;
    put(
        root,
        "etc/cri/containerd.toml",
        read("cri-containerd.toml")?.as_bytes(),
    )?;
    let mut base = read("cri-plugin.part")?;
    if !tools::has_sys_resource() {
        base.push_str(KEEP_OOM_SCORES);
    }
    put(root, "etc/cri/conf.d/00-base.part", base.as_bytes())
}

fn put(root: &Path, name: &str, content: &[u8]) -> Result<(), RackError> {
    let file = root.join(name);
    fs::write(&file, content).map_err(RackError::file("write", &file))
}

/// Links `from` to `to` where both are on one file system, else copies.
fn install(from: &Path, to: &Path) -> Result<(), RackError> {
    if to.exists() {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(RackError::file("create", folder))?;
    }
    let from = fs::canonicalize(from).map_err(RackError::file("find", from))?;
    if fs::hard_link(&from, to).is_err() {
        fs::copy(&from, to).map_err(RackError::file("copy", &from))?;
    }
    Ok(())
}

/// Shared libraries that `program` loads, the loader included; none for a static program.
pub(super) fn libraries(program: &Path) -> Result<Vec<PathBuf>, RackError> {
    let Ok(text) = run("ldd", &[&program.to_string_lossy()]) else {
        return Ok(Vec::new());
    };
    let words = text.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(words
        .map(|word| PathBuf::from(word.trim_end_matches(':')))
        .collect())
}
