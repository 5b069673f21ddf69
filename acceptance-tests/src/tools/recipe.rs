//! What is known of a tool: how it is found on PATH, and what a build of it needs.

use super::table::RECIPES;

/// A program that tests, the demo or the machines run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each variant is the program of that name")]
pub enum Tool {
    Machined,
    Containerd,
    ContainerdShim,
    Etcd,
    Pause,
    Kubelet,
    KubeApiserver,
    KubeControllerManager,
    KubeScheduler,
    Kwok,
    FluxOperator,
    SourceController,
    KustomizeController,
    Kubectl,
    Talosctl,
    Tofu,
    Terragrunt,
    /// The last generation of terragrunt that has `run-all`.
    Terragrunt089,
    Terraform,
    /// bpg/proxmox, a provider for Proxmox VE that is not ours.
    BpgProxmox,
}

/// Which program of that name found on PATH will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPath {
    /// None: only our own build has what is needed, or knows to be static.
    Never,
    /// Any of at least this major and minor version.
    AtLeast(u32, u32),
    /// Only this major and minor version.
    Exactly(u32, u32),
}

/// A change to a module's source without which the program fails on some hosts.
/// It is made to a copy in the cache only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Go module that the file is part of.
    pub module: &'static str,
    /// Path of the file in the module.
    pub file: &'static str,
    /// Text that must occur exactly once.
    pub from: &'static str,
    /// Text that takes its place.
    pub to: &'static str,
    /// Ends the name of the patched binary, so that both builds can be cached.
    pub suffix: &'static str,
}

/// A file that a program embeds and that its published module lacks.
/// It is added to a copy in the cache only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Go module that the file shall be part of.
    pub module: &'static str,
    /// Path of the file in the module.
    pub file: &'static str,
    /// Its content.
    pub text: &'static str,
}

/// How one tool is found or built.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// The tool that this describes.
    pub tool: Tool,
    /// File name of the program.
    pub name: &'static str,
    /// Version that is built, without a `v`.
    pub version: &'static str,
    /// Folder of the Go module below `acceptance-tests/tools`.
    pub folder: &'static str,
    /// Go package of the program.
    pub package: &'static str,
    /// Go build tags.
    pub tags: &'static [&'static str],
    /// String variables that the linker sets.
    pub link: &'static [(&'static str, &'static str)],
    /// What on PATH may take the place of a build.
    pub on_path: OnPath,
    /// Arguments that make the program print its version.
    pub version_args: &'static [&'static str],
    /// Source change for hosts without CAP_SYS_RESOURCE.
    pub without_sys_resource: Option<Patch>,
    /// File without which the published module does not build.
    pub added: Option<Added>,
    /// Module, and files and folders of its source that are needed at run time.
    pub assets: Option<(&'static str, &'static [&'static str])>,
}

impl Recipe {
    /// Name and version, for people.
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// What may be done instead of building it, to follow an advice; empty where nothing can.
    pub fn instead(&self) -> String {
        match self.on_path {
            OnPath::Never => String::new(),
            _ => format!(", or put {} on PATH", self.title()),
        }
    }
}

impl Tool {
    /// How this tool is found or built.
    pub fn recipe(self) -> &'static Recipe {
        // The table has each variant (a test checks it), so the fallback is never taken.
        RECIPES
            .iter()
            .find(|recipe| recipe.tool == self)
            .unwrap_or(&RECIPES[0])
    }

    /// All tools, in building order.
    pub fn all() -> Vec<Self> {
        RECIPES.iter().map(|recipe| recipe.tool).collect()
    }
}
