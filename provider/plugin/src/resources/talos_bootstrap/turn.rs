//! Which control plane may be asked to be the first member, over several looks.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

/// How long everything must look the same after a bootstrap was asked for, or seen to be cut off: for a moment, one that goes
/// on looks as if there had been none.
const SETTLED: Duration = Duration::from_secs(5);

/// Where a bootstrap was asked for or cut off, only that control plane may be asked from then on: it may be on its way to an
/// etcd of its own.
#[derive(Default)]
pub struct Turn {
    first: Option<String>,
    cut_off: BTreeSet<String>,
    changed: Option<Instant>,
}

impl Turn {
    /// Whom to ask now; as an error, whom to wait for.
    pub fn of(
        &mut self,
        cut_off: BTreeSet<String>,
        target: &str,
        now: Instant,
    ) -> Result<String, String> {
        if cut_off != self.cut_off {
            self.changed = Some(now);
        }
        if self.first.is_none() {
            let stopped = cut_off.get(target).or(cut_off.first());
            self.first = stopped.cloned();
        }
        self.cut_off = cut_off;
        let first = self.first.as_deref().unwrap_or(target).to_owned();
        match self.changed {
            Some(since) if now.duration_since(since) < SETTLED => Err(first),
            _ => Ok(first),
        }
    }

    /// It was asked, and the answer does not say that nothing happened.
    pub fn asked(&mut self, target: &str, now: Instant) {
        self.first = Some(target.to_owned());
        self.changed = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn new_machines_are_asked_at_once() {
        let turn = Turn::default().of(names(&[]), "cp01", Instant::now());
        assert_eq!(turn.as_deref(), Ok("cp01"));
    }

    #[test]
    fn what_was_cut_off_is_asked_when_it_stays_so_and_nobody_else_is() {
        let began = Instant::now();
        let mut turn = Turn::default();
        let mut at = |seconds, cut_off: &[&str]| {
            turn.of(names(cut_off), "cp01", began + Duration::from_secs(seconds))
        };
        assert_eq!(at(0, &["cp02"]), Err("cp02".to_owned()));
        assert_eq!(at(3, &["cp02"]), Err("cp02".to_owned()));
        // It goes on: for a while it looks like a new one.
        assert_eq!(at(4, &[]), Err("cp02".to_owned()));
        assert_eq!(at(8, &[]), Err("cp02".to_owned()));
        assert_eq!(at(9, &[]), Ok("cp02".to_owned()));
    }

    #[test]
    fn whoever_was_asked_is_the_only_one() {
        let began = Instant::now();
        let mut turn = Turn::default();
        turn.asked("cp02", began);
        let mut at = |seconds| turn.of(names(&[]), "cp01", began + Duration::from_secs(seconds));
        assert_eq!(at(1), Err("cp02".to_owned()));
        assert_eq!(at(6), Ok("cp02".to_owned()));
    }
}
