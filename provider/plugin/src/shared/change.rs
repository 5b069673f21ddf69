//! A change of a machine's configuration, judged before it is made.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use talos_config::diff::Changes;
use talos_config::document::Config;
use talos_config::ownership::{self, Contradiction, Danger, Effect};
use talos_config::tables::Line;

use super::machine::Mode;
use super::{config_text, digest};

/// A map attribute of texts.
pub type TextMap = Field<BTreeMap<String, Field<String>>>;

/// As an attribute.
pub fn text_map(map: BTreeMap<String, String>) -> TextMap {
    Field::Known(
        map.into_iter()
            .map(|(key, value)| (key, Field::Known(value)))
            .collect(),
    )
}

/// Identity changes that nobody allowed are refused, each with the paths that pose it.
///
/// # Errors
/// One for each; only that of the cluster where it changes, because it brings the others with it.
pub fn refuse_dangers(
    node: &str,
    changes: &Changes,
    allowed: &Field<BTreeSet<String>>,
) -> Result<(), Diagnostics> {
    refuse_wipe(node, changes)?;
    let allowed = allowed.get();
    let mut dangers = ownership::dangers(changes);
    dangers.retain(|danger, _| !allowed.is_some_and(|allowed| allowed.contains(danger.as_str())));
    if let Some(paths) = dangers.remove(&Danger::ClusterId) {
        dangers = [(Danger::ClusterId, paths)].into();
    }
    let mut problems = Diagnostics::new();
    for (danger, paths) in dangers {
        let name = danger.as_str();
        problems.error_at(
            "allow_change",
            format!("TS-CHANGE-REFUSED: {node}: a live machine's {name} would change"),
            format!(
                "{}\n\nA running member may not survive this: it could leave its cluster or lose its data. If it is meant, add \
                 \"{name}\" to `allow_change`; otherwise put the value back.",
                lines(changes, &paths)
            ),
        );
    }
    if problems.has_errors() {
        Err(problems)
    } else {
        Ok(())
    }
}

/// The installer wipes the disk of the installation that runs: nobody can mean that, so nothing allows it.
fn refuse_wipe(node: &str, changes: &Changes) -> Result<(), Diagnostic> {
    let wipes = changes.differences().iter().any(|difference| {
        difference.document == "v1alpha1"
            && difference.path == "machine.install.wipe"
            && difference.new.as_deref() == Some("true")
    });
    if !wipes {
        return Ok(());
    }
    Err(Diagnostic::error(
        format!(
            "TS-WIPE-REFUSED: {node}: machine.install.wipe would be turned on for an installed machine"
        ),
        "The next upgrade would wipe its disk. Set `wipe = false`; to start a machine over, destroy it with `on_destroy.reset`. Where a patch that turned it off is \
         destroyed, `revert_on_destroy = false` leaves it off.",
    ))
}

fn lines(changes: &Changes, paths: &[String]) -> String {
    let summary = changes.summary();
    let lines = paths
        .iter()
        .map(|path| format!("{path}: {}", summary.get(path).map_or("", String::as_str)));
    lines.collect::<Vec<_>>().join("\n")
}

/// Paths that two sides want to be different, as errors that name both.
pub fn conflicts(
    node: &str,
    conflicts: &[Contradiction],
    ways_out: &str,
    problems: &mut Diagnostics,
) {
    for conflict in conflicts {
        let path = full_path(&conflict.document, &conflict.path);
        let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        problems.error_at(
            "on_conflict",
            format!("TS-CONFLICT: {node}: {path} was changed here and on the machine"),
            format!(
                "last applied: {}\ndesired:      {}\nlive:         {}\n\n{ways_out}",
                show(&conflict.before),
                show(&conflict.ours),
                show(&conflict.live)
            ),
        );
    }
}

/// The path with its document in front, which the main document does not need.
pub fn full_path(document: &str, path: &str) -> String {
    match (document, path) {
        ("v1alpha1", path) => path.to_owned(),
        (document, "") => document.to_owned(),
        (document, path) => format!("{document}.{path}"),
    }
}

/// What the machine does about the change under `mode`; an error where `mode` does not allow it.
pub fn effect(
    node: &str,
    changes: &Changes,
    mode: Mode,
    problems: &mut Diagnostics,
) -> &'static str {
    let effect = ownership::effect(changes);
    match (mode, effect) {
        (_, Effect::None) => "none",
        (Mode::Staged, _) => "staged",
        (Mode::Reboot, _) => "reboot",
        (Mode::NoReboot | Mode::Try, Effect::Reboot) => {
            problems.error_at(
                "mode",
                format!("TS-REBOOT-NEEDED: {node}: this change needs a reboot, which the mode forbids"),
                format!(
                    "{}\n\nSet `mode = \"auto\"` to let the machine reboot, or `mode = \"staged\"` to apply it at the next boot.",
                    changes.summary().into_iter().map(|(path, line)| format!("{path}: {line}")).collect::<Vec<_>>().join("\n")
                ),
            );
            "reboot"
        }
        (_, effect) => effect.as_str(),
    }
}

/// Whether the machine goes on in the boot that it is in.
pub fn keeps_boot(effect: &str) -> bool {
    effect == Effect::Live.as_str() || effect == Effect::ServiceRestart.as_str()
}

/// Digest of a configuration, keyed with the cluster's secret in it.
pub fn digest_of(config: &Config, text: &str) -> String {
    let secret = config
        .document("v1alpha1")
        .and_then(|document| document.body().get("cluster")?.get("secret"));
    digest::keyed(
        secret
            .and_then(|secret| secret.as_str())
            .unwrap_or_default(),
        text,
    )
}

/// A configuration as a machine holds it; `None` where it cannot be read.
pub fn parse(text: &str, line: Line) -> Option<Config> {
    Config::load(text, line).ok()
}

/// One line per path.
pub fn listing(map: &BTreeMap<String, String>) -> String {
    map.iter()
        .map(|(path, line)| format!("{path}: {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// `2 paths change, effect live`.
pub fn sentence(changes: &BTreeMap<String, String>, effect: &str) -> String {
    match changes.len() {
        1 => format!("1 path changes, effect {effect}"),
        count => format!("{count} paths change, effect {effect}"),
    }
}

/// A configuration that private state keeps; `None` where it keeps none or one that can no longer be read.
pub fn kept(packed: &str, line: Line) -> Option<Config> {
    if packed.is_empty() {
        return None;
    }
    Config::load(&config_text::unpack(packed).ok()?, line).ok()
}
