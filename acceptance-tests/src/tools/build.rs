//! Builds a tool with Go, with caches of its own.

use super::find::{assets_path, cached_path, which};
use super::{Added, Patch, Recipe, ToolError};
use crate::cache;
use crate::progress::Progress;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Waits until no other process builds tools; the lock ends with the returned file.
pub(super) fn lock() -> Result<fs::File, ToolError> {
    let path = cache::root().join("build.lock");
    let io = |cause| ToolError::Io {
        what: "cannot lock",
        path: path.clone(),
        cause,
    };
    for folder in [cache::root(), cache::tools()] {
        fs::create_dir_all(&folder).map_err(|cause| ToolError::Io {
            what: "cannot create",
            path: folder,
            cause,
        })?;
    }
    let file = fs::File::create(&path).map_err(io)?;
    file.lock().map_err(io)?;
    Ok(file)
}

/// Builds the tool of `recipe` into the cache, with its assets.
pub(super) fn build(recipe: &'static Recipe, progress: &mut dyn Progress) -> Result<(), ToolError> {
    if which("go").is_none() {
        return Err(ToolError::GoMissing { recipe });
    }
    progress.line(&format!("building {} {} …", recipe.name, recipe.version));
    let started = Instant::now();
    let module = module_folder(recipe);
    let patch = recipe
        .without_sys_resource
        .filter(|_| !super::has_sys_resource());
    let modfile = match (patch, recipe.added) {
        (Some(patch), _) => Some(changed_modfile(recipe, patch.module, |source| {
            replace_once(source, &patch)
        })?),
        (None, Some(added)) => Some(changed_modfile(recipe, added.module, |source| {
            add_file(source, &added)
        })?),
        (None, None) => None,
    };
    let target = cached_path(recipe);
    let unfinished = target.with_file_name(format!(".{}-{}", recipe.name, std::process::id()));

    let mut command = go(recipe);
    command.args([
        "build",
        "-trimpath",
        "-tags",
        &recipe.tags.join(","),
        "-ldflags",
        &linker_flags(recipe),
        "-o",
    ]);
    command.arg(&unfinished);
    if let Some(file) = &modfile {
        command.arg("-modfile").arg(file);
    }
    run(command.arg(recipe.package).current_dir(module), recipe)?;
    copy_assets(recipe)?;
    // Renamed last, so that a cached binary is always a finished one.
    fs::rename(&unfinished, &target).map_err(|cause| ToolError::Io {
        what: "cannot name",
        path: target,
        cause,
    })?;
    progress.line(&format!(
        "built {} {} in {} s",
        recipe.name,
        recipe.version,
        started.elapsed().as_secs()
    ));
    Ok(())
}

/// Frees the gigabytes that the builds left behind.
pub(super) fn remove_caches(progress: &mut dyn Progress) -> Result<(), ToolError> {
    let folder = cache::build();
    if folder.is_dir() {
        progress.line("removing the build caches of Go");
        fs::remove_dir_all(&folder).map_err(|cause| ToolError::Io {
            what: "cannot remove",
            path: folder,
            cause,
        })?;
    }
    Ok(())
}

fn module_folder(recipe: &'static Recipe) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tools")
        .join(recipe.folder)
}

fn go(recipe: &'static Recipe) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(module_folder(recipe))
        .env("GOCACHE", cache::build().join("gocache"))
        .env("GOMODCACHE", cache::build().join("gomod"))
        // -modcacherw: otherwise only root could remove the module cache.
        .env("GOFLAGS", "-mod=readonly -modcacherw -buildvcs=false")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", "0");
    command
}

fn linker_flags(recipe: &'static Recipe) -> String {
    let variables = recipe
        .link
        .iter()
        .map(|(name, value)| format!(" -X {name}={value}"));
    std::iter::once("-s -w".to_owned())
        .chain(variables)
        .collect()
}

fn run(command: &mut Command, recipe: &'static Recipe) -> Result<String, ToolError> {
    let output = command.output().map_err(|cause| ToolError::Io {
        what: "cannot run",
        path: PathBuf::from("go"),
        cause,
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    match refusal(&text) {
        Some(line) => Err(ToolError::Refused { recipe, line }),
        None => Err(ToolError::Build {
            recipe,
            output: last_lines(&text, 15),
        }),
    }
}

/// The line in which Go says that the module proxy has something not, or cannot be reached.
fn refusal(text: &str) -> Option<String> {
    const SIGNS: [&str; 6] = [
        "403 Forbidden",
        "404 Not Found",
        "410 Gone",
        "This module version is not available",
        "dial tcp",
        "module lookup disabled",
    ];
    text.lines()
        .find(|line| SIGNS.iter().any(|sign| line.contains(sign)))
        .map(|line| line.trim().to_owned())
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("go: downloading"))
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Folder of `module`'s source in the module cache, downloaded when it is not there.
fn module_source(recipe: &'static Recipe, module: &str) -> Result<PathBuf, ToolError> {
    run(go(recipe).args(["mod", "download", module]), recipe)?;
    run(
        go(recipe).args(["list", "-m", "-f", "{{.Dir}}", module]),
        recipe,
    )
    .map(PathBuf::from)
}

/// Copies `module` into the cache, changes the copy, and returns a go.mod that points there.
fn changed_modfile(
    recipe: &'static Recipe,
    module: &'static str,
    change: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, ToolError> {
    let failed = |cause: String| ToolError::Patch { recipe, cause };
    let folder = cache::build()
        .join("patched")
        .join(format!("{}-{}", recipe.name, recipe.version));
    let source = folder.join("source");
    let _ = fs::remove_dir_all(&folder);
    copy_folder(&module_source(recipe, module)?, &source).map_err(|e| failed(e.to_string()))?;
    change(&source).map_err(failed)?;

    let modfile = folder.join("go.mod");
    for name in ["go.mod", "go.sum"] {
        fs::copy(module_folder(recipe).join(name), folder.join(name))
            .map_err(|e| failed(e.to_string()))?;
    }
    let replace = format!("-replace={module}={}", source.display());
    run(
        go(recipe).args(["mod", "edit", &replace]).arg(&modfile),
        recipe,
    )?;
    Ok(modfile)
}

fn replace_once(source: &Path, patch: &Patch) -> Result<(), String> {
    let file = source.join(patch.file);
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", patch.file))?;
    if text.matches(patch.from).count() != 1 {
        return Err(format!(
            "{} does not have `{}` exactly once",
            patch.file, patch.from
        ));
    }
    fs::write(&file, text.replace(patch.from, patch.to)).map_err(|e| e.to_string())
}

fn add_file(source: &Path, added: &Added) -> Result<(), String> {
    let file = source.join(added.file);
    let folder = file.parent().unwrap_or(source);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, added.text))
        .map_err(|e| format!("{}: {e}", added.file))
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

fn copy_assets(recipe: &'static Recipe) -> Result<(), ToolError> {
    let Some((module, files)) = recipe.assets else {
        return Ok(());
    };
    let source = module_source(recipe, module)?;
    let folder = assets_path(recipe);
    let io = |cause| ToolError::Io {
        what: "cannot fill",
        path: folder.clone(),
        cause,
    };
    fs::create_dir_all(&folder).map_err(io)?;
    for file in files {
        let file = source.join(file);
        let target = folder.join(file.file_name().unwrap_or_default());
        if file.is_dir() {
            copy_folder(&file, &target).map_err(io)?;
        } else {
            fs::write(target, fs::read(&file).map_err(io)?).map_err(io)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::ToolError;
    use super::{add_file, last_lines, linker_flags, refusal};
    use crate::tools::Tool;

    #[test]
    fn a_refusal_of_the_module_proxy_is_told_from_a_compile_error() {
        let refused = "go: downloading a v1\ngo: b@v2: reading b.info: 403 Forbidden\n";
        assert_eq!(
            refusal(refused).as_deref(),
            Some("go: b@v2: reading b.info: 403 Forbidden")
        );
        assert_eq!(refusal("x.go:1:2: undefined: y"), None);
    }

    #[test]
    fn the_cure_offers_path_only_where_path_is_looked_at() {
        let error = |tool: Tool| {
            ToolError::GoMissing {
                recipe: tool.recipe(),
            }
            .to_string()
        };
        assert!(error(Tool::Tofu).ends_with("or later, or put tofu 1.12.6 on PATH"));
        assert!(error(Tool::Etcd).ends_with("install Go 1.26.6 or later"));
    }

    #[test]
    fn a_file_that_the_module_lacks_is_added_with_its_folders() {
        let source = tempfile::tempdir().unwrap();
        let added = Tool::FluxOperator.recipe().added.unwrap();
        add_file(source.path(), &added).unwrap();
        let text = std::fs::read_to_string(source.path().join("web/dist/index.html")).unwrap();
        assert_eq!(text, added.text);
    }

    #[test]
    fn the_end_of_a_long_build_log_is_kept_without_downloads() {
        assert_eq!(last_lines("go: downloading a\nb\nc\nd", 2), "c\nd");
    }

    #[test]
    fn variables_are_set_by_the_linker() {
        let flags = linker_flags(Tool::Tofu.recipe());
        assert_eq!(
            flags,
            "-s -w -X github.com/opentofu/opentofu/version.dev=no"
        );
    }
}
