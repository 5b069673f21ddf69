//! What follows from a change, in the order in which it came to pass.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::proxmox::Effect;

/// Effects that nobody has seen to yet.
#[derive(Debug, Default)]
pub(super) struct Follow {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    effects: VecDeque<Effect>,
    /// Somebody sees to them already, and to those that come meanwhile.
    busy: bool,
}

impl Follow {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds effects; to be called while the state is held, so that their order is the state's.
    pub(super) fn add(&self, effects: Vec<Effect>) {
        self.lock().effects.extend(effects);
    }

    /// Sees to all effects, one after the other. A call from within leaves its own effects to
    /// the outer one.
    pub(super) fn drain(&self, see_to: impl Fn(Effect)) {
        if std::mem::replace(&mut self.lock().busy, true) {
            return;
        }
        loop {
            let next = {
                let mut queue = self.lock();
                let next = queue.effects.pop_front();
                queue.busy = next.is_some();
                next
            };
            match next {
                Some(effect) => see_to(effect),
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_of_effects_come_last() {
        let follow = Follow::default();
        let off = |vmid| Effect::PowerOff { vmid };
        follow.add(vec![off(1), off(2)]);
        let seen = Mutex::new(Vec::new());
        follow.drain(|effect| {
            if effect == off(1) {
                follow.add(vec![off(3)]);
                follow.drain(|_| panic!("the outer call sees to it"));
            }
            seen.lock().unwrap().push(effect);
        });
        assert_eq!(seen.into_inner().unwrap(), [off(1), off(2), off(3)]);
    }
}
