//! Finds the real tools, or builds them.
//!
//! In this order: on PATH in a version that will do, in `$KUBEBUILDER_ASSETS` (the servers of Kubernetes), in the
//! cache, and else a Go build from the module under `acceptance-tests/tools/<folder>`, whose go.sum pins every byte.

mod build;
mod find;
mod recipe;
mod table;

pub(crate) use find::{has_capability, which};
pub use recipe::{Added, OnPath, Patch, Recipe, Tool};
pub use table::RECIPES;

use crate::progress::Progress;
use std::path::PathBuf;

/// Where a tool came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder of PATH.
    Path,
    /// The folder that `KUBEBUILDER_ASSETS` names.
    KubebuilderAssets,
    /// Built by an earlier run.
    Cache,
    /// Built just now.
    Built,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Path => "PATH",
            Self::KubebuilderAssets => "KUBEBUILDER_ASSETS",
            Self::Cache => "cache",
            Self::Built => "built",
        })
    }
}

/// A tool that can be run.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Which tool this is.
    pub tool: Tool,
    /// File name of the program as people know it.
    pub name: &'static str,
    /// Version, without a `v`.
    pub version: String,
    /// The program.
    pub path: PathBuf,
    /// Where it came from.
    pub source: Source,
}

/// Why a tool cannot be had.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum ToolError {
    #[error(
        "{} must be built and `go` is not on PATH; install Go 1.26.6 or later{}",
        .recipe.title(), .recipe.instead()
    )]
    GoMissing { recipe: &'static Recipe },
    #[error(
        "{} cannot be built: the Go module proxy does not hand out a module it needs ({line}); \
         set GOPROXY to a proxy that has it{}",
        .recipe.title(), .recipe.instead()
    )]
    Refused {
        recipe: &'static Recipe,
        line: String,
    },
    #[error("{} does not build with `go build`; cure what Go says below{}\n{output}", .recipe.title(), .recipe.instead())]
    Build {
        recipe: &'static Recipe,
        output: String,
    },
    #[error("the source of {} cannot be changed as its build needs: {cause}", .recipe.title())]
    Patch {
        recipe: &'static Recipe,
        cause: String,
    },
    #[error("{what} {}: {cause}", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        cause: std::io::Error,
    },
}

/// Finds each of `tools`, building what is nowhere to be found, and returns them in the order asked for.
///
/// One process builds at a time. The build caches of Go (several GB) are removed once all builds succeeded.
///
/// # Errors
/// The first tool that cannot be had, with its cure; tools built before it stay cached.
pub fn ensure(tools: &[Tool], progress: &mut dyn Progress) -> Result<Vec<Ready>, ToolError> {
    let missing: Vec<_> = tools.iter().filter(|tool| find(**tool).is_none()).collect();
    let mut built = Vec::new();
    if !missing.is_empty() {
        let _lock = build::lock()?;
        for recipe in RECIPES
            .iter()
            .filter(|recipe| missing.contains(&&recipe.tool))
        {
            // Another process may have built it while this one waited for the lock.
            if find(recipe.tool).is_none() {
                build::build(recipe, progress)?;
                built.push(recipe.tool);
            }
        }
        build::remove_caches(progress)?;
    }
    tools.iter().map(|tool| found(*tool, &built)).collect()
}

/// Finds `tool` without building anything.
pub fn find(tool: Tool) -> Option<Ready> {
    let recipe = tool.recipe();
    find::on_path(recipe)
        .or_else(|| find::in_kubebuilder_assets(recipe))
        .or_else(|| find::in_cache(recipe))
}

fn found(tool: Tool, built: &[Tool]) -> Result<Ready, ToolError> {
    let mut ready = find(tool).ok_or_else(|| ToolError::Io {
        what: "the tool vanished from the cache while it was asked for:",
        path: find::cached_path(tool.recipe()),
        cause: std::io::ErrorKind::NotFound.into(),
    })?;
    if built.contains(&tool) {
        ready.source = Source::Built;
    }
    Ok(ready)
}

/// Folder of run-time files that came with the source of `tool` (see [`Recipe::assets`]).
pub fn assets(tool: Tool) -> PathBuf {
    find::assets_path(tool.recipe())
}

/// Whether this process may lower OOM scores, and with it whatever it starts.
pub fn has_sys_resource() -> bool {
    const CAP_SYS_RESOURCE: u32 = 24;
    find::has_capability(CAP_SYS_RESOURCE)
}
