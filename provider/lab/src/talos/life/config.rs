//! Applying a configuration to a machine that has one: `ApplyConfiguration` of
//! `v1alpha1_server.go`, Talos 1.12.

use super::{Rack, Step};
use crate::talos::config::{Config, difference, needs_reboot};
use crate::talos::machine::{Key, Machine};

/// How it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApplyMode {
    Reboot,
    Auto,
    NoReboot,
    Staged,
    /// For so many milliseconds.
    Try(i64),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Apply {
    pub config: Config,
    pub mode: ApplyMode,
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The mode that took effect.
    pub mode: ApplyMode,
    /// A sentence for people.
    pub details: String,
}

const REBOOT: &str = "Applied configuration with a reboot";
const LIVE: &str = "Applied configuration without a reboot";
const STAGED: &str = "Staged configuration to be applied after the next reboot";

impl Rack {
    /// Applies a configuration that was checked.
    ///
    /// # Errors
    /// It needs a reboot, which the mode does not allow; in Talos' words.
    pub(crate) fn apply(&mut self, key: &Key, apply: &Apply) -> Result<Applied, String> {
        let Some(active) = self.machine(key).and_then(Machine::active).cloned() else {
            return Err("no current config".to_owned());
        };
        // Even a dry run ends a try, unless it is one.
        if !matches!(apply.mode, ApplyMode::Try(_))
            && let Some(run) = self.run_mut(key)
        {
            run.tried = None;
        }
        let reboot = needs_reboot(&active, &apply.config);
        let (mode, mut details) = match (apply.mode, reboot) {
            (ApplyMode::Try(_) | ApplyMode::NoReboot, Some(difference)) => return Err(difference),
            // A dry run does not say why.
            (ApplyMode::Auto, Some(_)) if apply.dry_run => (ApplyMode::Reboot, REBOOT.to_owned()),
            (ApplyMode::Auto, Some(why)) => (ApplyMode::Reboot, format!("{REBOOT}: {why}")),
            (ApplyMode::Auto, None) => (ApplyMode::NoReboot, LIVE.to_owned()),
            (ApplyMode::Reboot, _) => (ApplyMode::Reboot, REBOOT.to_owned()),
            (ApplyMode::Staged, _) => (ApplyMode::Staged, STAGED.to_owned()),
            (mode, None) => (mode, LIVE.to_owned()),
        };
        if apply.dry_run {
            let diff = match difference(&active, &apply.config) {
                same if same.is_empty() => "No changes.".to_owned(),
                diff => diff,
            };
            details = format!(
                "Dry run summary:\n{details} (skipped in dry-run).\nConfig diff:\n\n{diff}"
            );
            return Ok(Applied { mode, details });
        }
        match mode {
            ApplyMode::Try(milliseconds) => {
                self.put_to_the_test(key, active, milliseconds);
                self.put_in_force(key, &apply.config);
                let time = go_duration(milliseconds);
                details += &format!(
                    "\nThe config is applied in 'try' mode and will be automatically reverted back in {time}"
                );
            }
            ApplyMode::NoReboot | ApplyMode::Auto => {
                self.persist(key, &apply.config);
                self.put_in_force(key, &apply.config);
            }
            ApplyMode::Staged => self.persist(key, &apply.config),
            ApplyMode::Reboot => {
                self.persist(key, &apply.config);
                self.reboot(key, "", false);
            }
        }
        Ok(Applied { mode, details })
    }

    fn put_to_the_test(&mut self, key: &Key, active: Config, milliseconds: i64) {
        let number = self.number();
        if let Some(run) = self.run_mut(key) {
            run.tried = Some((number, active));
        }
        self.later(key, milliseconds, Step::TryOver(number));
    }

    pub(super) fn try_over(&mut self, key: &Key, number: u64) {
        let tried = self.run(key).and_then(|run| run.tried.clone());
        if let Some((_, config)) = tried.filter(|(own, _)| *own == number) {
            if let Some(run) = self.run_mut(key) {
                run.tried = None;
            }
            self.put_in_force(key, &config);
        }
    }

    fn put_in_force(&mut self, key: &Key, config: &Config) {
        if let Some(run) = self.run_mut(key) {
            run.active = Some(config.clone());
        }
        self.renew_network(key);
        self.renew_extensions(key);
    }
}

/// A duration as Go writes it: `1m0s`.
fn go_duration(milliseconds: i64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let fraction = match rest {
        0 => String::new(),
        rest => format!(".{rest:03}").trim_end_matches('0').to_owned(),
    };
    match (hours, minutes, seconds) {
        (0, 0, 0) if rest > 0 => format!("{rest}ms"),
        (0, 0, _) => format!("{seconds}{fraction}s"),
        (0, _, _) => format!("{minutes}m{seconds}{fraction}s"),
        _ => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        let texts = [60_000, 1_500, 500, 3_600_000, 0].map(go_duration);
        assert_eq!(texts, ["1m0s", "1.5s", "500ms", "1h0m0s", "0s"]);
    }
}
